"""What the engines say when they cannot, and which one is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.engines import Engine, EngineError, build
from local.engines.docker import DockerEngine
from tests.local.container_bench import Container

if TYPE_CHECKING:
    from local.engines.process import ProcessEngine


class TestErrorsNameTheWayOut:
    def test_a_build_that_fails_shows_its_output(self, tmp_path: Path) -> None:
        docker = DockerEngine()
        if reason := docker.available():
            pytest.skip(reason)
        (tmp_path / "Dockerfile").write_text("FROM debian:13-slim\nRUN echo broken-here; exit 3\n")
        with pytest.raises(EngineError, match="broken-here"):
            docker.build(tmp_path, "Dockerfile", {})

    def test_a_build_without_its_dockerfile_is_refused(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        with pytest.raises(EngineError, match="Dockerfile"):
            engine.build(tmp_path, "Dockerfile", {})

    def test_an_unknown_image_is_no_exit_code(self, engine: Engine, tmp_path: Path) -> None:
        with pytest.raises(EngineError, match="no-such-image"):
            Container(engine, "no-such-image:1", tmp_path).run("true")

    def test_a_sandbox_that_cannot_be_set_up_is_no_exit_code(
        self, sandbox: Container, tmp_path: Path
    ) -> None:
        with pytest.raises(EngineError, match=r"cannot be set up here: .*absent"):
            sandbox.run("true", ml=tmp_path / "absent")

    def test_the_process_engine_needs_an_entry_point(self, sandbox: Container) -> None:
        with pytest.raises(EngineError, match="ContainerEntrypoint"):
            sandbox.run("", entrypoint=[])

    def test_auto_falls_back_to_processes_and_says_why(
        self, process: ProcessEngine, context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert process.available() is None
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
        built = build("auto", context, "Dockerfile", {}, tmp_path / "snapshots")
        assert built.engine.name == "process"
        assert built.reason.startswith("the docker engine cannot be used: ")
        assert (Path(built.image) / "Dockerfile").is_file()

    def test_auto_falls_back_when_docker_cannot_build(
        self, process: ProcessEngine, tmp_path: Path
    ) -> None:
        assert process.available() is None
        if reason := DockerEngine().available():
            pytest.skip(f"the docker engine: {reason}")
        context = tmp_path / "context"
        context.mkdir()
        (context / "Dockerfile").write_text("FROM scratch\nCOPY absent /\n")
        built = build("auto", context, "Dockerfile", {}, tmp_path / "snapshots")
        assert (built.engine.name, "absent" in built.reason) == ("process", True)

    def test_where_nothing_works_the_error_says_what_to_install(
        self, context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(EngineError, match=r"install Docker .* util-linux"):
            build("auto", context, "Dockerfile", {}, tmp_path)

    def test_an_engine_asked_for_by_name_is_never_replaced(
        self, context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(EngineError, match="docker engine cannot be used: there is no docker"):
            build("docker", context, "Dockerfile", {}, tmp_path)
