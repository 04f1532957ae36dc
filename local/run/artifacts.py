"""What a run leaves behind in `.local/`: its report, the buckets as files, and the logs."""

import contextlib
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from local.aws.endpoint import LocalAws
from local.run.page import render
from local.run.report import Report


def save_report(report: Report, directory: Path) -> None:
    """Write report.json and report.html, in a directory that other users do not see into."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps(dataclasses.asdict(report), indent=2)
    (directory / "report.json").write_text(text + "\n", "utf-8")
    (directory / "report.html").write_text(render(report), "utf-8")


def save_buckets(aws: LocalAws, directory: Path) -> None:
    """Write every object as `<directory>/<bucket>/<key>`."""
    s3 = aws.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        root = directory / bucket["Name"]
        root.mkdir(parents=True, exist_ok=True)
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for item in page.get("Contents", []):
                path = local_path(root, item["Key"])
                s3.download_file(bucket["Name"], item["Key"], str(path))


def save_logs(aws: LocalAws, directory: Path) -> None:
    """Write every log stream as `<directory>/<group>/<stream>.log`."""
    logs = aws.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            _save_streams(logs, group["logGroupName"], directory)


def _save_streams(logs: Any, group: str, directory: Path) -> None:  # noqa: ANN401 - a boto3 client
    for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group):
        for stream in page["logStreams"]:
            path = local_path(directory, f"{group.strip('/')}/{stream['logStreamName']}.log")
            with path.open("w", encoding="utf-8") as file:
                for line in lines(logs, group, stream["logStreamName"]):
                    file.write(line + "\n")


def lines(logs: Any, group: str, stream: str) -> list[str]:  # noqa: ANN401 - a boto3 client
    """Return the lines of a log stream."""
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = logs.get_log_events(
            logGroupName=group, logStreamName=stream, startFromHead=True, **token
        )
        found += [event["message"] for event in page["events"]]
        if not page["events"]:
            return found
        token = {"nextToken": page["nextForwardToken"]}


def local_path(root: Path, key: str) -> Path:
    """Return a writable path for a key, inside `root` whatever the key.

    A key that no file can be called by (`..`, too long, another key's directory) gets a name made
    from its hash.
    """
    if not {"", ".", ".."}.intersection(key.split("/")):
        path = root / key
        with contextlib.suppress(OSError, ValueError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            if path.is_file():
                return path
    root.mkdir(parents=True, exist_ok=True)
    return root / f"key-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
