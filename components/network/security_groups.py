"""The created VPC's security groups: what may talk to what."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.security_groups import CLUSTER, ENCRYPTED, Traffic
from components.stack import Stack

Id = pulumi.Output[str]

_HTTPS: dict[str, Any] = {"ip_protocol": "tcp", "from_port": 443, "to_port": 443}


def create(
    name: str, stack: Stack, vpc_id: Id, s3_prefix_list: Id, child: pulumi.ResourceOptions
) -> tuple[Id, Id]:
    """Create the groups of jobs and of endpoints with their rules, and return their ids.

    A new group has no rules: the provider takes away AWS's "everything out". Amazon's DNS, which
    no security group filters, is reached in any case. `s3_prefix_list` has S3's addresses, which
    the gateway endpoint routes. Without interface endpoints the jobs' group stands for theirs.
    """

    def group(kind: str, description: str) -> Id:
        return aws.ec2.SecurityGroup(
            f"{name}-{kind}",
            # Only a prefix: another description replaces a group, the new one before the old.
            name_prefix=f"{stack.prefix}-{kind}-",
            description=description,
            vpc_id=vpc_id,
            tags={"Name": f"{stack.prefix}-{kind}"},
            opts=child,
        ).id

    jobs = group("jobs", "Processing jobs: out to S3 and to the endpoints")
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-jobs-to-s3",
        security_group_id=jobs,
        prefix_list_id=s3_prefix_list,
        description="S3, by the gateway endpoint",
        opts=child,
        **_HTTPS,
    )
    if stack.settings.is_sharded:
        # What instances that share the input would tell each other is encrypted, too.
        for traffic in CLUSTER if stack.settings.has_cluster else ENCRYPTED:
            description = f"Between the instances of a job: {traffic.name}"
            way = {**_way(traffic), "description": description}
            _let_jobs_reach(name, f"jobs-{traffic.protocol}", (jobs, jobs), way, child)
    if not stack.settings.network.endpoints:
        return jobs, jobs
    endpoints = group("endpoints", "Interface endpoints: in from processing jobs")
    way = {**_HTTPS, "description": "Processing jobs to interface endpoints"}
    _let_jobs_reach(name, "endpoints", (jobs, endpoints), way, child)
    return jobs, endpoints


def _way(traffic: Traffic) -> dict[str, Any]:
    if not traffic.ports:
        return {"ip_protocol": traffic.protocol}
    first, last = traffic.ports
    return {"ip_protocol": traffic.protocol, "from_port": first, "to_port": last}


def _let_jobs_reach(
    name: str, kind: str, ends: tuple[Id, Id], way: dict[str, Any], child: pulumi.ResourceOptions
) -> None:
    jobs, other = ends
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-jobs-to-{kind}",
        security_group_id=jobs,
        referenced_security_group_id=other,
        opts=child,
        **way,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-{kind}-from-jobs",
        security_group_id=other,
        referenced_security_group_id=jobs,
        opts=child,
        **way,
    )
