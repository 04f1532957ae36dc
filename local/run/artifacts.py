"""What a run leaves behind in `.local/`: its report, the buckets as files, and the logs."""

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterator
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
                s3.download_file(bucket["Name"], item["Key"], str(local_path(root, item["Key"])))


def save_logs(aws: LocalAws, directory: Path) -> None:
    """Write every log stream as `<directory>/<group>/<stream>.log`."""
    logs = aws.client("logs")

    def all_of(operation: str, listed: str, **where: object) -> Iterator[Any]:
        return logs.get_paginator(operation).paginate(**where).search(listed)

    for group in all_of("describe_log_groups", "logGroups[].logGroupName"):
        streams = all_of("describe_log_streams", "logStreams[].logStreamName", logGroupName=group)
        for stream in streams:
            where = {"logGroupName": group, "logStreamNames": [stream]}
            lines = all_of("filter_log_events", "events[].message", **where)
            path = local_path(directory, f"{group.strip('/')}/{stream}.log")
            path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


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
