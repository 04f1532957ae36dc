"""The process engine for whoever is not root."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def readable() -> Iterator[Path]:
    """A directory that every user may read, as `tmp_path` is not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o755)
        yield Path(place)


class TestAnOrdinaryUser:
    """Tests run as root here and there, so this is a process of its own."""

    PROGRAM = """
import contextlib, pathlib, sys, tempfile, threading
from local.engines import ContainerRun
from local.engines.process import ProcessEngine

with tempfile.TemporaryDirectory() as place:
    ml = pathlib.Path(place, "ml")
    ml.mkdir()
    engine = ProcessEngine(pathlib.Path(place))
    if reason := engine.available():
        sys.exit("unavailable: " + reason)
    with engine.network(["algo-1"]) if sys.argv[2:] else contextlib.nullcontext() as network:
        spec = ContainerRun(entrypoint=["/bin/bash", "-c", sys.argv[1]], ml=ml, hostname="algo-1",
            stop_grace_s=1, network=network)
        code = engine.run(place, spec, print, threading.Event())
    print("caveat:", engine.caveat)
    print("files:", *((path.name, path.read_text()) for path in ml.rglob("*") if path.is_file()))
sys.exit(code)
"""

    def run(self, script: str, readable: Path, *network: str) -> list[str]:
        prefix, python = list[str](), sys.executable
        root = Path(__file__).parents[3]
        if os.geteuid() == 0:  # this user's Python may lie where nobody else may look
            prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            prefix, python = [*prefix, "--bounding-set=-all", "--inh-caps=-all"], "/usr/bin/python3"
            root = readable  # and so may this checkout
            shutil.copytree(Path(__file__).parents[3] / "local", root / "local")
        done = subprocess.run(
            [*prefix, python, "-B", "-c", self.PROGRAM, script, *network],
            cwd=root,
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
        )
        if "unavailable: " in done.stderr or not os.access(python, os.X_OK):
            pytest.skip(f"no process engine for an ordinary user: {done.stderr}")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def test_sees_a_script_give_files_away_or_is_told_that_it_cannot(self, readable: Path) -> None:
        script = (
            "cd /tmp; mkdir d; echo 7 >d/x; chown 501:20 d/x 2>/dev/null; tar -cf t.tar d; rm -r d;"
            "tar -xf t.tar && cp -a d /opt/ml && stat -c %u d/x"
        )
        owner, caveat, files = self.run(script, readable)
        assert (owner, caveat == "caveat: ") in {("501", True), ("0", False)}
        assert files == "files: ('x', '7\\n')"

    def test_connects_hosts(self, readable: Path) -> None:
        script = "cat /etc/hosts; tail -n +3 /proc/net/dev | cut -d: -f1"
        lines = self.run(script, readable, "with one")
        assert "10.0.0.1 algo-1" in lines
        assert {line.strip() for line in lines[-4:-2]} == {"lo", "eth0"}

    def test_reads_what_the_script_locked(self, readable: Path) -> None:
        *_, files = self.run(
            "mkdir /opt/ml/d; echo 7 >/opt/ml/d/x; chmod -R 000 /opt/ml/d", readable
        )
        assert files == "files: ('x', '7\\n')"
