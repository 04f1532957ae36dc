"""Alarms and the image, of which more is kept than AWS tells of them later."""

import hashlib
import json

from local.deploy.kinds.kind import Resources, State, calls

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
"""The media type of the images' manifests."""


def _undecided(local: Resources, alarm: State) -> State:
    """Give a new alarm the state that one has on AWS: it has not enough data for any other."""
    local.aws.client("cloudwatch").set_alarm_state(
        AlarmName=alarm["name"],
        StateValue="INSUFFICIENT_DATA",
        StateReason="Unchecked: Initial creation",
    )
    local.alarms[alarm["name"]] = alarm["request"]
    return {}


def _built(local: Resources, image: State) -> State:
    """Build with the engine, and make a manifest of the result for the registry."""
    handle = local.build(image["build"])
    url, _, tag = image["imageName"].rpartition(":")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"digest": _digest(handle), "size": 0},
        "layers": list[str](),
    }
    text = json.dumps(manifest)
    local.images[f"{url}@{_digest(text)}"] = handle
    return {
        **image,
        "url": url,
        "repositoryName": url.partition("/")[2],
        "imageManifest": text,
        "imageTag": tag,
        "imageDigest": _digest(text),
    }


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


calls(
    "cloudwatch/MetricAlarm",
    "cloudwatch.put_metric_alarm",
    "name=AlarmName",
    then=_undecided,
    id="{name}",
    arn="arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
)
calls(
    "docker:index/image:Image",
    "ecr.put_image",
    "build= imageName= url= registry= skipPush= buildOnPreview=",
    first=_built,
    repoDigest="{url}@{imageDigest}",
)
