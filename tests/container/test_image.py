"""The image itself, built and run by a real engine as SageMaker would run it."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import build_context
from local.engines import dockerfile
from tests.conftest import record_program
from tests.container.job import CONTAINER, TIMEOUT, Job, parquet

LOCAL_BASE = "debian:13-slim"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments],
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
        capture_output=True,
        text=True,
        check=check,
    )


def engine_answers() -> bool:
    try:
        return docker("info", check=False).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = pytest.mark.skipif(
    not engine_answers(), reason="no Docker engine answers `docker info`"
)


def build(context: Path, *options: str) -> str:
    """Build a context and return the image's id."""
    base = os.environ.get("BASE_IMAGE")
    if not base and docker("image", "inspect", LOCAL_BASE, check=False).returncode == 0:
        base = LOCAL_BASE
    authorities = os.environ.get("PIP_CA")
    built = docker(
        *("build", "--platform=linux/amd64", "--quiet"),
        *options,
        *(["--build-arg", f"BASE_IMAGE={base}"] if base else []),
        *(["--secret", f"id=pip_ca,src={authorities}"] if authorities else []),
        str(context),
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return built.stdout.strip()


@pytest.fixture(scope="module")
def image() -> str:
    # Without a tag it would go with the tag of the push.
    return build(CONTAINER, "--tag=container-test")


@pytest.fixture
def pushed_name() -> str:
    """Where to push to, under a tag that is not there."""
    if registry := os.environ.get("REGISTRY"):
        return f"{registry}/container-test:{uuid.uuid4().hex}"
    pytest.skip("REGISTRY is not set")


def push(name: str) -> str:
    """Push an image, remove its name here, and return its digest in the registry."""
    try:
        pushed = re.search(r"digest: (sha256:\w+)", docker("push", name).stdout)
    finally:
        docker("rmi", name)
    assert pushed
    return pushed[1]


def fetched(name: str, path: str) -> Any:
    """Return a JSON document of the registry that a name begins with."""
    registry = name.partition("/")[0]
    request = urllib.request.Request(
        f"http://{registry}/v2/container-test/{path}", headers={"Accept": MANIFEST}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - http
        return json.load(answer)


@pytest.fixture
def container() -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex}"
    yield name
    docker("rm", "--force", name, check=False)


def options(job: Job, *, script: Path | None = None) -> list[str]:
    mounts = [
        f"{job.ml}:/opt/ml",
        *([f"{script}:/app/scripts/process_data.sh:ro"] if script else []),
    ]
    return [
        *("--network=none", "--read-only", "--tmpfs=/tmp"),
        *(f"--volume={mount}" for mount in mounts),
        *(f"--env={name}={value}" for name, value in job.environment.items()),
    ]


class TestTheImage:
    def test_has_a_whole_python_and_all_beside_the_script_and_nothing_at_the_mounts(
        self, image: str
    ) -> None:
        imports = "import email, json, logging, ssl, sqlite3, sys; print(sys.prefix)"
        look = f"python3 -c '{imports}' && ls /app/scripts && find /opt -path '/opt/ml*'"
        shell = ("--network=none", "--entrypoint=sh", image, "-euc", look)
        found = docker("run", "--rm", *shell).stdout.split()
        there = [path.name for path in (CONTAINER / "scripts").iterdir()]
        assert found == ["/opt/venv", *sorted(there)]

    def test_is_small_and_for_the_only_architecture_there_is(self, image: str) -> None:
        [facts] = json.loads(docker("image", "inspect", image).stdout)
        assert facts["Size"] <= 200 * 1000 * 1000
        assert (facts["Os"], facts["Architecture"]) == ("linux", "amd64")
        assert facts["Config"]["Entrypoint"] == ["/app/bin/entrypoint.py"]

    def test_starts_as_the_process_engine_reads_it_off_the_dockerfile(self, image: str) -> None:
        [facts] = json.loads(docker("image", "inspect", image).stdout)
        start = dockerfile.start((CONTAINER / "Dockerfile").read_text())
        environment = [f"{name}={value}" for name, value in start.environment.items()]
        assert sorted(facts["Config"]["Env"]) == sorted(environment)
        assert facts["Config"]["WorkingDir"] == start.workdir

    def test_may_be_of_a_script_alone(self, job: Job, tmp_path: Path) -> None:
        context = tmp_path / "context"
        shutil.copytree(CONTAINER, context)
        shutil.rmtree(context / "scripts")
        (context / "scripts").mkdir()
        script = '#!/bin/bash\ncp "$INPUT_PATH"/* "$OUTPUT_PATH"\n'
        (context / "scripts" / "process_data.sh").write_text(script)
        (job.input / "x").write_text("as it was")
        docker("run", "--rm", *options(job), build(context, "--tag=container-test-alone"))
        assert (job.output / "x").read_text() == "as it was"

    def test_arrives_in_a_registry_as_it_was_pushed(self, image: str, pushed_name: str) -> None:
        docker("tag", image, pushed_name)
        manifest = fetched(pushed_name, f"manifests/{push(pushed_name)}")
        assert manifest["config"]["digest"] == image

    def test_is_the_same_image_when_another_checkout_builds_it_again(
        self, pushed_name: str, tmp_path: Path
    ) -> None:
        program = record_program("local").one("docker:index/image:Image")["build"]
        assert program["args"].pop("BASE_IMAGE") == LOCAL_BASE
        options = [f"--build-arg={key}={value}" for key, value in program["args"].items()]
        digests: set[str] = set()
        for mode in (0o755, 0o700):
            checkout = tmp_path / f"{mode:o}" / "container"
            shutil.copytree(CONTAINER, checkout, copy_function=shutil.copyfile)
            # Steps that no earlier build of this machine has: Docker would mix their cache in.
            (checkout / "scripts" / "unique").write_text(pushed_name)
            (checkout / "Dockerfile").write_text(
                "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY . /app/\nRUN date >/date\n"
            )
            for path in checkout.rglob("*"):
                path.chmod(mode)
            context = build_context.stage(checkout)
            docker("pull", pushed_name, check=False)  # as pulumi-docker does before a build
            build(context, *options, f"--cache-from={pushed_name}", f"--tag={pushed_name}")
            digests.add(push(pushed_name))
        [digest] = digests
        config = fetched(pushed_name, f"manifests/{digest}")["config"]["digest"]
        # With it, a machine that has never built the image finds it, too.
        assert "moby.buildkit.cache.v0" in fetched(pushed_name, f"blobs/{config}")


class TestARun:
    def test_processes_the_input_without_network(self, image: str, job: Job) -> None:
        (job.input / "x.csv").write_text('a,b\n1,"2\n"\n3\n')
        done = docker("run", "--rm", *options(job), image)
        assert [json.loads(line)["stack"] for line in done.stdout.splitlines()] == ["dev", "dev"]
        found = json.loads((job.output / "summary.json").read_text())
        assert (found["records"], found["errors"]) == (1, 1)
        assert parquet(job.output / "x.csv.parquet") == (["a", "b"], [["1", "2\n"]])

    def test_is_the_same_in_a_training_job(self, image: str, tmp_path: Path) -> None:
        job = Job(tmp_path, training=True)
        (job.input / "x.csv").write_text("a\n1\n")
        docker("run", "--rm", *options(job), image)
        assert parquet(job.output / "x.csv.parquet") == (["a"], [["1"]])
        assert (job.starts[-1] / "message").read_bytes() == b""

    def test_fails_with_the_scripts_code_and_reason(self, image: str, job: Job) -> None:
        job.script('echo "no rows for $1" >&2; exit 3')
        run = [*options(job, script=job.process_data), image, "today"]
        assert docker("run", "--rm", *run, check=False).returncode == 3
        assert job.message == "process_data.sh failed with exit code 3: no rows for today"

    def test_loses_no_line_that_was_said_just_before_the_end(self, image: str, job: Job) -> None:
        job.script('seq 100000; seq 100000 >&2; : >"$OUTPUT_PATH/result"')
        run = [*options(job, script=job.process_data), image]
        done = docker("run", "--rm", *run)
        everything = "".join(f"{number}\n" for number in range(1, 100_001))
        assert (done.stdout == everything, done.stderr == everything) == (True, True)

    def test_out_of_memory_is_told_by_the_kernels_word(self, image: str, job: Job) -> None:
        job.script("head -c 200000000 /dev/zero | tail -c 150000000; exit 5")
        run = [*options(job, script=job.process_data), "--memory=64m", image]
        assert docker("run", "--rm", "--memory-swap=64m", *run, check=False).returncode == 5
        assert "the kernel killed 1 of its processes for lack of memory" in job.message

    def test_leaves_no_zombie_of_what_the_script_left_behind(self, image: str, job: Job) -> None:
        job.script(
            "for n in 1 2 3; do ( sleep 0.1 & ); done; sleep 0.4; "
            "grep -l '^State:.Z' /proc/[0-9]*/status | wc -l; : >\"$OUTPUT_PATH/x\""
        )
        done = docker("run", "--rm", *options(job, script=job.process_data), image)
        assert done.stdout == "0\n"

    def test_killed_by_a_timeout_is_not_out_of_memory(self, image: str, job: Job) -> None:
        job.script("exec timeout --signal KILL 0.1 sleep 600")
        run = [*options(job, script=job.process_data), image]
        assert docker("run", "--rm", *run, check=False).returncode == 137
        assert job.message == "process_data.sh failed with exit code 137"

    def test_is_refused_without_sagemakers_files(self, image: str, job: Job) -> None:
        job.config.unlink()
        assert docker("run", "--rm", *options(job), image, check=False).returncode == 64
        assert "/opt/ml/config/resourceconfig.json" in job.message

    def test_passes_a_stop_on_as_process_1(self, image: str, job: Job, container: str) -> None:
        job.script("trap 'echo tidy >&2; exit 9' TERM; echo ready; sleep 600 & wait")
        run = [*options(job, script=job.process_data), image]
        docker("run", "--detach", f"--name={container}", *run)
        deadline = time.monotonic() + TIMEOUT
        while "ready" not in docker("logs", container).stdout and time.monotonic() < deadline:
            pass  # the condition itself takes its time
        docker("stop", f"--time={TIMEOUT}", container)
        code = docker("inspect", "--format={{.State.ExitCode}}", container).stdout.strip()
        assert code == "9"
        assert job.message == "process_data.sh was stopped by SIGTERM, exit code 9: tidy"
