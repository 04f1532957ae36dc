"""What the local SageMaker refuses of a CreateProcessingJob that AWS's own model allows.

That is what the launcher could do wrong beyond the model, and what cannot be played, by name. Where
AWS's behaviour is not documented the rule here is the stricter one.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Any

from components.aws.instance_types import largest_volume, takes_volume_key
from local.aws.endpoint import LocalAws

_Request = dict[str, Any]

_LOCAL_ROOT = "/opt/ml/processing/"
_S3_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+"
    r"(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
_NOT_PLAYED = "is not played by the local SageMaker"
_JOB = (
    *("ProcessingJobName", "RoleArn", "AppSpecification", "ProcessingResources", "Environment"),
    *("ProcessingInputs", "ProcessingOutputConfig", "StoppingCondition", "NetworkConfig", "Tags"),
)
_CLUSTER = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
_S3 = ("S3Uri", "LocalPath", "S3DataType", "S3InputMode", "S3DataDistributionType", "S3UploadMode")
_ONLY = {"S3DataType": "S3Prefix", "S3InputMode": "File", "S3UploadMode": "EndOfJob"}


def vpc_of(aws: LocalAws, id_: str) -> str | None:
    """Return the VPC of a subnet or security group; None if there is none such."""
    ec2 = aws.client("ec2")
    if id_.startswith("subnet-"):
        wanted = [{"Name": "subnet-id", "Values": [id_]}]
        found = ec2.describe_subnets(Filters=wanted)["Subnets"]
    else:
        wanted = [{"Name": "group-id", "Values": [id_]}]
        found = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    return found[0]["VpcId"] if found else None


def job_refusals(request: _Request, aws: LocalAws) -> list[str]:
    """Return what is wrong with a request that is valid by the service's model."""
    return [
        *_members("The request", request, _JOB),
        *_cluster(request["ProcessingResources"]["ClusterConfig"]),
        *_application(request["AppSpecification"], aws.region),
        *_data("Input", request.get("ProcessingInputs", [])),
        *_data("Output", request.get("ProcessingOutputConfig", {}).get("Outputs", [])),
        *_network(request.get("NetworkConfig", {}), aws),
    ]


def _members(where: str, value: _Request, played: Iterable[str]) -> Iterator[str]:
    for name in sorted(value.keys() - set(played)):
        yield f"{where}: {name} {_NOT_PLAYED}"


def _cluster(cluster: _Request) -> Iterator[str]:
    yield from _members("ClusterConfig", cluster, _CLUSTER)
    for key in ("InstanceType", "InstanceCount"):
        if key not in cluster:
            yield f"ClusterConfig.{key} is required"
    kind = cluster.get("InstanceType")
    if kind and "VolumeKmsKeyId" in cluster and not takes_volume_key(kind):
        yield (
            f"VolumeKmsKeyId is not allowed with {kind}, whose volume is a local disk with a "
            "hardware key; leave it out"
        )
    if kind and cluster["VolumeSizeInGB"] > (most := largest_volume(kind)):
        yield f"VolumeSizeInGB {cluster['VolumeSizeInGB']} is more than the {most} GB of {kind}"


def _application(application: _Request, region: str) -> Iterator[str]:
    if "ContainerEntrypoint" not in application:
        yield f"AppSpecification: the image's own entry point {_NOT_PLAYED}; name one"
    uri: str = application["ImageUri"]
    matched = _IMAGE.fullmatch(uri)
    if not matched:
        yield f"ImageUri '{uri}' is not an Amazon ECR path (repository, and a tag or a digest)"
    elif matched.group(1) != region:
        yield f"Invalid region '{matched.group(1)}' in image URI '{uri}'; the job is in {region}"


def _data(kind: str, listed: list[_Request]) -> Iterator[str]:
    """Yield what is wrong with the inputs or outputs; `kind` is Input or Output."""
    for each in listed:
        where = f"{kind} '{each[f'{kind}Name']}'"
        yield from _members(where, each, (f"{kind}Name", f"S3{kind}"))
        place = each.get(f"S3{kind}")
        if place is None:
            yield f"{where} needs an S3{kind}"
            continue
        yield from _members(where, place, _S3)
        if not _S3_URI.fullmatch(place["S3Uri"]):
            yield f"{where}: S3Uri '{place['S3Uri']}' must have the form s3://bucket/prefix"
        for key, only in _ONLY.items():
            if place.get(key, only) != only:
                yield f"{where}: {key} {place[key]} {_NOT_PLAYED}; use {only}"
        path = place.get("LocalPath", "")
        plain = path.rstrip("/")
        if not plain.startswith(_LOCAL_ROOT) or posixpath.normpath(plain) != plain:
            yield f"{where}: LocalPath '{path}' must be a plain path under {_LOCAL_ROOT}"


def _network(network: _Request, aws: LocalAws) -> Iterator[str]:
    config = network.get("VpcConfig", {})
    # What is in a VPC or behind its endpoints is not on this machine: its jobs run without either.
    if not config and not network.get("EnableNetworkIsolation"):
        yield f"NetworkConfig: a network that is neither isolated nor a VPC {_NOT_PLAYED}"
    ids = (*config.get("Subnets", []), *config.get("SecurityGroupIds", []))
    vpcs = {each: vpc_of(aws, each) for each in ids}
    for each in ids:
        if vpcs[each] is None:
            yield f"VpcConfig: there is no {each}"
    if len({*vpcs.values()} - {None}) > 1:
        yield "VpcConfig: all subnets and security groups must be of one VPC"
