"""What the local SageMaker refuses of a request for a job that AWS's own model allows.

That is what the launcher could do wrong beyond the model, and what cannot be played, by name. Where
AWS's behaviour is not documented the rule here is the stricter one.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Any

from components.aws.instance_types import largest_volume, takes_volume_key
from local.aws.endpoint import LocalAws
from local.aws.sagemaker.job import kind_of

_Request = dict[str, Any]

_LOCAL_ROOT = "/opt/ml/processing/"
_S3_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+"
    r"(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
_NOT_PLAYED = "is not played by the local SageMaker"
_PROCESSING_JOB = (
    *("ProcessingJobName", "RoleArn", "AppSpecification", "ProcessingResources", "Environment"),
    *("ProcessingInputs", "ProcessingOutputConfig", "StoppingCondition", "NetworkConfig", "Tags"),
)
_TRAINING_JOB = (
    *("TrainingJobName", "RoleArn", "AlgorithmSpecification", "Environment", "InputDataConfig"),
    *("OutputDataConfig", "ResourceConfig", "StoppingCondition", "EnableManagedSpotTraining"),
    *("CheckpointConfig", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption"),
    *("VpcConfig", "Tags"),
)
_ALGORITHM = ("TrainingImage", "TrainingInputMode", "ContainerEntrypoint", "ContainerArguments")
_STOPPING = ("MaxRuntimeInSeconds", "MaxWaitTimeInSeconds")
_CLUSTER = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
_S3 = ("S3Uri", "LocalPath", "S3DataType", "S3InputMode", "S3DataDistributionType", "S3UploadMode")
_ONLY = {"S3DataType": "S3Prefix", "S3InputMode": "File", "S3UploadMode": "EndOfJob"}
_CHANNEL = ("S3DataType", "S3Uri", "S3DataDistributionType")


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
    found = _training(request, aws) if kind_of(request) == "Training" else _processing(request, aws)
    return list(found)


def _processing(request: _Request, aws: LocalAws) -> Iterator[str]:
    yield from _members("The request", request, _PROCESSING_JOB)
    yield from _cluster("ClusterConfig", request["ProcessingResources"]["ClusterConfig"])
    yield from _application("AppSpecification", request["AppSpecification"], "ImageUri", aws.region)
    yield from _data("Input", request.get("ProcessingInputs", []))
    yield from _data("Output", request.get("ProcessingOutputConfig", {}).get("Outputs", []))
    yield from _network("NetworkConfig: a", request.get("NetworkConfig", {}), aws)


def _training(request: _Request, aws: LocalAws) -> Iterator[str]:
    yield from _members("The request", request, _TRAINING_JOB)
    parts = ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
    if missing := [name for name in parts if name not in request]:
        yield f"{', '.join(missing)}: required for a job that is not serverless"
        return
    algorithm, cluster, stopping = (request[name] for name in parts)
    yield from _members("AlgorithmSpecification", algorithm, _ALGORITHM)
    yield from _only("AlgorithmSpecification", algorithm, TrainingInputMode="File")
    yield from _application("AlgorithmSpecification", algorithm, "TrainingImage", aws.region)
    yield from _cluster("ResourceConfig", cluster)
    yield from _only("ResourceConfig", cluster, InstanceCount=1)
    yield from _spot(request, stopping)
    for channel in request.get("InputDataConfig", []):
        yield from _channel(f"Channel '{channel['ChannelName']}'", channel)
    output, kept = request["OutputDataConfig"], request.get("CheckpointConfig")
    yield from _members("OutputDataConfig", output, ("S3OutputPath", "KmsKeyId", "CompressionType"))
    yield from _only(
        "OutputDataConfig", {"CompressionType": "GZIP", **output}, CompressionType="NONE"
    )
    yield from _uri("OutputDataConfig", "S3OutputPath", output)
    if kept:
        yield from _uri("CheckpointConfig", "S3Uri", kept)
        yield from _only("CheckpointConfig", kept, LocalPath="/opt/ml/checkpoints")
    yield from _network("A", request, aws)


def _spot(request: _Request, stopping: _Request) -> Iterator[str]:
    yield from _members("StoppingCondition", stopping, _STOPPING)
    spot = {"EnableManagedSpotTraining": request.get("EnableManagedSpotTraining", False)}
    yield from _only("The request", spot, EnableManagedSpotTraining=True)
    if "MaxRuntimeInSeconds" not in stopping:
        yield f"StoppingCondition: the default of MaxRuntimeInSeconds {_NOT_PLAYED}; name it"
    elif stopping.get("MaxWaitTimeInSeconds", 0) < stopping["MaxRuntimeInSeconds"]:
        yield (
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds"
        )


def _channel(where: str, channel: _Request) -> Iterator[str]:
    yield from _members(where, channel, ("ChannelName", "DataSource", "InputMode"))
    yield from _only(where, channel, InputMode="File")
    yield from _members(where, channel["DataSource"], ("S3DataSource",))
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        yield f"{where} needs an S3DataSource"
        return
    yield from _members(where, source, _CHANNEL)
    one = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated"}
    yield from _only(where, source, **one)
    yield from _uri(where, "S3Uri", source)


def _only(where: str, value: _Request, **one: object) -> Iterator[str]:
    """Yield each member with another value than the one that is played."""
    for key, only in one.items():
        if value.get(key, only) != only:
            yield f"{where}: {key} {value[key]} {_NOT_PLAYED}; use {only}"


def _uri(where: str, key: str, value: _Request) -> Iterator[str]:
    if not _S3_URI.fullmatch(value[key]):
        yield f"{where}: {key} '{value[key]}' must have the form s3://bucket/prefix"


def _members(where: str, value: _Request, played: Iterable[str]) -> Iterator[str]:
    for name in sorted(value.keys() - set(played)):
        yield f"{where}: {name} {_NOT_PLAYED}"


def _cluster(where: str, cluster: _Request) -> Iterator[str]:
    yield from _members(where, cluster, _CLUSTER)
    for key in ("InstanceType", "InstanceCount", "VolumeSizeInGB"):
        if key not in cluster:
            yield f"{where}.{key} is required"
    kind = cluster.get("InstanceType")
    if kind and "VolumeKmsKeyId" in cluster and not takes_volume_key(kind):
        yield (
            f"VolumeKmsKeyId is not allowed with {kind}, whose volume is a local disk with a "
            "hardware key; leave it out"
        )
    if kind and cluster.get("VolumeSizeInGB", 0) > (most := largest_volume(kind)):
        yield f"VolumeSizeInGB {cluster['VolumeSizeInGB']} is more than the {most} GB of {kind}"


def _application(where: str, application: _Request, image: str, region: str) -> Iterator[str]:
    if "ContainerEntrypoint" not in application:
        yield f"{where}: the image's own entry point {_NOT_PLAYED}; name one"
    uri: str = application.get(image, "")
    matched = _IMAGE.fullmatch(uri)
    if not matched:
        yield f"{image} '{uri}' is not an Amazon ECR path (repository, and a tag or a digest)"
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
        yield from _uri(where, "S3Uri", place)
        yield from _only(where, place, **_ONLY)
        path = place.get("LocalPath", "")
        plain = path.rstrip("/")
        if not plain.startswith(_LOCAL_ROOT) or posixpath.normpath(plain) != plain:
            yield f"{where}: LocalPath '{path}' must be a plain path under {_LOCAL_ROOT}"


def _network(which: str, network: _Request, aws: LocalAws) -> Iterator[str]:
    config = network.get("VpcConfig", {})
    # What is in a VPC or behind its endpoints is not on this machine: its jobs run without either.
    if not config and not network.get("EnableNetworkIsolation"):
        yield f"{which} network that is neither isolated nor a VPC {_NOT_PLAYED}"
    ids = (*config.get("Subnets", []), *config.get("SecurityGroupIds", []))
    vpcs = {each: vpc_of(aws, each) for each in ids}
    for each in ids:
        if vpcs[each] is None:
            yield f"VpcConfig: there is no {each}"
    if len({*vpcs.values()} - {None}) > 1:
        yield "VpcConfig: all subnets and security groups must be of one VPC"
