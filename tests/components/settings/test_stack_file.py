"""A stack's file without Pulumi: the same values as with it, or a sentence."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.settings import stack_file
from components.settings.errors import SettingsError

PLAIN = """
config:
  aws:region: eu-central-1
  prefix: own
  p:nothing:
  p:truth: true
  p:text: yes
  p:values:
    - ["2026-01-05", 2xlarge, 10.0.0.0/24, 3d 04h, 2026-Q1]
    - [0, 12, -7, 123456789012, 0.5, -10.0001, 999999999.25]
    - [yes, no, on, off, y, TRUE, False, true, ~, Null, null]
    - {2: a, true: b, <<: {c: d}, =: e}
"""
READ = {
    "aws:region": "eu-central-1",
    "p:prefix": "own",
    "p:nothing": "",
    "p:truth": "true",
    "p:text": "yes",
    "p:values": [
        ["2026-01-05", "2xlarge", "10.0.0.0/24", "3d 04h", "2026-Q1"],
        [0, 12, -7, 123456789012, 0.5, -10.0001, 999999999.25],
        ["yes", "no", "on", "off", "y", True, False, True, None, None, None],
        {"2": "a", "true": "b", "c": "d", "=": "e"},
    ],
}


def written(directory: Path, text: str) -> Path:
    (directory / "Pulumi.yaml").write_text("name: p\nruntime: python\n", "utf-8")
    (directory / "Pulumi.x.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    return directory


def test_gives_what_a_program_gets_from_pulumi(tmp_path: Path) -> None:
    keys = stack_file.keys(written(tmp_path, PLAIN), "x")
    assert {key: json.loads(t) if t[:1] == "[" else t for key, t in keys.items()} == READ


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi on PATH")
def test_pulumi_itself_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, PLAIN)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    for words in (["stack", "init", "x"], ["config", "--json"]):
        done = subprocess.run(
            ["pulumi", *words], cwd=tmp_path, capture_output=True, text=True, check=True
        )
    found = {
        key: each.get("objectValue", each["value"]) for key, each in json.loads(done.stdout).items()
    }
    assert found == READ


@pytest.mark.parametrize("text", ["", "encryptionsalt: v1:abc\n", "config:\n", "config: {}\n"])
def test_a_file_that_sets_nothing_is_read(tmp_path: Path, text: str) -> None:
    assert stack_file.keys(written(tmp_path, text), "x") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config:\n\tp:prefix: x\n", r"Pulumi.x.yaml, line 2: found character .* with spaces"),
        ("config:\n  p:a: {b: cron(0 4 * * ? *)}\n", "line 2: .*; within braces .* quote a text"),
        ("config:\n  p:a: [cron(0 4 ? * 2 *)]\n", "line 2: .*; within braces .* quote a text"),
        ("config:\n  p:a: 2026-01-05\n", "Pulumi.x.yaml, line 2: quote '2026-01-05'"),
        ("config:\n  p:a: [2026-1-5 02:03:04]\n", "line 2: quote '2026-1-5 02:03:04'"),
        ("config:\n  p:a: {b: 1, b: 2}\n", "Pulumi.x.yaml, line 2: b comes twice"),
        ("config:\n  p:a: [1\n", "Pulumi.x.yaml, line 3: "),
        ("config: {a: 1}\n---\nconfig: {}\n", "Pulumi.x.yaml, line 2: "),
        ("config:\n  p:a: !!python/object:os.system x\n", "Pulumi.x.yaml, line 2: "),
        ("config: {p:a: {? [1] : 2}}\n", "Pulumi.x.yaml, line 1: "),
        ("config: !!int\n", "no YAML that Pulumi would read"),
        ("config: {p:a: !!timestamp 2026-01-05}\n", "p:a is no JSON"),
        ("config: {p:a: !!bool x}\n", "no YAML that Pulumi would read"),
        ("config: [p:a]\n", "config must be a map"),
        ("- config\n", "must be a map, with config"),
        ("config: {p:a: !!float .inf}\n", "p:a is no JSON"),
        ('config: {p:a: ["\\ud800"]}\n', "p:a is no JSON"),
        ("config: {p:a: &a [*a]}\n", "p:a is no JSON: Circular"),
        ("config: {p:a: \x01}\n", "no YAML that Pulumi would read"),
        ("config: {p:a: \udcff}\n", "no YAML that Pulumi would read"),
        ("config: {p:a: " + "[" * 1000 + "}", "no YAML that Pulumi would read"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as error:
        stack_file.keys(written(tmp_path, text), "x")
    assert str(error.value).isprintable()


WORDS = ("\n  p:a: ", "&a ", "*a", "<<: ", "!!set ", "!!timestamp ", "secure: ", "1", "2026-01-05")
SIGNS = tuple("\n -:,?{}[]|'\"\t#%~\\\x07")


@given(st.lists(st.sampled_from(WORDS + SIGNS)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_the_file_is_read_or_refused_in_a_line(
    tmp_path: Path, parts: list[str]
) -> None:
    directory = written(tmp_path, "".join(["config:\n  ", *parts]))
    said = ""
    try:
        stack_file.keys(directory, "x")
    except SettingsError as error:
        said = str(error)
    assert said == "" or said.isprintable()


OTHER_FORMS = (
    "010 0o10 08 0x1f 0B11 1_000 +49 -_1 -0x1 1e3 .5 1. 1.10 1.2.3 12:30:45 2026-1 .inf .NaN "
    "9223372036854775808"
)


@pytest.mark.parametrize("number", OTHER_FORMS.split())
def test_a_number_that_may_be_read_otherwise_is_to_be_quoted(tmp_path: Path, number: str) -> None:
    with pytest.raises(SettingsError, match=f"line 1: quote '{re.escape(number)}'"):
        stack_file.keys(written(tmp_path, f"config: {{p:a: [{number}]}}\n"), "x")
    assert stack_file.keys(written(tmp_path, f"config: {{p:a: '{number}'}}\n"), "x")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Pulumi.x.yaml cannot be read: No such file"):
        stack_file.keys(tmp_path, "x")
