"""How each of the program's lookups (Pulumi's invokes) is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.resources import Resources

State = dict[str, Any]


def _identity(local: Resources, _: State) -> State:
    return {"accountId": local.aws.client("sts").get_caller_identity()["Account"]}


def _partition(_: Resources, _inputs: State) -> State:
    return {"partition": "aws"}


def _registry_login(_: Resources, _inputs: State) -> State:
    return {"userName": "AWS", "password": "of-the-embedded-aws"}


def _zones(local: Resources, inputs: State) -> State:
    filters = [{"Name": each["name"], "Values": each["values"]} for each in inputs["filters"]]
    filters.append({"Name": "state", "Values": [inputs["state"]]})
    found = local.aws.client("ec2").describe_availability_zones(Filters=filters)
    return {"names": [zone["ZoneName"] for zone in found["AvailabilityZones"]]}


def _endpoint_service(local: Resources, inputs: State) -> State:
    """Return what AWS offers under an endpoint's name, as the provider finds it."""
    name = f"com.amazonaws.{local.aws.region}.{inputs['service']}"
    kind = {"ServiceType": inputs["serviceType"]}
    answer = local.aws.client("ec2").describe_vpc_endpoint_services(ServiceNames=[name])
    found = [each for each in answer["ServiceDetails"] if kind in each["ServiceType"]]
    if len(found) != 1:
        raise ValueError(f"{len(found)} matching EC2 VPC Endpoint Services found")
    return {
        "serviceName": name,
        "availabilityZones": found[0]["AvailabilityZones"],
        "privateDnsName": found[0].get("PrivateDnsName", ""),
        "vpcEndpointPolicySupported": found[0]["VpcEndpointPolicySupported"],
    }


ANSWERS: dict[str, Callable[[Resources, State], State]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": _endpoint_service,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _registry_login,
}
"""Function token -> answers such an invoke."""
