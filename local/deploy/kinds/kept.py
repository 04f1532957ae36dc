"""Alarms and the image, of which more is kept than AWS tells of them later."""

import hashlib
import json

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import CREATE, Resources, State, refuse_others, request


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


def _image(local: Resources, inputs: State) -> State:
    """Build with the engine, and keep a manifest of the result in the registry."""
    refuse_others(inputs, "build imageName registry skipPush buildOnPreview")
    handle = local.build(inputs["build"])
    url, _, tag = inputs["imageName"].rpartition(":")
    manifest: State = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": _digest(handle), "size": 0},
        "layers": [],
    }
    text = json.dumps(manifest)
    digest = _digest(text)
    local.aws.client("ecr").put_image(
        repositoryName=url.partition("/")[2],
        imageManifest=text,
        imageTag=tag,
        imageDigest=digest,
    )
    uri = f"{url}@{digest}"
    local.images[uri] = handle
    return {"repoDigest": uri}


CREATE["docker:index/image:Image"] = _image


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
