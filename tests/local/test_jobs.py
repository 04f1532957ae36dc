"""Whole jobs: moto's S3, STS and Logs on loopback, and scripts that really run."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from local.engines import EngineError
from local.engines.process import ProcessEngine
from local.job_logs import LOG_GROUP, LogStream
from local.jobs import JobRunner
from local.processing_job import Job, JobEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_s3.client import S3Client

_Json = dict[str, Any]

_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1"
_IN = "/opt/ml/processing/input"
_OUT = "/opt/ml/processing/output"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _client(service: Any, endpoint: str) -> Any:
    make = cast("Any", boto3).client
    return make(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}),
    )


@pytest.fixture(scope="module")
def s3(endpoint: str) -> S3Client:
    return _client("s3", endpoint)


@pytest.fixture(scope="module")
def logs(endpoint: str) -> CloudWatchLogsClient:
    return _client("logs", endpoint)


@pytest.fixture
def bucket(s3: S3Client) -> str:
    name = f"bucket-{uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name


class Jobs:
    """Runs scripts as jobs on one bucket, and keeps what was called back."""

    def __init__(self, endpoint: str, engine: ProcessEngine, s3: S3Client, root: Path) -> None:
        self.s3, self.workspace = s3, root / "work"
        self.lines: list[str] = []
        self.steps: list[str] = []
        self.stop = threading.Event()
        self.started = threading.Event()
        (root / "context").mkdir()
        self.runner = JobRunner(
            endpoint_url=endpoint,
            region="us-east-1",
            engine=engine,
            images={_IMAGE: engine.build(root / "context", "Dockerfile", {})},
            workspace=self.workspace,
            on_line=self._receive,
            on_step=lambda _name, step: self.steps.append(step),
            stop_grace_s=5,
        )

    def _receive(self, job_name: str, line: str) -> None:
        del job_name
        self.lines.append(line)
        if line == "ready" or (line == "up" and self.lines.count(line) == 2):
            self.stop.set()

    def run(self, script: str, name: str = "", **changes: Any) -> JobEnd:
        name = name or f"job-{uuid4().hex}"
        request: _Json = {
            "ProcessingJobName": name,
            "RoleArn": "arn:aws:iam::123456789012:role/job",
            "AppSpecification": {
                "ImageUri": _IMAGE,
                "ContainerEntrypoint": ["/bin/bash", "-c", script],
            },
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": changes.pop("hosts", 1),
                    "VolumeSizeInGB": 1,
                }
            },
            "NetworkConfig": {"EnableNetworkIsolation": True},
            **changes,
        }
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:processing-job/{name}"
        return self.runner(Job(name, arn, request, self.stop, self.started.set))

    def put(self, bucket: str, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=bucket, Key=key, Body=f"<{key}>".encode())

    def keys(self, bucket: str, prefix: str = "out") -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return [item.get("Key", "") for item in listed]


@pytest.fixture
def jobs(
    endpoint: str, s3: S3Client, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Jobs:
    engine = ProcessEngine(tmp_path_factory.mktemp("snapshots"))
    if reason := engine.available():
        pytest.skip(f"the process engine: {reason}")
    return Jobs(endpoint, engine, s3, tmp_path)


def source(uri: str, **changes: str) -> _Json:
    s3_input = {"S3Uri": uri, "LocalPath": _IN, "S3DataType": "S3Prefix", **changes}
    return {"ProcessingInputs": [{"InputName": "in", "S3Input": s3_input}]}


def target(uri: str, **config: str) -> _Json:
    s3_output = {"S3Uri": uri, "LocalPath": _OUT, "S3UploadMode": "EndOfJob"}
    outputs = [{"OutputName": "out", "S3Output": s3_output}]
    return {"ProcessingOutputConfig": {"Outputs": outputs, **config}}


class TestDataGoesInAndOut:
    def test_a_job_reads_its_input_and_its_output_is_uploaded(
        self, jobs: Jobs, s3: S3Client, bucket: str
    ) -> None:
        jobs.put(bucket, "in/a.csv", "in/sub/b.csv", "other/c.csv")
        copy = f"cp -r {_IN}/. {_OUT}"
        end = jobs.run(copy, **source(f"s3://{bucket}/in/"), **target(f"s3://{bucket}/out/"))
        assert end == JobEnd("Completed")
        assert jobs.keys(bucket) == ["out/a.csv", "out/sub/b.csv"]
        body = s3.get_object(Bucket=bucket, Key="out/sub/b.csv")["Body"].read()
        assert body == b"<in/sub/b.csv>"
        assert jobs.steps == ["downloading", "running", "uploading"]

    def test_a_prefix_keeps_what_follows_its_last_slash(self, jobs: Jobs, bucket: str) -> None:
        jobs.put(bucket, "in/day", "in/day-1/x", "in/day/", "in/night")
        jobs.run(f"cd {_IN} && find -type f | sort", **source(f"s3://{bucket}/in/day"))
        assert jobs.lines == ["./day", "./day-1/x"]

    def test_more_objects_than_one_listing_has_are_all_downloaded(
        self, jobs: Jobs, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jobs.put(bucket, *(f"in/{number}" for number in range(25)))
        monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
        assert len(jobs.keys(bucket, "in/")) == 10
        jobs.run(f"ls {_IN} | wc -l", **source(f"s3://{bucket}/in/"))
        assert jobs.lines == ["25"]

    def test_each_host_has_all_objects_or_its_shard(self, jobs: Jobs, bucket: str) -> None:
        jobs.put(bucket, *(f"in/{number}" for number in range(5)))
        script = f"mkdir {_OUT}/$HOSTNAME; cp {_IN}/* {_OUT}/$HOSTNAME/"
        into = target(f"s3://{bucket}/out")
        uri = f"s3://{bucket}/in/"
        jobs.run(script, hosts=2, **source(uri, S3DataDistributionType="ShardedByS3Key"), **into)
        assert jobs.keys(bucket) == [
            *(f"out/algo-1/{number}" for number in (0, 2, 4)),
            *(f"out/algo-2/{number}" for number in (1, 3)),
        ]
        jobs.run(script, hosts=2, **source(uri), **into)
        assert len(jobs.keys(bucket)) == 10

    def test_links_in_the_output_are_not_followed(
        self, jobs: Jobs, bucket: str, tmp_path: Path
    ) -> None:
        secret = tmp_path / "secret"
        secret.mkdir()
        (secret / "key").write_text("of this machine")
        script = f"cd {_OUT}; echo 1 >file; ln -s file link; ln -s {secret} dir; mkfifo pipe"
        assert jobs.run(script, **target(f"s3://{bucket}/out")).status == "Completed"
        assert jobs.keys(bucket) == ["out/file"]

    def test_an_output_directory_that_became_a_link_uploads_nothing(
        self, jobs: Jobs, bucket: str, tmp_path: Path
    ) -> None:
        (tmp_path / "secret").write_text("of this machine")
        script = f"rmdir {_OUT}; ln -s {tmp_path} {_OUT}"
        assert jobs.run(script, **target(f"s3://{bucket}/out")).status == "Completed"
        assert jobs.keys(bucket) == []

    def test_outputs_are_encrypted_with_the_key_asked_for(
        self, jobs: Jobs, s3: S3Client, bucket: str
    ) -> None:
        jobs.run(f"echo 1 >{_OUT}/x", **target(f"s3://{bucket}/out", KmsKeyId="alias/data"))
        head = s3.head_object(Bucket=bucket, Key="out/x")
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"] == "alias/data"

    def test_a_failed_job_uploads_nothing(self, jobs: Jobs, bucket: str) -> None:
        jobs.run(f"echo 1 >{_OUT}/x; exit 3", **target(f"s3://{bucket}/out"))
        assert jobs.keys(bucket) == []


class TestAnInputThatCannotBeHadFailsTheJob:
    def test_nothing_under_the_prefix(self, jobs: Jobs, bucket: str) -> None:
        jobs.put(bucket, "in/", "inn/x")
        end = jobs.run("echo ran", **source(f"s3://{bucket}/in/"))
        assert end.status == "Failed"
        assert str(end.failure_reason).startswith("ClientError: No S3 objects found under S3 URL")
        assert (jobs.lines, jobs.started.is_set()) == ([], False)

    def test_a_bucket_that_does_not_exist(self, jobs: Jobs) -> None:
        end = jobs.run("echo ran", **source("s3://absent/in/"))
        assert str(end.failure_reason).startswith("ClientError: Data download failed: s3://absent")
        assert "NoSuchBucket" in str(end.failure_reason)

    @pytest.mark.parametrize("key", ["in/../../../escaped", "in//etc/escaped", "in/./escaped"])
    def test_a_key_that_leads_elsewhere(
        self, jobs: Jobs, bucket: str, key: str, tmp_path: Path
    ) -> None:
        jobs.put(bucket, key)
        end = jobs.run("echo ran", **source(f"s3://{bucket}/in/"))
        assert f"the key '{key}' is no plain path" in str(end.failure_reason)
        assert jobs.lines == []
        assert list(tmp_path.rglob("escaped")) == []

    def test_two_keys_that_are_a_file_and_its_directory(self, jobs: Jobs, bucket: str) -> None:
        jobs.put(bucket, "in/a", "in/a/b")
        end = jobs.run("echo ran", **source(f"s3://{bucket}/in/"))
        assert str(end.failure_reason).startswith("ClientError: Data download failed")

    def test_an_image_that_does_not_exist(self, jobs: Jobs) -> None:
        specification = {"ImageUri": "other:1", "ContainerEntrypoint": ["true"]}
        end = jobs.run("", AppSpecification=specification)
        assert end == JobEnd(
            "Failed", f"ClientError: There is no image other:1; there are: {_IMAGE}"
        )

    def test_an_output_bucket_that_does_not_exist(self, jobs: Jobs) -> None:
        end = jobs.run(
            f"echo 1 >{_OUT}/x; echo told >/opt/ml/output/message", **target("s3://absent/out")
        )
        assert str(end.failure_reason).startswith("ClientError: Data upload failed: s3://absent")
        assert end.exit_message == "told\n"

    def test_an_engine_that_cannot_start_the_container(
        self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> int:
            raise EngineError("no engine today")

        monkeypatch.setattr(ProcessEngine, "run", refuse)
        assert jobs.run("true") == JobEnd("Failed", "ClientError: no engine today")


class TestTheContainerSeesWhatSageMakerShows:
    def test_the_job_and_its_hosts_are_described(self, jobs: Jobs, bucket: str) -> None:
        script = f"cp /opt/ml/config/* {_OUT}/"
        jobs.put(bucket, "in/x")
        data = source(f"s3://{bucket}/in/") | target(f"s3://{bucket}/out")
        jobs.run(script, name="told", Environment={"SLOT": "1"}, **data)
        config, hosts = (
            json.loads(jobs.s3.get_object(Bucket=bucket, Key=f"out/{name}.json")["Body"].read())
            for name in ("processingjobconfig", "resourceconfig")
        )
        assert hosts == {"current_host": "algo-1", "hosts": ["algo-1"]}
        assert config["ProcessingJobName"] == "told"
        assert config["ProcessingJobArn"].endswith(":processing-job/told")
        assert config["Environment"] == {"SLOT": "1"}
        assert config["ProcessingInputs"] == data["ProcessingInputs"]
        assert config["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}

    def test_it_gets_the_environment_of_the_job_and_no_credentials(self, jobs: Jobs) -> None:
        jobs.run("env", Environment={"SLOT": "1"}, NetworkConfig={})
        names = {line.partition("=")[0] for line in jobs.lines}
        assert "SLOT=1" in jobs.lines
        assert not any(name.startswith("AWS") for name in names)

    def test_hosts_run_at_the_same_time(self, jobs: Jobs) -> None:
        # The job is stopped once both have spoken; one after the other, the second never would.
        script = "trap 'exit 0' TERM; echo up; sleep 60 & wait"
        begun = time.monotonic()
        jobs.run(script, hosts=2, StoppingCondition={"MaxRuntimeInSeconds": 20})
        assert jobs.lines == ["up", "up"]
        assert time.monotonic() - begun < 20


class TestTheEndIsTheScripts:
    def test_the_exit_code_is_in_the_reason(self, jobs: Jobs) -> None:
        end = jobs.run("exit 64")
        assert end == JobEnd("Failed", "AlgorithmError: , exit code: 64")

    def test_one_failed_host_fails_the_job(self, jobs: Jobs) -> None:
        end = jobs.run("[ $HOSTNAME = algo-1 ] || exit 4", hosts=2)
        assert end.failure_reason == "AlgorithmError: , exit code: 4"

    @pytest.mark.parametrize(("code", "status"), [(0, "Completed"), (1, "Failed")])
    def test_the_message_is_returned_whatever_the_end(
        self, jobs: Jobs, code: int, status: str
    ) -> None:
        end = jobs.run(f"printf 'nothing to do' >/opt/ml/output/message; exit {code}")
        assert (end.status, end.exit_message) == (status, "nothing to do")

    def test_the_message_is_cut_to_one_kilobyte_between_characters(self, jobs: Jobs) -> None:
        end = jobs.run("(printf x; printf '%0.sé' {1..900}) >/opt/ml/output/message")
        assert end.exit_message == "x" + "é" * 511
        assert end.status == "Completed"

    def test_a_message_that_is_not_utf_8_fails_the_job(self, jobs: Jobs, bucket: str) -> None:
        script = rf"printf '\xff' >/opt/ml/output/message; echo 1 >{_OUT}/x"
        end = jobs.run(script, **target(f"s3://{bucket}/out"))
        assert end.status == "Failed"
        assert "not valid UTF-8" in str(end.failure_reason)
        assert jobs.keys(bucket) == []

    @pytest.mark.parametrize("place", ["message", ""])
    def test_a_message_that_is_a_link_is_not_read(
        self, jobs: Jobs, tmp_path: Path, place: str
    ) -> None:
        (tmp_path / "message").write_text("of this machine")
        link = f"ln -s {tmp_path / place} /opt/ml/output{place and '/' + place}"
        assert jobs.run(f"rmdir /opt/ml/output/{place} ; {link}").exit_message is None

    def test_nothing_of_the_job_is_left_on_the_disk(self, jobs: Jobs) -> None:
        jobs.run("mkdir /opt/ml/output/d; : >/opt/ml/output/d/f; chmod 0 /opt/ml/output/d")
        assert list(jobs.workspace.iterdir()) == []


class TestStopping:
    def test_a_job_over_its_time_is_stopped_and_tells_its_message(self, jobs: Jobs) -> None:
        script = "trap 'printf late >/opt/ml/output/message; exit 0' TERM; sleep 60 & wait"
        begun = time.monotonic()
        end = jobs.run(script, StoppingCondition={"MaxRuntimeInSeconds": 1})
        assert end == JobEnd("Stopped", exit_message="late")
        assert 1 <= time.monotonic() - begun < 20

    def test_a_stopped_job_uploads_nothing(self, jobs: Jobs, bucket: str) -> None:
        script = f"echo 1 >{_OUT}/x; trap 'exit 0' TERM; echo ready; sleep 60 & wait"
        assert jobs.run(script, **target(f"s3://{bucket}/out")).status == "Stopped"
        assert jobs.keys(bucket) == []

    def test_a_job_stopped_before_its_start_never_starts(self, jobs: Jobs) -> None:
        jobs.stop.set()
        assert jobs.run("echo ran") == JobEnd("Stopped")
        assert not jobs.started.is_set()


class TestLogs:
    def test_each_hosts_lines_are_in_a_stream_of_its_own(
        self, jobs: Jobs, logs: CloudWatchLogsClient
    ) -> None:
        name = f"job-{uuid4().hex}"
        jobs.run("echo one; echo; echo $HOSTNAME >&2", name=name, hosts=2)
        streams = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{name}/")[
            "logStreams"
        ]
        names = [stream.get("logStreamName", "") for stream in streams]
        hosts = [full.rpartition("-")[0] for full in names]
        assert hosts == [f"{name}/algo-1", f"{name}/algo-2"]
        assert _messages(logs, names[1]) == ["one", " ", "algo-2"]

    def test_batches_stay_within_the_limits_of_the_service(
        self, logs: CloudWatchLogsClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent = _record_batches(logs, monkeypatch)
        name = f"big/{uuid4().hex}"
        lines = ["x" * 300_000] * 7 + ["y"] * 12_000
        with LogStream(logs, name) as stream:
            for line in lines:
                stream.put(line)
        assert [event["message"] for batch in sent for event in batch] == lines
        assert max(len(batch) for batch in sent) <= 10_000
        sizes = [sum(len(event["message"]) + 26 for event in batch) for batch in sent]
        assert max(sizes) <= 1_048_576

    def test_logs_that_cannot_be_written_fail_the_job_and_do_not_hang_it(
        self, jobs: Jobs, logs: CloudWatchLogsClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def delete_group(stream: LogStream, line: str) -> None:
            logs.delete_log_group(logGroupName=LOG_GROUP)
            monkeypatch.undo()
            stream.put(line)

        monkeypatch.setattr(LogStream, "put", delete_group)
        end = jobs.run("seq 30000")
        assert end.status == "Failed"
        assert str(end.failure_reason).startswith("ClientError: Logs cannot be written: ")
        assert len(jobs.lines) == 30_000


def _messages(logs: CloudWatchLogsClient, stream: str) -> list[str]:
    events = logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True)[
        "events"
    ]
    return [event.get("message", "") for event in events]


def _record_batches(
    logs: CloudWatchLogsClient, monkeypatch: pytest.MonkeyPatch
) -> list[list[_Json]]:
    sent: list[list[_Json]] = []
    send: Callable[..., Any] = logs.put_log_events

    def record(**request: Any) -> Any:
        sent.append(request["logEvents"])
        return send(**request)

    monkeypatch.setattr(logs, "put_log_events", record)
    return sent
