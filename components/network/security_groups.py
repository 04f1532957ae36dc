"""The created VPC's security groups: what may talk to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from components.settings import Settings

_HTTPS = 443


class Groups(NamedTuple):
    """The ids of the groups."""

    jobs: pulumi.Output[str]
    endpoints: pulumi.Output[str]
    """The jobs' own where there are no interface endpoints."""


def create(
    name: str,
    vpc_id: pulumi.Input[str],
    s3_prefix_list: pulumi.Input[str],
    settings: Settings,
    parent: pulumi.Resource,
) -> Groups:
    """Create the groups of jobs and of endpoints with their rules, and empty the default one.

    A new group has no rules: the provider takes away AWS's "everything out". Amazon's DNS, which
    no security group filters, is reached in any case.

    `s3_prefix_list` has the addresses of S3 in this region, which the gateway endpoint routes.
    """
    child = pulumi.ResourceOptions(parent=parent)
    # Whatever is put into the VPC without a group of its own gets this one.
    aws.ec2.DefaultSecurityGroup(
        f"{name}-default",
        vpc_id=vpc_id,
        ingress=[],
        egress=[],
        tags={"Name": f"{settings.prefix}-default-nothing"},
        opts=child,
    )
    make = _Maker(name, vpc_id, settings.prefix, child)
    jobs = make.group("jobs", "Processing jobs: out to S3 and to the endpoints")
    make.way_out_to_s3(jobs, s3_prefix_list)
    if settings.job.instance_count > 1:
        # All protocols, among them UDP 500 and ESP (protocol 50), in which it is encrypted:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/train-encrypt.html
        make.way(("jobs", jobs), ("jobs", jobs), "Between the instances of a job, encrypted", None)
    if not settings.network.endpoints:
        return Groups(jobs.id, jobs.id)
    endpoints = make.group("endpoints", "Interface endpoints: in from processing jobs")
    description = "Processing jobs to interface endpoints"
    make.way(("jobs", jobs), ("endpoints", endpoints), description, _HTTPS)
    return Groups(jobs.id, endpoints.id)


class _Maker(NamedTuple):
    """Makes the groups of one VPC, and the ways between them."""

    name: str
    vpc_id: pulumi.Input[str]
    prefix: str
    child: pulumi.ResourceOptions

    def group(self, kind: str, description: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            f"{self.name}-{kind}",
            # Only a prefix: another description replaces a group, the new one before the old.
            name_prefix=f"{self.prefix}-{kind}-",
            description=description,
            vpc_id=self.vpc_id,
            tags={"Name": f"{self.prefix}-{kind}"},
            opts=self.child,
        )

    def way_out_to_s3(self, jobs: aws.ec2.SecurityGroup, s3_prefix_list: pulumi.Input[str]) -> None:
        aws.vpc.SecurityGroupEgressRule(
            f"{self.name}-jobs-to-s3",
            security_group_id=jobs.id,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            prefix_list_id=s3_prefix_list,
            description="S3, by the gateway endpoint",
            opts=self.child,
        )

    def way(
        self,
        source: tuple[str, aws.ec2.SecurityGroup],
        target: tuple[str, aws.ec2.SecurityGroup],
        description: str,
        port: int | None,
    ) -> None:
        """Let one group talk to another, by TCP to a port; None: in all protocols."""
        (source_kind, source_group), (target_kind, target_group) = source, target
        protocol = "tcp" if port else "-1"
        aws.vpc.SecurityGroupEgressRule(
            f"{self.name}-{source_kind}-to-{target_kind}",
            security_group_id=source_group.id,
            referenced_security_group_id=target_group.id,
            ip_protocol=protocol,
            from_port=port,
            to_port=port,
            description=description,
            opts=self.child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self.name}-{target_kind}-from-{source_kind}",
            security_group_id=target_group.id,
            referenced_security_group_id=source_group.id,
            ip_protocol=protocol,
            from_port=port,
            to_port=port,
            description=description,
            opts=self.child,
        )
