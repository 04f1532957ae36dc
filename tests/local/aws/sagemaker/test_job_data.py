"""How a job's data comes and goes; on moto's S3 and with scripts that really run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.aws.sagemaker.job import JobEnd
from local.engines import EngineError
from local.engines.process import ProcessEngine
from tests.local.job_bench import IMAGE, IN, OUT, Jobs, source, target

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class TestDataGoesInAndOut:
    def test_a_job_reads_its_input_and_its_output_is_uploaded(
        self, jobs: Jobs, s3: S3Client, bucket: str
    ) -> None:
        jobs.put(bucket, "in/a.csv", "in/sub/b.csv", "other/c.csv")
        copy = f"cp -r {IN}/. {OUT}"
        end = jobs.run(copy, **source(f"s3://{bucket}/in/"), **target(f"s3://{bucket}/out/"))
        assert end == JobEnd("Completed")
        assert jobs.keys(bucket) == ["out/a.csv", "out/sub/b.csv"]
        body = s3.get_object(Bucket=bucket, Key="out/sub/b.csv")["Body"].read()
        assert body == b"<in/sub/b.csv>"
        assert jobs.steps == ["downloading", "running", "uploading"]

    def test_a_prefix_keeps_what_follows_its_last_slash(self, jobs: Jobs, bucket: str) -> None:
        jobs.put(bucket, "in/day", "in/day-1/x", "in/day/", "in/night")
        jobs.run(f"cd {IN} && find -type f | sort", **source(f"s3://{bucket}/in/day"))
        assert jobs.lines == ["./day", "./day-1/x"]

    def test_more_objects_than_one_listing_has_are_all_downloaded(
        self, jobs: Jobs, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jobs.put(bucket, *(f"in/{number}" for number in range(25)))
        monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
        assert len(jobs.keys(bucket, "in/")) == 10
        jobs.run(f"ls {IN} | wc -l", **source(f"s3://{bucket}/in/"))
        assert jobs.lines == ["25"]

    def test_each_host_has_all_objects_or_its_shard(self, jobs: Jobs, bucket: str) -> None:
        jobs.put(bucket, *(f"in/{number}" for number in range(5)))
        script = f"mkdir {OUT}/$HOSTNAME; cp {IN}/* {OUT}/$HOSTNAME/"
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
        script = f"cd {OUT}; echo 1 >file; ln -s file link; ln -s {secret} dir; mkfifo pipe"
        assert jobs.run(script, **target(f"s3://{bucket}/out")).status == "Completed"
        assert jobs.keys(bucket) == ["out/file"]

    def test_an_output_directory_that_became_a_link_uploads_nothing(
        self, jobs: Jobs, bucket: str, tmp_path: Path
    ) -> None:
        (tmp_path / "secret").write_text("of this machine")
        script = f"rmdir {OUT}; ln -s {tmp_path} {OUT}"
        assert jobs.run(script, **target(f"s3://{bucket}/out")).status == "Completed"
        assert jobs.keys(bucket) == []

    def test_outputs_are_encrypted_with_the_key_asked_for(
        self, jobs: Jobs, s3: S3Client, bucket: str
    ) -> None:
        jobs.run(f"echo 1 >{OUT}/x", **target(f"s3://{bucket}/out", KmsKeyId="alias/data"))
        head = s3.head_object(Bucket=bucket, Key="out/x")
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"] == "alias/data"

    def test_a_failed_job_uploads_nothing(self, jobs: Jobs, bucket: str) -> None:
        jobs.run(f"echo 1 >{OUT}/x; exit 3", **target(f"s3://{bucket}/out"))
        assert jobs.keys(bucket) == []


class TestAnInputThatCannotBeHadFailsTheJob:
    def test_nothing_under_the_prefix(self, jobs: Jobs, bucket: str) -> None:
        jobs.put(bucket, "in/", "inn/x")
        end = jobs.run("echo ran", **source(f"s3://{bucket}/in/"))
        assert end.status == "Failed"
        assert str(end.failure_reason).startswith("ClientError: No S3 objects found under S3 URL")
        assert (jobs.lines, ("Training" in jobs.moments)) == ([], False)

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
            "Failed", f"ClientError: There is no image other:1; there are: {IMAGE}"
        )

    def test_an_output_bucket_that_does_not_exist(self, jobs: Jobs) -> None:
        end = jobs.run(
            f"echo 1 >{OUT}/x; echo told >/opt/ml/output/message", **target("s3://absent/out")
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
