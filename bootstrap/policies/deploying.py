"""What a deployment writes: the kinds of resources of the program, under the stack's names only."""

from bootstrap.policies import kinds
from bootstrap.policies.conditions import adopted, calls, of_own, when_created
from bootstrap.stack import Stack
from components.policies.statements import Statement, allow

_PASSED_TO = ("chatbot", "lambda", "scheduler", "vpc-flow-logs")
"""Services that a deployment hands a role to; SageMaker gets its one from the launcher."""
_ALIAS = "CreateAlias DeleteAlias UpdateAlias"
_KEEP_KEY = (
    "DisableKey DisableKeyRotation EnableKey EnableKeyRotation PutKeyPolicy TagResource "
    f"UntagResource UpdateKeyDescription {_ALIAS}"
)
_LEND_KEY = (
    "CreateGrant Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom "
    "ReEncryptTo RetireGrant RevokeGrant"
)
"""What DynamoDB's guide lets through it in a key's policy, and what ECR's asks for."""
_BOUNDED = "CreateRole DeleteRolePolicy PutRolePermissionsBoundary PutRolePolicy"
_CHATBOT = "management.chatbot.amazonaws.com"
_CHATS = "CreateMicrosoftTeamsChannelConfiguration CreateSlackChannelConfiguration"
_ROLES = (
    "DeleteRole ListInstanceProfilesForRole TagRole UntagRole UpdateAssumeRolePolicy UpdateRole "
    "UpdateRoleDescription"
)


def of_kinds(stack: Stack) -> list[Statement]:
    """Return what creates, changes and deletes the resources of the stack's own names."""
    return [
        allow(f"Keep{each.name}", calls(each.service, each.keep), each.arns)
        for each in kinds.of(stack)
        # A pilot light's images are copies, which come by themselves.
        if not (stack.is_pilot_light and each.name == "Images")
    ]


def statements(stack: Stack) -> list[Statement]:
    """Return what else a deployment does: the stack's key, its roles, and the end of its data."""
    ends = _data(stack)
    if stack.settings.data == "keep":
        ends = [_never(stack, ends)]
    # "*": the actions know no resource. What a chat may do is its role's, and a guardrail.
    chats = allow("CreateChats", calls("chatbot", _CHATS), ["*"], when_created(stack))
    # Of the account, made with its first chat: by it the service subscribes to topics.
    role = f"role/aws-service-role/{_CHATBOT}/AWSServiceRoleForAWSChatbot"
    first = allow(
        "CreateFirstChat",
        ["iam:CreateServiceLinkedRole"],
        [stack.globally("iam", role)],
        {"StringEquals": {"iam:AWSServiceName": _CHATBOT}},
    )
    replicated = allow("Replicate", ["s3:PutReplicationConfiguration"], stack.buckets)
    return [
        *_key(stack),
        *_roles(stack),
        *([replicated] if stack.other else ()),
        chats,
        first,
        *ends,
    ]


def _key(stack: Stack) -> list[Statement]:
    keys, own, alias = stack.arns("kms", "key/*"), of_own(stack), f"alias/{stack.prefix}"
    return [
        # "*": a key that does not exist yet has no ARN.
        allow("CreateKey", ["kms:CreateKey"], ["*"], when_created(stack)),
        # KMS asks for it when a key is created with tags, of no particular key. A key in use has an
        # alias, or the tags of a stack, and cannot be claimed by this.
        allow("TagNewKey", ["kms:TagResource"], keys, adopted(stack, "kms:ResourceAliases")),
        allow("KeepKey", calls("kms", _KEEP_KEY), keys, own),
        allow("KeepAlias", calls("kms", _ALIAS), stack.arns("kms", alias)),
        # Lambda, ECR, DynamoDB and EventBridge Scheduler use it in the name of who deploys.
        allow("LendKey", calls("kms", _LEND_KEY), keys, own),
    ]


def _roles(stack: Stack) -> list[Statement]:
    """Return what keeps roles that can never do more than the boundary."""
    bounded = {"ArnEquals": {"iam:PermissionsBoundary": stack.boundary_arn}}
    services = [*_PASSED_TO, *(["s3"] if stack.other else ())]
    passed = {
        "StringEquals": {"iam:PassedToService": [f"{each}.amazonaws.com" for each in services]}
    }
    return [
        allow("KeepBoundedRoles", calls("iam", _BOUNDED), [stack.roles], bounded),
        # None of these adds a permission, and only some of them know the condition.
        allow("KeepRoles", calls("iam", _ROLES), [stack.roles]),
        allow("PassRoles", ["iam:PassRole"], [stack.roles], passed),
    ]


def _data(stack: Stack) -> list[Statement]:
    """Return what deletes data: with `data: keep` a person does it."""
    arns = {each.name: each.arns for each in kinds.of(stack)}
    end_images = allow("EndImages", ["ecr:DeleteRepository"], arns["Images"])
    return [
        allow("EndKey", ["kms:ScheduleKeyDeletion"], stack.arns("kms", "key/*"), of_own(stack)),
        allow("EndJournal", ["dynamodb:DeleteTable"], arns["Journal"]),
        *([] if stack.is_pilot_light else [end_images]),
        allow("EndBuckets", calls("s3", "DeleteBucket ListBucketVersions"), stack.buckets),
        allow(
            "EndObjects",
            # Of what is locked, too: with `data: keep` nobody but a person may.
            calls("s3", "BypassGovernanceRetention DeleteObject DeleteObjectVersion"),
            [f"{each}/*" for each in stack.buckets],
        ),
    ]


def _never(stack: Stack, ends: list[Statement]) -> Statement:
    """Deny what deletes data: who writes a bucket's or key's policy could let itself in by that."""
    denied = [each for each in ends if each["Sid"] != "EndObjects" or not stack.settings.tested]
    return {
        "Sid": "NeverEndData",
        "Effect": "Deny",
        "Action": [name for each in denied for name in each["Action"] if ":List" not in name],
        "Resource": [arn for each in denied for arn in each["Resource"]],
    }
