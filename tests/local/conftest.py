"""What several tests of the embedded AWS share: moto on loopback, engines, and their benches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from moto.core.base_backend import BackendDict
from moto.server import ThreadedMotoServer

from local.aws.endpoint import LocalAws
from local.engines import Engine
from local.engines.docker import DockerEngine
from local.engines.process import ProcessEngine
from tests.local.container_bench import Container
from tests.local.job_bench import Jobs, client

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_s3.client import S3Client


_DOCKERFILE = """\
FROM debian:13-slim AS base
ENV BIN=/app/bin
FROM base
ENV IN_IMAGE="yes it is" \\
  LANG=C.UTF-8
ENV PATH=$BIN:$PATH
WORKDIR /data
WORKDIR deep
COPY . /app/
"""
_ENTRY = '#!/bin/bash\nprintf "%s|" "$0" "$@"\n'


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """An empty embedded AWS."""
    endpoint = LocalAws("eu-central-1")
    endpoint.start()
    yield endpoint
    endpoint.stop()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("context")
    (directory / "Dockerfile").write_text(_DOCKERFILE)
    (directory / "entry.sh").write_text(_ENTRY)
    (directory / "entry.sh").chmod(0o755)
    return directory


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> ProcessEngine:
    engine = ProcessEngine(tmp_path_factory.mktemp("snapshots"))
    if reason := engine.available():
        pytest.skip(f"the process engine: {reason}")
    return engine


@pytest.fixture(scope="module", params=["process", "docker"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "process":
        return request.getfixturevalue("process")
    docker = DockerEngine()
    if reason := docker.available():
        pytest.skip(f"the docker engine: {reason}")
    return docker


@pytest.fixture(scope="module")
def image(engine: Engine, context: Path) -> str:
    return engine.build(context, {})


@pytest.fixture
def container(engine: Engine, image: str, tmp_path: Path) -> Container:
    return Container(engine, image, tmp_path)


@pytest.fixture
def sandbox(process: ProcessEngine, context: Path, tmp_path: Path) -> Container:
    return Container(process, process.build(context, {}), tmp_path)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    BackendDict.reset()  # it is the process's, and the next embedded AWS begins without a bucket


@pytest.fixture(scope="module")
def s3(endpoint: str) -> S3Client:
    return client("s3", endpoint)


@pytest.fixture(scope="module")
def logs(endpoint: str) -> CloudWatchLogsClient:
    return client("logs", endpoint)


@pytest.fixture
def bucket(s3: S3Client) -> str:
    name = f"bucket-{uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def job_image(process: ProcessEngine, tmp_path_factory: pytest.TempPathFactory) -> str:
    context = tmp_path_factory.mktemp("context")
    (context / "Dockerfile").touch()
    return process.build(context, {})


@pytest.fixture
def jobs(
    endpoint: str, process: ProcessEngine, job_image: str, s3: S3Client, tmp_path: Path
) -> Jobs:
    return Jobs(endpoint, process, job_image, s3, tmp_path)
