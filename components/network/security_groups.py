"""The created VPC's security groups: what may talk to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pulumi
import pulumi_aws as aws

from components import names

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

    Args:
        name: begins the logical names.
        vpc_id: of the VPC.
        s3_prefix_list: addresses of S3 in this region, which the gateway endpoint routes.
        settings: the stack's.
        parent: the component that they belong to.
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

    def group(kind: str, description: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            f"{name}-{kind}",
            name_prefix=names.security_group(settings.prefix, kind),
            description=description,
            vpc_id=vpc_id,
            tags={"Name": f"{settings.prefix}-{kind}"},
            opts=child,
        )

    jobs = group("jobs", "Processing jobs: out to S3 and to the endpoints")
    _let_out_to_s3(f"{name}-jobs-to-s3", jobs, s3_prefix_list, child)
    if settings.job.instance_count > 1:
        # All protocols, among them UDP 500 and ESP (protocol 50), in which it is encrypted:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/train-encrypt.html
        among = _Way("jobs", "jobs", "Between the instances of a job, encrypted", None)
        _open(name, among, jobs, jobs, child)
    if not settings.network.endpoints:
        return Groups(jobs.id, jobs.id)
    endpoints = group("endpoints", "Interface endpoints: in from processing jobs")
    out = _Way("jobs", "endpoints", "Processing jobs to interface endpoints", _HTTPS)
    _open(name, out, jobs, endpoints, child)
    return Groups(jobs.id, endpoints.id)


def _let_out_to_s3(
    name: str,
    jobs: aws.ec2.SecurityGroup,
    s3_prefix_list: pulumi.Input[str],
    child: pulumi.ResourceOptions,
) -> None:
    aws.vpc.SecurityGroupEgressRule(
        name,
        security_group_id=jobs.id,
        ip_protocol="tcp",
        from_port=_HTTPS,
        to_port=_HTTPS,
        prefix_list_id=s3_prefix_list,
        description="S3, by the gateway endpoint",
        opts=child,
    )


class _Way(NamedTuple):
    source: str
    target: str
    description: str
    port: int | None
    """None: all protocols."""


def _open(
    name: str,
    way: _Way,
    source: aws.ec2.SecurityGroup,
    target: aws.ec2.SecurityGroup,
    child: pulumi.ResourceOptions,
) -> None:
    """Let one group talk to another: out of the one, and into the other."""
    protocol = "tcp" if way.port else "-1"
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-{way.source}-to-{way.target}",
        security_group_id=source.id,
        referenced_security_group_id=target.id,
        ip_protocol=protocol,
        from_port=way.port,
        to_port=way.port,
        description=way.description,
        opts=child,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-{way.target}-from-{way.source}",
        security_group_id=target.id,
        referenced_security_group_id=source.id,
        ip_protocol=protocol,
        from_port=way.port,
        to_port=way.port,
        description=way.description,
        opts=child,
    )
