"""A small AWS that only remembers, and refuses what AWS refuses.

Stricter than AWS where the API would overwrite in silence (`Put…`): two resources of a stack that
are one thing in AWS are a fault, and the first to be deleted takes it from the other.
"""

import ipaddress
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from tests.conftest import ACCOUNT, REGION
from tests.engine.provider import Refused
from tests.engine.values import parsed, strings

ROLE, BUCKET = "aws:iam/role:Role", "aws:s3/bucket:Bucket"
REPOSITORY = "aws:ecr/repository:Repository"
_VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_POLICY = "aws:iam/policy:Policy"
_ATTACHED = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_TABLE = "aws:dynamodb/table:Table"
_GROUP, _SCHEDULE = "aws:scheduler/scheduleGroup:ScheduleGroup", "aws:scheduler/schedule:Schedule"
_RULE, _FUNCTION = "aws:cloudwatch/eventRule:EventRule", "aws:lambda/function:Function"
_TOPIC, _QUEUE = "aws:sns/topic:Topic", "aws:sqs/queue:Queue"
_VPC, _SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
_ROUTES, _SECURITY_GROUP = "aws:ec2/routeTable:RouteTable", "aws:ec2/securityGroup:SecurityGroup"
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

_OF_THIS_ACCOUNT = rf"arn:aws:(s3::|[a-z]+:[a-z0-9-]*:{ACCOUNT}):[^*\s]+"

HOLDS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    # IAM DeleteRole
    ROLE: ("DeleteConflict", [("aws:iam/rolePolicy:RolePolicy", "role"), (_ATTACHED, "role")]),
    # IAM DeletePolicy: "you must first detach the policy from all users, groups, and roles", and a
    # boundary is one that roles have
    _POLICY: ("DeleteConflict", [(_ATTACHED, "policyArn"), (ROLE, "permissionsBoundary")]),
    # EventBridge DeleteRule: "Before you can delete the rule, you must remove all targets"
    _RULE: ("ValidationException", [("aws:cloudwatch/eventTarget:EventTarget", "rule")]),
    # EC2 DeleteVpc, DeleteSubnet, DeleteRouteTable, DeleteSecurityGroup
    _VPC: (
        "DependencyViolation",
        [(k, "vpcId") for k in (_SUBNET, _ROUTES, _SECURITY_GROUP, _ENDPOINT)],
    ),
    _SUBNET: ("DependencyViolation", [(_ENDPOINT, "subnetIds")]),
    _ROUTES: (
        "DependencyViolation",
        [("aws:ec2/routeTableAssociation:RouteTableAssociation", "routeTableId")],
    ),
    _SECURITY_GROUP: (
        "DependencyViolation",
        [
            (_ENDPOINT, "securityGroupIds"),
            (_EGRESS, "referencedSecurityGroupId"),
            (_INGRESS, "referencedSecurityGroupId"),
        ],
    ),
}
"""Kind -> AWS's error, and the kinds (with their input) that hold up its deletion."""

NEEDS: dict[str, list[tuple[str, str]]] = {
    "aws:iam/rolePolicy:RolePolicy": [("role", ROLE)],
    _ATTACHED: [("role", ROLE), ("policyArn", _POLICY)],
    "aws:cloudwatch/eventTarget:EventTarget": [("rule", _RULE)],
    "aws:lambda/permission:Permission": [("function", _FUNCTION)],
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": [("functionName", _FUNCTION)],
    _SCHEDULE: [("groupName", _GROUP)],
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": [("repository", REPOSITORY)],
    "aws:ecr/repositoryPolicy:RepositoryPolicy": [("repository", REPOSITORY)],
    "aws:sqs/queuePolicy:QueuePolicy": [("queueUrl", _QUEUE)],
    # S3 says that versioning must be enabled.
    **{kind: [("bucket", _VERSIONING)] for kind in (_LOCK, _REPLICATION)},
    "aws:kms/alias:Alias": [("targetKeyId", "aws:kms/key:Key")],
    _SUBNET: [("vpcId", _VPC)],
    _ROUTES: [("vpcId", _VPC)],
    _SECURITY_GROUP: [("vpcId", _VPC)],
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": [("vpcId", _VPC)],
    "aws:ec2/flowLog:FlowLog": [("vpcId", _VPC)],
    "aws:ec2/routeTableAssociation:RouteTableAssociation": [
        ("subnetId", _SUBNET),
        ("routeTableId", _ROUTES),
    ],
    _ENDPOINT: [
        ("vpcId", _VPC),
        ("subnetIds", _SUBNET),
        ("routeTableIds", _ROUTES),
        ("securityGroupIds", _SECURITY_GROUP),
    ],
    _EGRESS: [
        ("securityGroupId", _SECURITY_GROUP),
        ("referencedSecurityGroupId", _SECURITY_GROUP),
    ],
    _INGRESS: [
        ("securityGroupId", _SECURITY_GROUP),
        ("referencedSecurityGroupId", _SECURITY_GROUP),
    ],
}
"""Kind -> inputs that hold the id of something that must be there."""


@dataclass
class Made:
    """One resource that is there."""

    kind: str
    id: str
    name: str
    """Its logical name."""
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass
class Cloud:
    """One account in one region; stacks may share it. `lock` is held by whoever calls."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    made: dict[tuple[str, str], Made] = field(default_factory=dict[tuple[str, str], Made])
    """Kind and id -> resource."""
    outside: set[str] = field(default_factory=set[str])
    """ARNs of what others have made and a stack may name."""
    held: dict[str, str] = field(default_factory=dict[str, str])
    """Id -> what no stack has made and holds up its deletion, such as a job's interface."""
    images: dict[str, dict[str, set[str]]] = field(default_factory=dict[str, dict[str, set[str]]])
    """Repository -> digest -> tags, the oldest image first."""
    objects: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Bucket -> keys."""
    region: str = REGION
    other: "Cloud | None" = None
    """The account in another region."""

    def of(self, kind: str) -> list[Made]:
        return [each for each in self.made.values() if each.kind == kind]

    def create(self, new: Made) -> None:
        """Raises: Refused: what AWS refuses."""
        if (new.kind, new.id) in self.made or (
            new.kind == _SUBNET and any(_overlap(new, other) for other in self.of(_SUBNET))
        ):
            message = f"{_word(new.kind)}AlreadyExists: {new.id}, wanted by {new.name}"
            raise Refused(message)
        self._private_names_are_free(new)
        self.check_references(new)
        self.made[new.kind, new.id] = new
        if new.kind == REPOSITORY:
            self.images[new.id] = {}
        if new.kind == BUCKET:
            self.objects.setdefault(new.id, set())

    def update(self, new: Made) -> None:
        """Raises: Refused: it is gone, or names what is not there."""
        if (new.kind, new.id) not in self.made:
            message = f"{_word(new.kind)}NotFound: {new.id}"
            raise Refused(message)
        self.check_references(new)
        self.made[new.kind, new.id] = new

    def delete(self, kind: str, id_: str) -> None:
        """Raises: Refused: something holds it up."""
        row = self.made.get((kind, id_))
        if row is None:
            return  # the provider takes "not found" for done
        error, holders = HOLDS.get(kind, ("", []))
        if id_ in self.held:
            message = f"{error}: {row.name} ({id_}) is held by {self.held[id_]}"
            raise Refused(message)
        for other, key in holders:
            for each in self.of(other):
                if id_ in _listed(each.inputs.get(key)):
                    message = f"{error}: {row.name} ({id_}) is held by {each.name} ({each.id})"
                    raise Refused(message)
        self._is_empty(row)
        if kind == _GROUP:  # DeleteScheduleGroup deletes its schedules, too
            for each in self.of(_SCHEDULE):
                if each.inputs["groupName"] == id_:
                    del self.made[_SCHEDULE, each.id]
        self.images.pop(id_, None) if kind == REPOSITORY else None
        self.objects.pop(id_, None) if kind == BUCKET else None
        del self.made[kind, id_]

    def check_references(self, new: Made) -> None:
        """Raises: Refused: an input, or a policy's principal, names what is not there."""
        for key, kind in NEEDS.get(new.kind, []):
            for id_ in _listed(new.inputs.get(key)):
                if (kind, id_) not in self.made and id_ not in self.outside:
                    message = f"{_word(kind)}NotFound: {id_}, named by {new.name} as {key}"
                    raise Refused(message)
        everywhere = [*self.made.values(), *(self.other.made.values() if self.other else ())]
        if new.kind == _REPLICATION:
            self._destinations_take_replicas(new)
        there = {each.outputs.get("arn") for each in everywhere} | self.outside
        there.add(new.outputs.get("arn"))
        for arn in _named_arns(new.inputs):
            if arn not in there:
                message = f"NotFound: {arn}, named by {new.name}"
                raise Refused(message)

    def _destinations_take_replicas(self, new: Made) -> None:
        """Raises: Refused: what S3 says of PutBucketReplication."""
        for rule in new.inputs["rules"]:
            name = rule["destination"]["bucket"].rpartition(":")[2]
            if not (self.other and (BUCKET, name) in self.other.made):
                message = "InvalidRequest: Destination bucket must exist."
                raise Refused(message)
            if (_VERSIONING, name) not in self.other.made:
                message = "InvalidRequest: Destination bucket must have versioning enabled."
                raise Refused(message)

    def repositories(self) -> list[str]:
        return [each.id for each in self.of(REPOSITORY)]

    def images_of(self, repository: str) -> dict[str, set[str]]:
        """Raises: Refused: there is no such repository."""
        if repository not in self.images:
            message = f"RepositoryNotFoundException: {repository}"
            raise Refused(message)
        return self.images[repository]

    def push(self, repository: str, tag: str, digest: str) -> None:
        """Raises: Refused: the tag is taken, even by the same digest, and tags are immutable.

        https://github.com/aws/containers-roadmap/issues/2179
        """
        images = self.images_of(repository)
        taken = [found for found, tags in images.items() if tag in tags]
        mutability = self.made[REPOSITORY, repository].inputs["imageTagMutability"]
        if taken and mutability == "IMMUTABLE":
            message = (
                f"tag invalid: The image tag '{tag}' already exists in the '{repository}' "
                "repository and cannot be overwritten because the tag is immutable."
            )
            raise Refused(message)
        for found in taken:
            images[found].discard(tag)
        images.setdefault(digest, set()).add(tag)

    def _is_empty(self, row: Made) -> None:
        protected = row.kind == _TABLE and row.inputs.get("deletionProtectionEnabled")
        if protected:
            message = f"ValidationException: {row.id} is protected against deletion"
            raise Refused(message)
        if row.kind == REPOSITORY and self.images[row.id] and not row.inputs.get("forceDelete"):
            message = f"RepositoryNotEmptyException: ECR Repository ({row.id}) not empty"
            raise Refused(message)
        if row.kind == BUCKET and self.objects[row.id] and not row.inputs.get("forceDestroy"):
            message = f"BucketNotEmpty: {row.id}"
            raise Refused(message)

    def _private_names_are_free(self, new: Made) -> None:
        if new.kind == _ENDPOINT and new.inputs.get("privateDnsEnabled"):
            for other in self.of(_ENDPOINT):
                same = [other.inputs[key] == new.inputs[key] for key in ("vpcId", "serviceName")]
                if all(same) and other.inputs.get("privateDnsEnabled"):
                    message = (
                        "InvalidParameter: private-dns-enabled cannot be set because there is "
                        f"already a conflicting DNS domain for {new.inputs['serviceName']}"
                    )
                    raise Refused(message)


def _named_arns(inputs: dict[str, Any]) -> Iterator[str]:
    """Yield ARNs of this account that AWS looks up: whole values, and principals of policies."""
    for text in strings(inputs):
        document = parsed(text)
        if isinstance(document, dict):
            for statement in cast("dict[str, Any]", document).get("Statement", []):
                if isinstance(statement.get("Principal"), dict):
                    yield from _roles(_listed(statement["Principal"].get("AWS")))
        elif re.fullmatch(_OF_THIS_ACCOUNT, text):
            yield text


def _roles(principals: list[str]) -> Iterator[str]:
    for each in principals:
        if ":role/" in each and "*" not in each:
            yield each


def _overlap(new: Made, other: Made) -> bool:
    blocks = [ipaddress.ip_network(each.inputs["cidrBlock"]) for each in (new, other)]
    return new.inputs["vpcId"] == other.inputs["vpcId"] and blocks[0].overlaps(blocks[1])


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return cast("list[str]", value) if isinstance(value, list) else [value]


def _word(kind: str) -> str:
    return kind.rpartition(":")[2]
