"""What the AWS provider's functions answer; one that is not here is refused."""

from collections.abc import Callable
from typing import Any

from tests.conftest import ACCOUNT, REGION, ZONES
from tests.engine import schema
from tests.engine.aws_cloud import Cloud
from tests.engine.provider import Refused

VPC = "vpc-0123456789abcdef0"
PASSWORD = "ecr-password"


def answer(cloud: Cloud, token: str, args: dict[str, Any]) -> dict[str, Any]:
    """Return a function's result.

    Raises:
        Refused: there is no such function or argument, or AWS refuses.
    """
    if token not in _ANSWERS:
        message = f"the stand-in has no function {token}"
        raise Refused(message)
    parameters, results = schema.function(token)
    given = {key: value for key, value in args.items() if value is not None}
    found = {"id": "1", "region": REGION, **given, **_ANSWERS[token](cloud, given)}
    found = {key: value for key, value in found.items() if key in results}
    if unknown := given.keys() - parameters:
        message = f"{token} takes no {', '.join(sorted(unknown))}"
        raise Refused(message)
    return found


def _identity(_: Cloud, __: dict[str, Any]) -> dict[str, Any]:
    return {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:user/me", "userId": "AIDA"}


def _partition(_: Cloud, __: dict[str, Any]) -> dict[str, Any]:
    return {"partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def _authorization(_: Cloud, __: dict[str, Any]) -> dict[str, Any]:
    return {
        "authorizationToken": "QVdTOmVjci1wYXNzd29yZA==",
        "expiresAt": "2026-01-01T12:00:00Z",
        "password": PASSWORD,
        "proxyEndpoint": f"https://{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
        "userName": "AWS",
    }


def _zones(_: Cloud, __: dict[str, Any]) -> dict[str, Any]:
    return {"groupNames": [REGION], "names": ZONES, "zoneIds": ["euc1-az2", "euc1-az3", "euc1-az1"]}


def _endpoint_service(_: Cloud, args: dict[str, Any]) -> dict[str, Any]:
    service = args["service"]
    gateway = args["serviceType"] == "Gateway"
    return {
        "availabilityZones": ZONES,
        "owner": "amazon",
        "privateDnsName": "" if gateway else f"{service}.{REGION}.amazonaws.com",
        "serviceName": f"com.amazonaws.{REGION}.{service}",
        "vpcEndpointPolicySupported": True,
    }


def _subnet(_: Cloud, __: dict[str, Any]) -> dict[str, Any]:
    return {"vpcId": VPC, "ownerId": ACCOUNT, "cidrBlock": "10.0.0.0/24"}


def _group(_: Cloud, args: dict[str, Any]) -> dict[str, Any]:
    return {"arn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{args['id']}", "vpcId": VPC}


def _group_rules(_: Cloud, args: dict[str, Any]) -> dict[str, Any]:
    [of_groups] = args["filters"]
    ids = [f"sgr-{way}-{each}" for each in of_groups["values"] for way in ("in", "out")]
    return {"ids": ids}


def _group_rule(_: Cloud, args: dict[str, Any]) -> dict[str, Any]:
    """Tell of a rule that lets all traffic through between a group's members."""
    _, way, group = args["securityGroupRuleId"].split("-", 2)
    ports = {"fromPort": -1, "toPort": -1}
    among = {"referencedSecurityGroupId": group, "securityGroupId": group, "cidrIpv4": ""}
    return {"isEgress": way == "out", "ipProtocol": "-1", **ports, **among}


def _vpc(_: Cloud, __: dict[str, Any]) -> dict[str, Any]:
    return {"dhcpOptionsId": "dopt-0123456789abcdef0", "enableDnsSupport": True}


def _dhcp_options(_: Cloud, __: dict[str, Any]) -> dict[str, Any]:
    return {
        "domainName": f"{REGION}.compute.internal",
        "domainNameServers": ["AmazonProvidedDNS"],
    }


def _oidc_provider(cloud: Cloud, args: dict[str, Any]) -> dict[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{args['url'].removeprefix('https://')}"
    if arn not in cloud.outside:
        message = f"NoSuchEntity: {arn}"
        raise Refused(message)
    return {"arn": arn, "clientIdLists": ["sts.amazonaws.com"], "thumbprintLists": []}


_ANSWERS: dict[str, Callable[[Cloud, dict[str, Any]], dict[str, Any]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": lambda _, __: {"name": REGION, "id": REGION},
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": _oidc_provider,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _authorization,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getVpcDhcpOptions:getVpcDhcpOptions": _dhcp_options,
    "aws:ec2/getSecurityGroup:getSecurityGroup": _group,
    "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": _group_rules,
    "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": _group_rule,
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": _endpoint_service,
}
