"""Which engine builds the image, and what is said where none can."""

from pathlib import Path
from typing import Any

import pytest

from local.deploy.image_builder import EngineName, build_image
from local.engines import EngineError
from local.engines.docker import DockerEngine
from local.engines.process import ProcessEngine


class Build:
    """One image built from a context, and what was noted of it."""

    def __init__(self, asked_for: EngineName, context: Path, work: Path) -> None:
        self.notes: list[str] = []
        dockerfile = f"{context}/Dockerfile"
        build: dict[str, Any] = {"context": str(context), "dockerfile": dockerfile, "args": {}}
        engine, self.image = build_image(build, asked_for, work, note=self.notes.append)
        self.engine = engine.name


def test_a_file_or_folder_takes_the_place_of_the_contexts(
    process: ProcessEngine, tmp_path: Path
) -> None:
    assert process.available() is None
    context, mine = tmp_path / "context", tmp_path / "mine"
    for folder in (context / "scripts", mine / "lib"):
        folder.mkdir(parents=True)
    for file in (context / "Dockerfile", context / "scripts" / "a", context / "scripts" / "b"):
        file.write_text("theirs")
    (mine / "lib" / "a").write_text("mine")
    build: dict[str, Any] = {"context": str(context), "args": {}}

    def built(place: str, stand_in: Path) -> dict[str, str]:
        work = tmp_path / stand_in.name
        _, image = build_image(build, "process", work, replaced=(place, stand_in))
        scripts = Path(image, "scripts")
        files = (path for path in sorted(scripts.rglob("*")) if path.is_file())
        return {path.relative_to(scripts).as_posix(): path.read_text() for path in files}

    assert built("scripts/a", mine / "lib" / "a") == {"a": "mine", "b": "theirs"}
    assert built("scripts", mine / "lib") == {"a": "mine"}


class TestTheEngine:
    def test_auto_falls_back_to_processes_and_says_why(
        self, process: ProcessEngine, context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert process.available() is None
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
        built = Build("auto", context, tmp_path / "work")
        assert built.engine == "process"
        assert built.notes[0].startswith("engine process: the docker engine cannot be used: ")
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
        built = Build("auto", context, tmp_path / "work")
        assert (built.engine, "absent" in built.notes[0]) == ("process", True)

    def test_where_nothing_works_the_error_says_what_to_install(
        self, context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(EngineError, match=r"install Docker .* util-linux"):
            Build("auto", context, tmp_path / "work")

    def test_an_engine_asked_for_by_name_is_never_replaced(
        self, context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(EngineError, match="docker engine cannot be used: there is no docker"):
            Build("docker", context, tmp_path / "work")
