"""Whole jobs: moto's S3, STS and Logs on loopback, and scripts that really run."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock
from uuid import uuid4

import pytest

from local.aws.cloudwatch.metric_store import Point
from local.aws.sagemaker.instance_metrics import points
from local.aws.sagemaker.job import Job, JobEnd
from local.aws.sagemaker.log_stream import log_stream
from local.engines.engine import ContainerRun
from local.engines.usage import Usage
from pipeline.kind import Kind
from tests.local.aws.sagemaker.job_requests import changed
from tests.local.job_bench import OUT, Jobs, client, source, target

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient


_Json = dict[str, Any]
LOG_GROUP = "/aws/sagemaker/ProcessingJobs"


class TestTheContainerSeesWhatSageMakerShows:
    def test_the_job_and_its_hosts_are_described(self, jobs: Jobs, bucket: str) -> None:
        script = f"cp /opt/ml/config/* {OUT}/"
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
        jobs.run("env", Environment={"SLOT": "1"})
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

    @pytest.mark.parametrize(
        ("isolated", "protocols", "devices"),
        [(False, ["-1"], 2), (False, ["50"], 1), (True, ["-1"], 1)],
    )
    def test_hosts_have_a_network_where_their_groups_let_them_reach_each_other(
        self, jobs: Jobs, endpoint: str, isolated: bool, protocols: list[str], devices: int
    ) -> None:
        place = vpc_config(client("ec2", endpoint), *protocols)
        network = {"EnableNetworkIsolation": isolated, "VpcConfig": place}
        jobs.run("tail -n +3 /proc/net/dev | wc -l", hosts=2, NetworkConfig=network)
        assert jobs.lines == [str(devices)] * 2


def vpc_config(ec2: Any, *protocols: str) -> _Json:
    """Return a subnet, and a group whose members reach each other by these protocols only."""
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/25")["Subnet"]["SubnetId"]
    names = {"GroupName": f"jobs-{vpc}", "Description": "jobs"}
    group = ec2.create_security_group(**names, VpcId=vpc)["GroupId"]
    [anywhere] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=anywhere["IpPermissionsEgress"])
    members = {"UserIdGroupPairs": [{"GroupId": group}]}
    ports = {"FromPort": -1, "ToPort": -1}
    rules = [{"IpProtocol": each, **ports, **members} for each in protocols]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=rules)
    return {"Subnets": [subnet], "SecurityGroupIds": [group]}


class TestItsHostsAreMeasured:
    def test_each_by_its_own_name_in_sagemakers_namespace(self, jobs: Jobs) -> None:
        found: set[str] = set()

        def run(_image: str, spec: ContainerRun, *_: object) -> int:
            spec.on_usage(Usage(50, 2**20))
            return 0

        def receive(points: list[Point]) -> None:
            found.update(f"{point.namespace} {point.dimensions['Host']}" for point in points)

        jobs.runner = replace(jobs.runner, engine=Mock(run=run), on_points=receive)
        jobs.run("true", name="measured", hosts=2)
        assert found == {f"{Kind.PROCESSING.group} measured/algo-{number}" for number in (1, 2)}

    def test_in_percent_of_what_its_type_has(self, tmp_path: Path) -> None:
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "file").write_bytes(os.urandom(2**24))
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        request = changed("ProcessingResources.ClusterConfig", cluster)
        job = Job("told", "arn", request, threading.Event(), lambda _: None)
        taken = points(job, "algo-1", tmp_path, Usage(150.0, 2**31))
        assert {(point.name, point.unit, round(point.value, 1)) for point in taken} == {
            ("CPUUtilization", "Percent", 150.0),
            ("MemoryUtilization", "Percent", 25.0),
            ("DiskUtilization", "Percent", 1.6),
        }


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
        script = rf"printf '\xff' >/opt/ml/output/message; echo 1 >{OUT}/x"
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

    @pytest.mark.parametrize("place", ["/opt/ml/output/message", OUT])
    def test_a_link_to_itself_is_nothing(self, jobs: Jobs, bucket: str, place: str) -> None:
        script = f"rmdir {place} 2>/dev/null; ln -s {place} {place}"
        assert jobs.run(script, **target(f"s3://{bucket}/out")) == JobEnd("Completed")
        assert jobs.keys(bucket) == []

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
        script = f"echo 1 >{OUT}/x; trap 'exit 0' TERM; echo ready; sleep 60 & wait"
        assert jobs.run(script, **target(f"s3://{bucket}/out")).status == "Stopped"
        assert jobs.keys(bucket) == []

    def test_a_job_stopped_before_its_start_never_starts(self, jobs: Jobs) -> None:
        jobs.stop.set()
        assert jobs.run("echo ran") == JobEnd("Stopped")
        assert "Training" not in jobs.moments


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

    def test_batches_stay_within_the_limit_of_the_service(
        self, logs: CloudWatchLogsClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent = _record_batches(logs, monkeypatch)
        name = f"big/{uuid4().hex}"
        lines = ["y"] * 12_000
        with log_stream(logs, LOG_GROUP, name) as put:
            for line in lines:
                put(line)
        assert [event["message"] for batch in sent for event in batch] == lines
        assert max(len(batch) for batch in sent) <= 10_000

    def test_logs_that_cannot_be_written_fail_the_job_and_do_not_hang_it(
        self, jobs: Jobs, logs: CloudWatchLogsClient
    ) -> None:
        def delete_group(line: str) -> None:
            if line == "1":
                logs.delete_log_group(logGroupName=LOG_GROUP)

        jobs.runner = replace(jobs.runner, on_line=delete_group)
        end = jobs.run("seq 30000")
        assert end.status == "Failed"
        assert str(end.failure_reason).startswith("ClientError: Logs cannot be written: ")


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
        sent.append([*request["logEvents"]])
        return send(**request)

    monkeypatch.setattr(logs, "put_log_events", record)
    return sent
