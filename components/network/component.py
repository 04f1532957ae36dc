"""Network: where the jobs run, by `network.mode`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import pulumi
import pulumi_aws as aws

from components import names
from components.network import existing, security_groups
from components.network.subnets import choose_zones, subnet_blocks
from components.policies import vpc as policies
from components.policies.vpc import VpcPlacement
from components.role import create_role
from components.stack import Stack
from components.storage import Storage

Service = aws.ec2.AwaitableGetVpcEndpointServiceResult


class Network(pulumi.ComponentResource):
    """Where the jobs run: in no VPC, in subnets that exist, or in a VPC of the stack's own.

    Creates, for mode `vpc` only: a VPC that leads to this stack's buckets and to the named
    services, and nowhere else, a private subnet in each of `network.zones`, one route table, the
    gateway endpoint of S3 for this stack's buckets, an interface endpoint for each of
    `network.endpoints`, the security groups of jobs and endpoints, the default security group
    without rules, and encrypted flow logs with their role.

    Never creates an internet gateway or a NAT gateway.

    Raises:
        RunError: jobs cannot run in the subnets that exist, or the region has too few zones or
            not the endpoints that the settings name.
    """

    placement: VpcPlacement | None
    """Where in a VPC the jobs run; None: in none. It leads out once the component is ready."""

    def __init__(self, name: str, stack: Stack, *, storage: Storage) -> None:
        super().__init__("sagemaker-processing:network:Network", name, None, stack.opts)
        self._name, self._stack = name, stack
        self._child = pulumi.ResourceOptions(parent=self)
        match stack.settings.network.mode:
            case "isolated":
                self.placement = None
            case "existing":
                self.placement = existing.placement(stack.settings, stack.account, self)
            case "vpc":
                self.placement = self._own_vpc(storage)
        self.register_outputs({})

    def _own_vpc(self, storage: Storage) -> VpcPlacement:
        stack, name = self._stack, self._name
        endpoints = stack.settings.network.endpoints
        services = {each: self._service(each, "Interface") for each in endpoints}
        zones = self._zones(services.values())
        vpc = self._vpc(zones)
        table = aws.ec2.RouteTable(
            f"{name}-routes", vpc_id=vpc.id, tags=self._tags("routes"), opts=self._child
        )
        subnets = [self._subnet(n, table, *zone) for n, zone in enumerate(zones.items(), 1)]
        # A route in the table, which costs nothing.
        s3 = aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=self._service("s3", "Gateway").service_name,
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id],
            policy=pulumi.Output.json_dumps(policies.buckets_only(stack.account, storage.data)),
            tags=self._tags("s3"),
            opts=self._child,
        )
        jobs, theirs = security_groups.create(name, stack, vpc.id, s3.prefix_list_id, self._child)
        for each, service in services.items():
            self._interface(each, service, subnets, theirs)
        self._flow_logs(vpc.id)
        return VpcPlacement([each.id for each in subnets], [jobs], stack.account.id)

    def _vpc(self, zones: Mapping[str, str]) -> aws.ec2.Vpc:
        # Private DNS names of endpoints need both. SageMaker takes shared hardware only:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html
        vpc = aws.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=self._stack.settings.network.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            instance_tenancy="default",
            tags=self._tags("vpc"),
            # Subnets are replaced by new ones before the old are gone, with which their blocks
            # would collide. In a VPC of their own they do not.
            opts=pulumi.ResourceOptions(
                parent=self, replacement_trigger=[list(each) for each in zones.items()]
            ),
        )
        # Whatever is put into the VPC without a group of its own gets this one.
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=self._tags("default-nothing"),
            opts=self._child,
        )
        return vpc

    def _interface(
        self,
        name: str,
        service: Service,
        subnets: Sequence[aws.ec2.Subnet],
        group: pulumi.Input[str],
    ) -> None:
        """Create a service's endpoint with an address in each of `subnets`."""
        policy = pulumi.Output.json_dumps(policies.account_only(self._stack.account))
        aws.ec2.VpcEndpoint(
            f"{self._name}-endpoint-{name}",
            vpc_id=subnets[0].vpc_id,
            service_name=service.service_name,
            vpc_endpoint_type="Interface",
            subnet_ids=[each.id for each in subnets],
            security_group_ids=[group],
            # A few services have no private name, or take no policy: AWS refuses both there.
            private_dns_enabled=bool(service.private_dns_name),
            policy=policy if service.vpc_endpoint_policy_supported else None,
            tags=self._tags(name),
            opts=self._child,
        )

    def _service(self, name: str, kind: Literal["Gateway", "Interface"]) -> Service:
        """Return what AWS offers as com.amazonaws.<region>.<name>."""
        try:
            return aws.ec2.get_vpc_endpoint_service(
                service=name, service_type=kind, opts=pulumi.InvokeOptions(parent=self)
            )
        except Exception as error:  # Pulumi's invokes raise nothing narrower
            raise pulumi.RunError(
                f"network.endpoints: {name} is no {kind.lower()} endpoint that "
                f"{self._stack.account.region} has: {error}; to list the names: "
                "aws ec2 describe-vpc-endpoint-services --query ServiceNames"
            ) from error

    def _zones(self, services: Iterable[Service]) -> dict[str, str]:
        """Return the zones of the subnets, and the block of each."""
        settings, region = self._stack.settings.network, self._stack.account.region
        # Without local zones: SageMaker is not in them.
        try:
            found = aws.get_availability_zones(
                state="available",
                filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
                opts=pulumi.InvokeOptions(parent=self),
            )
        except Exception as error:  # Pulumi's invokes raise nothing narrower
            raise pulumi.RunError(f"AWS does not say which zones {region} has\n{error}") from error
        offered = [found.names, *(each.availability_zones for each in services)]
        return subnet_blocks(settings.cidr, choose_zones(region, settings.zones, offered))

    def _subnet(
        self, number: int, table: aws.ec2.RouteTable, zone: str, block: str
    ) -> aws.ec2.Subnet:
        subnet = aws.ec2.Subnet(
            f"{self._name}-private-{number}",
            vpc_id=table.vpc_id,
            availability_zone=zone,
            cidr_block=block,
            map_public_ip_on_launch=False,
            tags=self._tags(f"private-{zone}"),
            opts=self._child,
        )
        aws.ec2.RouteTableAssociation(
            f"{self._name}-private-{number}-routes",
            subnet_id=subnet.id,
            route_table_id=table.id,
            opts=self._child,
        )
        return subnet

    def _flow_logs(self, vpc_id: pulumi.Input[str]) -> None:
        """Log who talked to whom, into an encrypted group."""
        stack, name = self._stack, f"{self._name}-flow-logs"
        group = aws.cloudwatch.LogGroup(
            name,
            name=names.flow_logs(stack.prefix),
            retention_in_days=stack.settings.retention.log_days,
            kms_key_id=stack.key_arn,
            opts=self._child,
        )
        role = create_role(
            name,
            stack,
            self,
            service="vpc-flow-logs",
            source_arn=stack.account.arn("ec2", "vpc-flow-log/*"),
            allowed=policies.flow_logs(group.arn),
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=self._tags("flow-logs"),
            # Without its permissions the first delivery would fail, and with it the flow log.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role.policy]),
        )

    def _tags(self, part: str) -> dict[str, str]:
        return {"Name": f"{self._stack.prefix}-{part}"}
