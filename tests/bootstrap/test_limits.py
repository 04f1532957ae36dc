"""What CI can not do: raise itself, reach another stack, or lose what a stack keeps."""

import json
from typing import Any

import pytest

from bootstrap.policies import boundary, deploying, kinds, network, reading, testing
from local.aws.iam.evaluate import Access, Identity, Policies, parse, refusal
from tests.bootstrap.account import BOOTSTRAP, ROOT_DECIDES, policies, program, refused, stack
from tests.conftest import ACCOUNT, PROJECT, REGION
from tests.security import reference
from tests.security.patterns import overlap
from tests.security.policies import actions

IAM = f"arn:aws:iam::{ACCOUNT}"
OWN_ROLE = f"{IAM}:role/processing-dev-{REGION}-job"
BOUNDARY = f"{IAM}:policy/sagemaker-processing-ci/processing-dev-{REGION}-boundary"
STATE = f"arn:aws:s3:::pulumi-state-{ACCOUNT}-{REGION}/.pulumi"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"
OTHERS = [("data", "data-x"), ("data", "datax"), ("data-x", "data"), ("data", "x-data")]
BOUNDED = ["CreateRole", "PutRolePolicy", "DeleteRolePolicy", "PutRolePermissionsBoundary"]
SEEN_OF_ALL = {"SeeAlarms", "SeeVpcs", "Interfaces", "FindLogs"}
"""What a stack may see of the account, and what its roles share with all."""


class TestRaisingItself:
    @pytest.mark.parametrize("action", BOUNDED)
    def test_a_role_is_made_and_changed_with_the_boundary_only(self, action: str) -> None:
        with_boundary = {"iam:PermissionsBoundary": BOUNDARY}
        other = {"iam:PermissionsBoundary": f"{IAM}:policy/other"}
        assert refused("dev-deploy", f"iam:{action}", OWN_ROLE, with_boundary) is None
        assert refused("dev-deploy", f"iam:{action}", OWN_ROLE, other)
        assert refused("dev-deploy", f"iam:{action}", OWN_ROLE)

    def test_nothing_of_ci_itself_can_be_changed(self) -> None:
        """Not its roles, whatever their trust and policies, and no boundary."""
        own = [
            f"{IAM}:{kind}{each['path']}{each['name']}"
            for kind in ("role", "policy")
            for each in program().inputs(f"aws:iam/{kind}:{kind.title()}").values()
        ]
        provider = f"{IAM}:oidc-provider/token.actions.githubusercontent.com"
        changed = {
            (action, arn)
            for policy in policies().values()
            for statement in policy
            for action in actions(statement)
            if action.startswith("iam:")
            for arn in [*own, provider]
            if any(overlap(pattern, arn) for pattern in statement["Resource"])
        }
        assert len(own) == 25
        assert changed == set()

    def test_no_boundary_is_taken_away_and_no_managed_policy_is_attached(self) -> None:
        given = {action for each in policies().values() for one in each for action in actions(one)}
        of_iam = {each for each in given if each.startswith(("iam:", "sts:"))}
        only = (
            *("DeleteRole", "PassRole", "TagRole", "UntagRole", "UpdateAssumeRolePolicy"),
            *("CreateServiceLinkedRole", "UpdateRole", "UpdateRoleDescription", *BOUNDED),
        )
        written = {each for each in of_iam if reference.access_level(each) not in ("Read", "List")}
        assert written == {f"iam:{each}" for each in only}

    def test_a_role_is_passed_only_to_the_services_that_run_the_stack(self) -> None:
        def passed(service: str) -> str | None:
            return refused("dev-deploy", "iam:PassRole", OWN_ROLE, {"iam:PassedToService": service})

        assert passed("lambda.amazonaws.com") is None
        for service in ("ec2", "sagemaker", "codebuild", "cloudformation"):
            assert passed(f"{service}.amazonaws.com")

    def test_of_the_roles_that_services_have_only_the_chats_is_made(self) -> None:
        def made(service: str) -> str | None:
            role = f"{IAM}:role/aws-service-role/{service}/AWSServiceRoleForAWSChatbot"
            return refused(
                "dev-deploy", "iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": service}
            )

        assert made("management.chatbot.amazonaws.com") is None
        assert made("autoscaling.amazonaws.com")

    def test_the_boundary_limits_whatever_a_role_is_allowed(self) -> None:
        everything = parse(
            json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
                }
            )
        )
        limits = tuple(policies()["dev-boundary"])

        def at_most(action: str, resource: str, **context: str) -> bool:
            who = Identity(OWN_ROLE, "job")
            access = Access(action, resource, {"iam:PassedToService": "", **context})
            return refusal(access, who, Policies(everything, limits)) is None

        own = f"arn:aws:s3:::processing-dev-output-{ACCOUNT}-{REGION}/output/a"
        assert at_most("s3:PutObject", own)
        for action, resource in {
            "iam:CreateUser": f"{IAM}:user/me",
            "iam:PutRolePolicy": OWN_ROLE,
            "sts:AssumeRole": f"{IAM}:role/admin",
            "s3:GetObject": f"{STATE}/stacks/{PROJECT}/prod.json",
            "s3:PutObject": f"arn:aws:s3:::processing-prod-output-{ACCOUNT}-{REGION}/a",
            "lambda:UpdateFunctionCode": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other",
            "iam:PassRole": f"{IAM}:role/admin",
        }.items():
            assert not at_most(action, resource), action


class TestOtherStacks:
    @pytest.mark.parametrize(("one", "other"), OTHERS)
    def test_no_name_of_a_stack_is_another_stacks(self, one: str, other: str) -> None:
        def named(prefix: str) -> list[dict[str, Any]]:
            own = stack(prefix, prefix)
            return [
                *(each for part in (reading, deploying) for each in part.of_kinds(own)),
                *(each for part in (reading, deploying, network) for each in part.statements(own)),
                *boundary.statements(own),
            ]

        theirs = {arn for kind in kinds.of(stack(other)) for arn in kind.arns}
        reached = {
            (statement["Sid"], arn)
            for statement in named(one)
            if "*" not in statement["Resource"] and statement["Sid"] not in SEEN_OF_ALL
            for pattern in statement["Resource"]
            for arn in [*theirs, *({stack(other).roles} if ":iam:" in pattern else ())]
            if overlap(pattern, arn)
        }
        assert reached == set()

    def test_what_has_no_name_of_the_programs_is_known_by_the_stacks_tags(self) -> None:
        seen = {"Interfaces", "UseInterfaces", "SeeVpcs", "SeeNetworks", "KeyThere"}
        for name, policy in policies().items():
            tagged = {"Project": PROJECT, "Stack": name.partition("-")[0]}
            for each in policy:
                if each["Effect"] == "Allow" and each["Sid"] not in seen:
                    wide = [arn for arn in each["Resource"] if _is_any(arn)]
                    tests = json.dumps(each.get("Condition", {}))
                    for tag, value in tagged.items():
                        assert not wide or f'Tag/{tag}": "{value}"' in tests, each["Sid"]

    def test_a_state_is_read_and_kept_by_its_stack_alone(self) -> None:
        for role in ("dev-deploy", "dev-preview"):
            for file in (f"stacks/{PROJECT}/dev.json", "meta.yaml"):
                assert refused(role, "s3:GetObject", f"{STATE}/{file}") is None
        own = ("stacks/{}dev.json.bak", "history/{}dev/1", "locks/organization/{}dev/1.json")
        for file in own:
            path = f"{STATE}/{file.format(f'{PROJECT}/')}"
            assert refused("dev-deploy", "s3:PutObject", path) is None
            assert refused("dev-preview", "s3:PutObject", path)
            assert refused("prod-deploy", "s3:GetObject", path)
        for file in ("meta.yaml", f"stacks/{BOOTSTRAP}/example.json"):
            assert refused("dev-deploy", "s3:PutObject", f"{STATE}/{file}")

    def test_a_secret_is_decrypted_for_its_stack_alone(self) -> None:
        dev, prod = ({"kms:EncryptionContext:stack": each} for each in ("dev", "prod"))
        assert refused("dev-preview", "kms:Decrypt", KEY, dev) is None
        assert refused("dev-deploy", "kms:Decrypt", KEY, prod)
        assert refused("prod-preview", "kms:Decrypt", KEY, dev)
        assert refused("dev-deploy", "kms:Decrypt", KEY)

    def test_no_key_or_group_of_others_is_claimed_by_tags(self) -> None:
        ours = {"aws:RequestTag/Project": PROJECT, "aws:RequestTag/Stack": "dev"}
        theirs = {
            "aws:ResourceTag/Project": PROJECT,
            "aws:ResourceTag/Stack": "prod",
        }
        aliased = {"kms:ResourceAliases": "alias/theirs"}
        group = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1"
        assert refused("dev-deploy", "kms:TagResource", KEY, ours) is None
        assert refused("dev-deploy", "kms:TagResource", KEY, ours | aliased)
        assert refused("dev-deploy", "kms:TagResource", KEY, ours | theirs)
        assert refused("dev-deploy", "ec2:CreateTags", group, ours) is None
        assert refused("dev-deploy", "ec2:CreateTags", group, ours | theirs)
        assert refused("dev-deploy", "ec2:CreateTags", group, ours | {"aws:ResourceTag/Name": "x"})

    def test_a_test_has_queues_of_its_own_and_the_places_of_its_slots(self) -> None:
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:processing-{{}}--acceptance-20260105T020000Z"
        bucket = f"arn:aws:s3:::processing-dev-input-{ACCOUNT}-{REGION}"
        for action in ("CreateQueue", "DeleteQueue", "GetQueueUrl", "ReceiveMessage"):
            assert refused("dev-deploy", f"sqs:{action}", queue.format("dev")) is None
            assert refused("dev-deploy", f"sqs:{action}", queue.format("prod"))
            assert refused("prod-deploy", f"sqs:{action}", queue.format("prod"))
        for place in ("canary/20260105T020000Z/part.csv", "input/2000/01/05/data.csv"):
            assert refused("dev-deploy", "s3:PutObject", f"{bucket}/{place}") is None
        assert refused("dev-deploy", "s3:GetObject", f"{bucket}/input/2026/01/05/data.csv")


class TestPairs:
    """A stack and its pilot light: in the boundary what a pair shares, and nothing else of it."""

    @pytest.mark.parametrize(
        ("name", "here", "there"),
        [("prod", REGION, "eu-west-1"), ("standby", "eu-west-1", REGION)],
    )
    def test_a_role_reaches_replicas_and_the_switch_of_its_pair_alone(
        self, name: str, here: str, there: str
    ) -> None:
        def at_most(action: str, resource: str, **context: str) -> bool:
            limits = tuple(policies()[f"{name}-boundary"])
            who = Identity(f"{IAM}:role/processing-prod-{here}-replication", "s3")
            access = Access(action, resource, context)
            return refusal(access, who, Policies(limits, limits, ROOT_DECIDES)) is None

        bucket = "arn:aws:s3:::processing-{}-output-" + ACCOUNT + "-{}/output/a"
        table = "arn:aws:dynamodb:{}:" + ACCOUNT + ":table/processing-{}-journal"
        assert at_most("s3:GetObjectVersionForReplication", bucket.format("prod", here))
        assert at_most("s3:ReplicateObject", bucket.format("prod", there))
        assert at_most("dynamodb:GetItem", table.format(there, "prod"))
        for action, resource in {
            "s3:GetObject": bucket.format("prod", there),
            "s3:PutObject": bucket.format("prod", there),
            "s3:ReplicateDelete": bucket.format("prod", there),
            "s3:ReplicateObject": bucket.format("dev", there),
            "s3:ReplicateTags": bucket.format("prod", here),
            "dynamodb:UpdateItem": table.format(there, "prod"),
            "dynamodb:GetItem": table.format(there, "dev"),
        }.items():
            assert not at_most(action, resource), action

        key = f"arn:aws:kms:{there}:{ACCOUNT}:key/1234abcd"
        aliases = {"prod": "alias/processing-prod", "dev": "alias/processing-dev"}
        assert at_most("kms:Encrypt", key, **{"kms:ResourceAliases": aliases["prod"]})
        assert not at_most("kms:Encrypt", key, **{"kms:ResourceAliases": aliases["dev"]})

    def test_only_a_deploy_role_of_a_pair_sets_replication_and_hands_s3_a_role(self) -> None:
        role = f"{IAM}:role/processing-{{}}-{{}}-replication"
        bucket = f"arn:aws:s3:::processing-{{}}-output-{ACCOUNT}-{{}}"
        to_s3 = {"iam:PassedToService": "s3.amazonaws.com"}
        for name, stack_, region, is_pair in (
            ("prod", "prod", REGION, True),
            ("standby", "prod", "eu-west-1", True),
            ("dev", "dev", REGION, False),
        ):
            own = bucket.format(stack_, region)
            set_, passed = (
                refused(f"{name}-deploy", "s3:PutReplicationConfiguration", own),
                refused(f"{name}-deploy", "iam:PassRole", role.format(stack_, region), to_s3),
            )
            assert (set_ is None, passed is None) == (is_pair, is_pair)
        other = bucket.format("prod", "eu-west-1")
        assert refused("prod-deploy", "s3:PutReplicationConfiguration", other)

    def test_a_pilot_light_pulls_copies_of_images_and_pushes_and_deletes_none(self) -> None:
        copies = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/processing-dev"
        own = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/processing-prod"
        assert refused("standby-deploy", "ecr:DescribeImages", copies) is None
        [jobs] = [each for each in policies()["standby-boundary"] if each["Sid"] == "Jobs"]
        assert {copies, own} <= set(jobs["Resource"])
        for action in ("PutImage", "CreateRepository", "DeleteRepository", "SetRepositoryPolicy"):
            for arn in (copies, own):
                assert refused("standby-deploy", f"ecr:{action}", arn)
        home = stack("p", "prod").settings
        light = stack("p", "west", other=home, recovery_of="prod", data="destroy")
        allowed = [*deploying.of_kinds(light), *deploying.statements(light)]
        assert not [name for each in allowed for name in each["Action"] if "ecr:" in name]


class TestData:
    def test_data_are_deleted_only_where_the_stack_says_so(self) -> None:
        for action, resource in {
            "s3:DeleteBucket": "s3:::processing-{}-output-" + f"{ACCOUNT}-{REGION}",
            "s3:DeleteObjectVersion": "s3:::processing-{}-output-" + f"{ACCOUNT}-{REGION}/a",
            "dynamodb:DeleteTable": f"dynamodb:{REGION}:{ACCOUNT}:table/processing-{{}}-journal",
            "ecr:DeleteRepository": f"ecr:{REGION}:{ACCOUNT}:repository/processing-{{}}",
        }.items():
            arn = f"arn:aws:{resource}"
            assert refused("dev-deploy", action, arn.format("dev")) is None
            assert "explicit deny" in str(refused("prod-deploy", action, arn.format("prod")))
        assert "explicit deny" in str(refused("prod-deploy", "kms:ScheduleKeyDeletion", KEY))

    def test_a_tested_stack_that_keeps_its_data_can_clear_up_after_its_test(self) -> None:
        own = stack("p", tested=True)
        [never] = [each for each in deploying.statements(own) if each["Effect"] == "Deny"]
        tested = {action for each in testing.statements(own) for action in each["Action"]}
        assert not tested & set(never["Action"])


def _is_any(arn: str) -> bool:
    """Return whether a resource means all of its kind in the account."""
    return arn.startswith(("arn:aws:kms:", "arn:aws:ec2:")) and arn.endswith("/*")
