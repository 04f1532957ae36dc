"""Alarms and the image, of which more is kept than AWS tells of them later."""

import hashlib
import json

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import CREATE, Resources, State, calls, request


def _alarm(local: Resources, inputs: State) -> State:
    """Create an alarm; a new one has not enough data for any other state."""
    client, name = local.aws.client("cloudwatch"), inputs["name"]
    wanted = request(client, "put_metric_alarm", "name=AlarmName", inputs)
    client.put_metric_alarm(**wanted)
    client.set_alarm_state(
        AlarmName=name, StateValue="INSUFFICIENT_DATA", StateReason="Unchecked: Initial creation"
    )
    arn = f"arn:aws:cloudwatch:{local.aws.region}:{ACCOUNT}:alarm:{name}"
    local.alarms[name] = wanted
    return {"id": name, "arn": arn}


CREATE["aws:cloudwatch/metricAlarm:MetricAlarm"] = _alarm


def _built(local: Resources, image: State) -> State:
    """Build with the engine, and make a manifest of the result for the registry."""
    handle = local.build(image["build"])
    url, _, tag = image["imageName"].rpartition(":")
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
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
    "docker:index/image:Image",
    "ecr.put_image",
    "build= imageName= url= registry= skipPush= buildOnPreview=",
    first=_built,
    repoDigest="{url}@{imageDigest}",
)
