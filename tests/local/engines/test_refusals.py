"""What the engines say when they cannot."""

from pathlib import Path

import pytest

from local.engines import Engine, EngineError
from local.engines.docker import DockerEngine
from tests.local.container_bench import Container


class TestErrorsNameTheWayOut:
    def test_a_build_that_fails_shows_its_output(self, tmp_path: Path) -> None:
        docker = DockerEngine()
        if reason := docker.available():
            pytest.skip(reason)
        (tmp_path / "Dockerfile").write_text("FROM debian:13-slim\nRUN echo broken-here; exit 3\n")
        with pytest.raises(EngineError, match="broken-here"):
            docker.build(tmp_path, {})

    def test_a_build_without_its_dockerfile_is_refused(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        with pytest.raises(EngineError, match="Dockerfile"):
            engine.build(tmp_path, {})

    def test_an_unknown_image_is_no_exit_code(self, engine: Engine, tmp_path: Path) -> None:
        with pytest.raises(EngineError, match="no-such-image"):
            Container(engine, "no-such-image:1", tmp_path).run("true")

    def test_a_sandbox_that_cannot_be_set_up_is_no_exit_code(
        self, sandbox: Container, tmp_path: Path
    ) -> None:
        with pytest.raises(EngineError, match=r"cannot be set up here: .*absent"):
            sandbox.run("true", ml=tmp_path / "absent")
