"""The created VPC's security groups: what may talk to what."""

from typing import NamedTuple

import pulumi
import pulumi_aws as aws

from components.settings import Settings

_HTTPS = 443


class Groups(NamedTuple):
    """The ids of the groups."""

    jobs: pulumi.Output[str]
    endpoints: pulumi.Output[str]
    """The jobs' own where there are no interface endpoints."""


class _Group(NamedTuple):
    kind: str
    id: pulumi.Output[str]


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
        make.way(jobs, jobs, "Between the instances of a job, encrypted", port=None)
    if not settings.network.endpoints:
        return Groups(jobs.id, jobs.id)
    endpoints = make.group("endpoints", "Interface endpoints: in from processing jobs")
    make.way(jobs, endpoints, "Processing jobs to interface endpoints", port=_HTTPS)
    return Groups(jobs.id, endpoints.id)


class _Maker(NamedTuple):
    """Makes the groups of one VPC, and the ways between them."""

    name: str
    vpc_id: pulumi.Input[str]
    prefix: str
    child: pulumi.ResourceOptions

    def group(self, kind: str, description: str) -> _Group:
        group = aws.ec2.SecurityGroup(
            f"{self.name}-{kind}",
            # Only a prefix: another description replaces a group, the new one before the old.
            name_prefix=f"{self.prefix}-{kind}-",
            description=description,
            vpc_id=self.vpc_id,
            tags={"Name": f"{self.prefix}-{kind}"},
            opts=self.child,
        )
        return _Group(kind, group.id)

    def way_out_to_s3(self, jobs: _Group, s3_prefix_list: pulumi.Input[str]) -> None:
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

    def way(self, source: _Group, target: _Group, description: str, *, port: int | None) -> None:
        """Let one group talk to another, by TCP to a port; None: in all protocols."""
        protocol = "tcp" if port else "-1"
        aws.vpc.SecurityGroupEgressRule(
            f"{self.name}-{source.kind}-to-{target.kind}",
            security_group_id=source.id,
            referenced_security_group_id=target.id,
            ip_protocol=protocol,
            from_port=port,
            to_port=port,
            description=description,
            opts=self.child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self.name}-{target.kind}-from-{source.kind}",
            security_group_id=target.id,
            referenced_security_group_id=source.id,
            ip_protocol=protocol,
            from_port=port,
            to_port=port,
            description=description,
            opts=self.child,
        )
