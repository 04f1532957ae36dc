"""What the local SageMaker refuses: all that AWS refuses, and what it cannot play.

Where AWS's behaviour is not documented the rule here is the stricter one, and a feature that is not
played is refused by name rather than ignored.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from components.aws.instance_types import takes_volume_key
from components.aws.models import shape, violations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from components.aws.models import Violation

_Request = dict[str, Any]

_LOCAL_ROOT = "/opt/ml/processing/"
_S3_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")
_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+"
    r"(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
_NOT_PLAYED = "is not played by the local SageMaker"


def no_vpc(_id: str) -> None:
    """Return where a subnet or group is in an AWS without any VPC."""


def model_violations(operation: str, request: Mapping[str, Any]) -> list[str]:
    """Return what the service's own model forbids in a request, in AWS's wording."""
    return [_worded(each) for each in violations(shape("sagemaker", operation), request)]


def job_refusals(
    request: _Request, region: str, vpc_of: Callable[[str], str | None] = no_vpc
) -> list[str]:
    """Return what else is wrong with a CreateProcessingJob that its model allows.

    Args:
        request: the request.
        region: the only one that the job's image may be in.
        vpc_of: returns the VPC of a subnet or security group, or None where there is none such.
    """
    return [
        *_cluster(request["ProcessingResources"]["ClusterConfig"]),
        *_image(request["AppSpecification"]["ImageUri"], region),
        *_inputs(request.get("ProcessingInputs", [])),
        *_outputs(request.get("ProcessingOutputConfig", {}).get("Outputs", [])),
        *_paths(request),
        *_network(request),
        *_place(request, vpc_of),
        *_tags(request.get("Tags", [])),
        *([f"ExperimentConfig {_NOT_PLAYED}"] if "ExperimentConfig" in request else []),
    ]


def _tags(tags: list[dict[str, str]]) -> Iterator[str]:
    keys = [tag["Key"] for tag in tags]
    yield from _repeated("Tags have the key", keys)
    for key in keys:
        if key.lower().startswith("aws:"):
            yield f"Tag key '{key}' begins with aws:, which is reserved"


def _worded(violation: Violation) -> str:
    path = ".".join(part[:1].lower() + part[1:] for part in violation.path.split("."))
    value = "null" if violation.value is None else f"'{violation.value}'"
    return f"Value {value} at '{path}' failed to satisfy constraint: Member {violation.rule}"


def _cluster(cluster: _Request) -> Iterator[str]:
    for key in ("InstancePreferences", "SelectedInstanceType", "SelectedInstanceCount"):
        if key in cluster:
            yield f"ClusterConfig.{key} {_NOT_PLAYED}; set InstanceType and InstanceCount"
    for key in ("InstanceType", "InstanceCount"):
        if key not in cluster:
            yield f"ClusterConfig.{key} is required"
    typed = "InstanceType" in cluster and "VolumeKmsKeyId" in cluster
    if typed and not takes_volume_key(cluster["InstanceType"]):
        yield (
            f"VolumeKmsKeyId is not allowed with {cluster['InstanceType']}, whose volume is "
            "a local disk with a hardware key; leave it out"
        )


def _image(uri: str, region: str) -> Iterator[str]:
    matched = _IMAGE.fullmatch(uri)
    if not matched:
        yield f"ImageUri '{uri}' is not an Amazon ECR path (repository, and a tag or a digest)"
    elif matched.group(1) != region:
        yield f"Invalid region '{matched.group(1)}' in image URI '{uri}'; the job is in {region}"


def _inputs(inputs: list[_Request]) -> Iterator[str]:
    yield from _repeated("ProcessingInputs have the name", (each["InputName"] for each in inputs))
    for each in inputs:
        where = f"Input '{each['InputName']}'"
        if "DatasetDefinition" in each:
            yield f"{where}: DatasetDefinition {_NOT_PLAYED}"
        if each.get("AppManaged"):
            yield f"{where}: AppManaged {_NOT_PLAYED}"
        source = each.get("S3Input")
        if source is None:
            yield f"{where} needs an S3Input"
            continue
        yield from _s3_uri(where, source["S3Uri"])
        for key, only in (("S3DataType", "S3Prefix"), ("S3InputMode", "File")):
            if source.get(key, only) != only:
                yield f"{where}: {key} {source[key]} {_NOT_PLAYED}; use {only}"
        if source.get("S3CompressionType", "None") != "None":
            yield f"{where}: S3CompressionType Gzip is only for S3InputMode Pipe"


def _outputs(outputs: list[_Request]) -> Iterator[str]:
    yield from _repeated("Outputs have the name", (each["OutputName"] for each in outputs))
    for each in outputs:
        where = f"Output '{each['OutputName']}'"
        if "FeatureStoreOutput" in each:
            yield f"{where}: FeatureStoreOutput {_NOT_PLAYED}"
        if each.get("AppManaged"):
            yield f"{where}: AppManaged {_NOT_PLAYED}"
        target = each.get("S3Output")
        if target is None:
            yield f"{where} needs an S3Output"
            continue
        yield from _s3_uri(where, target["S3Uri"])
        if target["S3UploadMode"] != "EndOfJob":
            yield f"{where}: S3UploadMode Continuous {_NOT_PLAYED}; use EndOfJob"


def _paths(request: _Request) -> Iterator[str]:
    named = [("Input", each) for each in request.get("ProcessingInputs", [])]
    named += [
        ("Output", each) for each in request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    ]
    paths: list[str] = []
    for kind, each in named:
        path = each.get(f"S3{kind}", {}).get("LocalPath")
        where = f"{kind} '{each[f'{kind}Name']}'"
        if path is None:
            yield f"{where} needs a LocalPath under {_LOCAL_ROOT}"
            continue
        plain = path.rstrip("/")
        if not plain.startswith(_LOCAL_ROOT) or posixpath.normpath(plain) != plain:
            yield f"{where}: LocalPath '{path}' must be a plain path under {_LOCAL_ROOT}"
        paths.append(plain)
    yield from _repeated("Inputs and outputs have the LocalPath", paths)


def _network(request: _Request) -> Iterator[str]:
    network = request.get("NetworkConfig", {})
    if network.get("EnableNetworkIsolation"):
        # No host reaches another one, so that there is nothing between them to encrypt.
        return
    hosts = request["ProcessingResources"]["ClusterConfig"].get("InstanceCount", 1)
    if "VpcConfig" in network:
        yield (
            f"A VpcConfig without EnableNetworkIsolation {_NOT_PLAYED}: the container would reach "
            "this machine's network, and not what is in the VPC or behind its endpoints"
        )
    if network.get("EnableInterContainerTrafficEncryption") and hosts > 1:
        yield f"EnableInterContainerTrafficEncryption between {hosts} hosts {_NOT_PLAYED}"


def _place(request: _Request, vpc_of: Callable[[str], str | None]) -> Iterator[str]:
    config = request.get("NetworkConfig", {}).get("VpcConfig", {})
    names = {"Subnets": "subnet", "SecurityGroupIds": "security group"}
    vpcs: set[str] = set()
    for key, name in names.items():
        for each in config.get(key, []):
            vpc = vpc_of(each)
            if vpc is None:
                yield f"VpcConfig: the {name} '{each}' does not exist"
            else:
                vpcs.add(vpc)
    if len(vpcs) > 1:
        yield "VpcConfig: all subnets and security groups must be of one VPC"


def _s3_uri(where: str, uri: str) -> Iterator[str]:
    if not _S3_URI.fullmatch(uri):
        yield f"{where}: S3Uri '{uri}' must have the form s3://bucket/prefix"


def _repeated(what: str, values: Iterable[str]) -> Iterator[str]:
    for value, times in Counter(values).items():
        if times > 1:
            yield f"{what} '{value}' {times} times; each must be unique"
