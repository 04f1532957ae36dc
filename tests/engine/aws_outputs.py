"""What AWS and the provider add to a new resource: its id and computed outputs."""

import secrets
from collections.abc import Callable
from typing import Any

from tests.conftest import ACCOUNT, REGION

Computed = tuple[str, dict[str, Any]]

_ALIKE: dict[str, tuple[str, dict[str, Any]]] = {
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("repository", {"registryId": ACCOUNT}),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("repository", {"registryId": ACCOUNT}),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": (
        "region",
        {"registryId": ACCOUNT},
    ),
    "aws:sns/topicPolicy:TopicPolicy": ("arn", {"owner": ACCOUNT}),
    "aws:lambda/permission:Permission": ("statementId", {}),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ("functionName", {}),
    "aws:sqs/queuePolicy:QueuePolicy": ("queueUrl", {}),
}
"""Kind -> the input that is its id, and what is computed."""


def arn(service: str, resource: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def computed(kind: str, inputs: dict[str, Any]) -> Computed:
    """Return the id and the computed outputs of a resource that is made of these inputs."""
    if kind in _ALIKE:
        key, outputs = _ALIKE[kind]
        return inputs[key], outputs
    if kind.startswith("aws:s3/") and kind != "aws:s3/bucket:Bucket":
        return inputs["bucket"], {}
    if kind.startswith(("aws:ec2/", "aws:vpc/")):
        return _in_vpc(kind, inputs)
    return _MAKERS[kind](inputs)


def _key(_: dict[str, Any]) -> Computed:
    key = _digits(32)
    return key, {"arn": arn("kms", f"key/{key}"), "keyId": key, "rotationPeriodInDays": 365}


def _alias(inputs: dict[str, Any]) -> Computed:
    name, target = inputs["name"], inputs["targetKeyId"]
    return name, {"arn": arn("kms", name), "targetKeyArn": arn("kms", f"key/{target}")}


def _bucket(inputs: dict[str, Any]) -> Computed:
    name = inputs["bucket"]
    return name, {
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegion": REGION,
        "bucketRegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com",
        "hostedZoneId": "Z21DNDUVLTQW6Q",
    }


def _repository(inputs: dict[str, Any]) -> Computed:
    name = inputs["name"]
    return name, {
        "arn": arn("ecr", f"repository/{name}"),
        "registryId": ACCOUNT,
        "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}",
    }


def _topic(inputs: dict[str, Any]) -> Computed:
    own = arn("sns", inputs["name"])
    return own, {"arn": own, "owner": ACCOUNT, "beginningArchiveTime": ""}


def _subscription(inputs: dict[str, Any]) -> Computed:
    own = f"{inputs['topic']}:{_digits(12)}"
    return own, {
        "arn": own,
        "confirmationWasAuthenticated": False,
        "ownerId": ACCOUNT,
        "pendingConfirmation": True,
    }


def _queue(inputs: dict[str, Any]) -> Computed:
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{inputs['name']}"
    return url, {"arn": arn("sqs", inputs["name"]), "url": url}


def _role(inputs: dict[str, Any]) -> Computed:
    own = arn("iam", f"role{inputs.get('path', '/')}{inputs['name']}", region="")
    return inputs["name"], {
        "arn": own,
        "createDate": "2026-01-01T00:00:00Z",
        "uniqueId": f"AROA{_digits(16).upper()}",
    }


def _policy(inputs: dict[str, Any]) -> Computed:
    own = arn("iam", f"policy{inputs['path']}{inputs['name']}", region="")
    return own, {"arn": own, "policyId": f"ANPA{_digits(16).upper()}", "attachmentCount": 0}


def _oidc_provider(inputs: dict[str, Any]) -> Computed:
    own = arn("iam", f"oidc-provider/{inputs['url'].removeprefix('https://')}", region="")
    return own, {"arn": own, "thumbprintLists": []}


def _function(inputs: dict[str, Any]) -> Computed:
    own = arn("lambda", f"function:{inputs['name']}")
    path = f"lambda:path/2015-03-31/functions/{own}/invocations"
    return inputs["name"], {
        "arn": own,
        "invokeArn": arn("apigateway", path, account=""),
        "lastModified": "2026-01-01T00:00:00Z",
        "qualifiedArn": f"{own}:$LATEST",
        "sourceCodeSize": 1,
        "version": "$LATEST",
    }


def _group(inputs: dict[str, Any]) -> Computed:
    own = arn("scheduler", f"schedule-group/{inputs['name']}")
    return inputs["name"], {"arn": own, "state": "ACTIVE", "creationDate": ""}


def _schedule(inputs: dict[str, Any]) -> Computed:
    id_ = f"{inputs['groupName']}/{inputs['name']}"
    return id_, {"arn": arn("scheduler", f"schedule/{id_}")}


def _dashboard(inputs: dict[str, Any]) -> Computed:
    name = inputs["dashboardName"]
    return name, {"dashboardArn": arn("cloudwatch", f"dashboard/{name}", region="")}


def _channel(kind: str, **names: str) -> Callable[[dict[str, Any]], Computed]:
    def made(inputs: dict[str, Any]) -> Computed:
        of = f"chat-configuration/{kind}/{inputs['configurationName']}"
        own = arn("chatbot", of, region="")
        return own, {"chatConfigurationArn": own, "loggingLevel": "NONE", **names}

    return made


def _named(service: str, resource: str) -> Callable[[dict[str, Any]], Computed]:
    """Return the maker of a resource whose id is its name."""
    return lambda inputs: (inputs["name"], {"arn": arn(service, f"{resource}{inputs['name']}")})


_MAKERS: dict[str, Callable[[dict[str, Any]], Computed]] = {
    "aws:kms/key:Key": _key,
    "aws:kms/alias:Alias": _alias,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:dynamodb/table:Table": _named("dynamodb", "table/"),
    "aws:ecr/repository:Repository": _repository,
    "aws:sns/topic:Topic": _topic,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": _channel(
        "slack-channel", slackChannelName="alerts", slackTeamName="team"
    ),
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration": _channel(
        "microsoft-teams-channel", channelName="alerts", teamName="team"
    ),
    "aws:cloudwatch/eventRule:EventRule": _named("events", "rule/"),
    "aws:cloudwatch/eventTarget:EventTarget": lambda i: (f"{i['rule']}-{i['targetId']}", {}),
    "aws:sqs/queue:Queue": _queue,
    "aws:iam/role:Role": _role,
    "aws:iam/policy:Policy": _policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": lambda i: (
        f"{i['role']}/{i['policyArn']}",
        {},
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _oidc_provider,
    "aws:iam/rolePolicy:RolePolicy": lambda i: (f"{i['role']}:{i['name']}", {}),
    "aws:cloudwatch/logGroup:LogGroup": _named("logs", "log-group:"),
    "aws:lambda/function:Function": _function,
    "aws:scheduler/scheduleGroup:ScheduleGroup": _group,
    "aws:scheduler/schedule:Schedule": _schedule,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _named("cloudwatch", "alarm:"),
    "aws:cloudwatch/dashboard:Dashboard": _dashboard,
}

_IN_VPC = {
    "aws:ec2/vpc:Vpc": ("vpc", "vpc"),
    "aws:ec2/subnet:Subnet": ("subnet", "subnet"),
    "aws:ec2/routeTable:RouteTable": ("rtb", "route-table"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("rtbassoc", ""),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("vpce", "vpc-endpoint"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("sg", "security-group"),
    "aws:ec2/securityGroup:SecurityGroup": ("sg", "security-group"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("sgr", "security-group-rule"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("sgr", "security-group-rule"),
    "aws:ec2/flowLog:FlowLog": ("fl", "vpc-flow-log"),
}
"""Kind -> how ids begin, and the resource's word in ARNs."""


def _in_vpc(kind: str, inputs: dict[str, Any]) -> Computed:
    begins, word = _IN_VPC[kind]
    id_ = f"{begins}-{_digits(17)}"
    outputs: dict[str, Any] = {"arn": arn("ec2", f"{word}/{id_}")} if word else {}
    if begins not in ("rtbassoc", "sgr", "fl"):
        outputs["ownerId"] = ACCOUNT
    if begins == "sgr":
        outputs["securityGroupRuleId"] = id_
    if begins == "vpc":
        outputs |= {
            "defaultNetworkAclId": f"acl-{_digits(17)}",
            "defaultRouteTableId": f"rtb-{_digits(17)}",
            "defaultSecurityGroupId": f"sg-{_digits(17)}",
            "dhcpOptionsId": f"dopt-{_digits(17)}",
            "mainRouteTableId": f"rtb-{_digits(17)}",
        }
    if begins == "vpce":
        outputs |= {
            "cidrBlocks": [],
            "dnsEntries": [],
            "networkInterfaceIds": [f"eni-{_digits(17)}" for _ in inputs.get("subnetIds", [])],
            "state": "available",
        }
        if inputs.get("vpcEndpointType") == "Gateway":
            outputs["prefixListId"] = "pl-6ea54007"
    return id_, outputs


def _digits(count: int) -> str:
    return secrets.token_hex(count)[:count]
