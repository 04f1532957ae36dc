"""The created VPC's endpoints: the only ways out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components.aws import endpoint_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Service = aws.ec2.AwaitableGetVpcEndpointServiceResult


class EndpointError(pulumi.RunError):
    """The region has no such endpoint."""


def look_up(name: str, kind: str, region: str, parent: pulumi.Resource) -> Service:
    """Return what AWS offers under an endpoint's name.

    Args:
        name: as in com.amazonaws.<region>.<name>.
        kind: Interface or Gateway.
        region: the stack's, for the error.
        parent: the component, whose provider is asked.

    Raises:
        EndpointError: nothing, or AWS cannot be asked; names the key, and the right name.
    """
    try:
        return aws.ec2.get_vpc_endpoint_service(
            service=name, service_type=kind, opts=pulumi.InvokeOptions(parent=parent)
        )
    except Exception as error:
        right = endpoint_names.of_service(name)
        hint = f" (that of {name} is called {right})" if right != name else ""
        raise EndpointError(
            f"network.endpoints: {name} is no {kind.lower()} endpoint that {region} has{hint}; "
            f"change it, or leave it out: {error}"
        ) from error


def gateway(  # noqa: PLR0913 - each is one thing that it depends on
    name: str,
    service: Service,
    *,
    table: aws.ec2.RouteTable,
    policy: Mapping[str, Any],
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> aws.ec2.VpcEndpoint:
    """Create a gateway endpoint, which is a route in `table`, and costs nothing."""
    return aws.ec2.VpcEndpoint(
        name,
        vpc_id=table.vpc_id,
        service_name=service.service_name,
        vpc_endpoint_type="Gateway",
        route_table_ids=[table.id],
        policy=pulumi.Output.json_dumps(policy),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def interface(  # noqa: PLR0913 - each is one thing that it depends on
    name: str,
    service: Service,
    *,
    subnets: Sequence[aws.ec2.Subnet],
    group: pulumi.Input[str],
    policy: Mapping[str, Any],
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> aws.ec2.VpcEndpoint:
    """Create an interface endpoint with an address in each of `subnets`."""
    return aws.ec2.VpcEndpoint(
        name,
        vpc_id=subnets[0].vpc_id,
        service_name=service.service_name,
        vpc_endpoint_type="Interface",
        subnet_ids=[each.id for each in subnets],
        security_group_ids=[group],
        # A few services have no private name, or take no policy: AWS refuses both there.
        private_dns_enabled=bool(service.private_dns_name),
        policy=pulumi.Output.json_dumps(policy) if service.vpc_endpoint_policy_supported else None,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
