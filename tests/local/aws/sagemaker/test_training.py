"""Whole training jobs: what their container sees, and what is kept of it and when."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from local.aws.sagemaker.checkpoint import mirrored
from local.aws.sagemaker.job import Job, JobEnd, Moment, Place
from tests.local.aws.sagemaker.job_requests import good_training
from tests.local.job_bench import Jobs

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_s3.client import S3Client

KEPT = "/opt/ml/checkpoints"
TRAP, WAIT = "trap 'exit 0' TERM; ", "; sleep 60 & wait"


def channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"InputDataConfig": [{"ChannelName": name, "DataSource": {"S3DataSource": source}}]}


class TestTheContainer:
    def test_sees_what_sagemaker_shows(self, jobs: Jobs, s3: S3Client, bucket: str) -> None:
        jobs.put(bucket, "in/a", "in/sub/b")
        script = (
            "mkdir -p /opt/ml/model/run; cd /opt/ml/input; cp -r config data /opt/ml/model/run;"
            f"echo $TRAINING_JOB_NAME $TRAINING_JOB_ARN $SLOT; ls -d {KEPT} /opt/ml/output"
        )
        data = channel("input", f"s3://{bucket}/in/")
        end = jobs.train(script, f"s3://{bucket}/out/", "told", Environment={"SLOT": "1"}, **data)
        assert end == JobEnd("Completed")
        arn = "arn:aws:sagemaker:us-east-1:123456789012:training-job/told"
        assert jobs.lines == [f"told {arn} 1", KEPT, "/opt/ml/output"]
        below = "out/told/output/model/run"
        files = ("hyperparameters", "inputdataconfig", "resourceconfig")
        assert jobs.keys(bucket) == [
            *(f"{below}/config/{name}.json" for name in files),
            *(f"{below}/data/input/{name}" for name in ("a", "sub/b")),
        ]
        hosts = s3.get_object(Bucket=bucket, Key=f"{below}/config/resourceconfig.json")["Body"]
        assert json.load(hosts)["hosts"] == ["algo-1"]
        moments = [moment for moment in jobs.moments if moment not in ("Printed", "Kept", "Saved")]
        assert moments == ["Downloading", "Training", "Uploading"]

    def test_logs_into_the_group_of_its_kind(
        self, jobs: Jobs, bucket: str, logs: CloudWatchLogsClient
    ) -> None:
        name = f"job-{uuid4().hex}"
        for _ in range(2):  # as after a reclaim: within a second that has one stream
            jobs.train("echo one", f"s3://{bucket}/out", name)
        streams = logs.describe_log_streams(
            logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/algo-1-"
        )
        assert 1 <= len(streams["logStreams"]) <= 2

    def test_says_why_it_failed_and_nothing_of_it_is_kept(self, jobs: Jobs, bucket: str) -> None:
        script = "printf 'no rows' >/opt/ml/output/failure; : >/opt/ml/model/x; exit 3"
        end = jobs.train(script, f"s3://{bucket}/out")
        assert end == JobEnd("Failed", "AlgorithmError: , exit code: 3", "no rows")
        assert jobs.keys(bucket) == []

    def test_that_is_stopped_keeps_what_it_has(self, jobs: Jobs, bucket: str) -> None:
        end = jobs.train(f"{TRAP} : >/opt/ml/model/x; echo ready {WAIT}", f"s3://{bucket}/out")
        assert end == JobEnd("Stopped")
        assert [key.rpartition("/")[2] for key in jobs.keys(bucket)] == ["x"]


class TestTheCheckpoint:
    def test_is_there_at_the_start_and_kept_as_it_is_at_the_end(
        self, jobs: Jobs, bucket: str
    ) -> None:
        jobs.put(bucket, "out/checkpoint/old", "out/checkpoint/part/1", "out/checkpoint-2/x")
        script = f"cd {KEPT}; find . -type f | sort; rm old; mkdir new; : >new/2; ln -s 2 new/link"
        assert jobs.train(script, f"s3://{bucket}/out").status == "Completed"
        assert jobs.lines == ["./old", "./part/1"]
        assert jobs.keys(bucket, "out/checkpoint/") == [
            "out/checkpoint/new/2",
            "out/checkpoint/part/1",
        ]

    def test_is_saved_while_the_script_runs_until_the_machine_is_reclaimed(
        self, jobs: Jobs, bucket: str
    ) -> None:
        jobs.reclaimed_at = "Kept"
        script = f"trap ': >{KEPT}/2; : >/opt/ml/model/x; exit' TERM; echo 1 >{KEPT}/1"
        end = jobs.train(script + WAIT, f"s3://{bucket}/out")
        assert end.status == "Stopped"
        assert jobs.keys(bucket) == ["out/checkpoint/1"]

    def test_has_a_file_whole_as_soon_as_it_no_longer_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("local.aws.sagemaker.checkpoint._POLL_S", 0.001)
        file, uploaded, whole = tmp_path / "checkpoints" / "1", list[str](), threading.Event()

        def upload(sent: IO[bytes], *_: str, **_config: object) -> None:
            uploaded.append(sent.read().decode())
            if len(uploaded) < 3:  # the script goes on writing meanwhile
                file.write_text("x" * (len(uploaded) + 1))

        def at(moment: Moment) -> None:
            assert (moment, uploaded) == ("Kept", ["x", "xx", "xxx"])
            whole.set()

        file.parent.mkdir()
        s3: Any = SimpleNamespace(upload_fileobj=upload)
        job = Job("a", "arn", good_training("a"), threading.Event(), at)
        with mirrored(s3, job, Place("s3://bucket/checkpoint", KEPT), tmp_path):
            file.write_text("x")
            assert whole.wait(10)

    def test_of_a_script_that_ended_is_whole(self, jobs: Jobs, bucket: str) -> None:
        jobs.reclaimed_at = "Kept"
        end = jobs.train(f": >{KEPT}/1; : >{KEPT}/2; : >/opt/ml/model/x", f"s3://{bucket}/out")
        assert end.status == "Stopped"
        [key] = jobs.keys(bucket)
        assert key in ("out/checkpoint/1", "out/checkpoint/2")

    def test_of_a_failed_job_is_kept(self, jobs: Jobs, bucket: str) -> None:
        jobs.train(f": >{KEPT}/1; exit 1", f"s3://{bucket}/out")
        assert jobs.keys(bucket) == ["out/checkpoint/1"]

    def test_has_nothing_of_this_machine(self, jobs: Jobs, bucket: str, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("of this machine")
        script = f"rmdir {KEPT}; ln -s {tmp_path} {KEPT}"
        assert jobs.train(script, f"s3://{bucket}/out").status == "Completed"
        assert jobs.keys(bucket) == []

    @pytest.mark.parametrize("wait", ["", WAIT])
    def test_that_cannot_be_saved_fails_the_job(self, jobs: Jobs, bucket: str, wait: str) -> None:
        kept: dict[str, Any] = {"CheckpointConfig": {"S3Uri": f"s3://{bucket}/{'k' * 1020}"}}
        end = jobs.train(f"{TRAP} : >{KEPT}/12345 {wait}", f"s3://{bucket}/out", **kept)
        assert end.status == "Failed"
        assert "S3 takes 1024" in str(end.failure_reason)
        assert jobs.stop.is_set() or not wait


def test_a_machine_reclaimed_during_the_upload_leaves_a_part(jobs: Jobs, bucket: str) -> None:
    script = "mkdir -p /opt/ml/model/run/output; cd /opt/ml/model/run; touch message output/{1..9}"
    jobs.reclaimed_at = "Saved"
    jobs.train(script, f"s3://{bucket}/out", "told")
    assert jobs.keys(bucket) == ["out/told/output/model/run/message"]
