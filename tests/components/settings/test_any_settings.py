"""Whatever somebody writes into a stack's file: settings, or a refusal that can be printed."""

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from components.settings import ScheduleSettings, Settings
from components.settings.loader import SettingsError, read
from tests.conftest import PROJECT, stack_keys
from tests.examples import share

WRITTEN: dict[str, Any] = {
    key.removeprefix(f"{PROJECT}:"): json.loads(text) if text[0] == "{" else text
    for key, text in stack_keys("prod").items()
}
_texts = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # control characters, too
    | st.sampled_from(["", "a\x07\u2028", "9" * 5000, "{schedule:>9}", "{slot!r}", "[1"])
    | st.from_regex(r"\A(cron|at|rate)\([0-9A-Z*?/ ,#:T-]{0,20}\)\Z")
)
_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.just(10**20) | st.just(-(10**4000))
)
_trees = st.recursive(
    _scalars | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)


def _paths(part: type[BaseModel] = Settings, *above: str) -> list[tuple[str, ...]]:
    """Return every key of the settings, and of a schedule's."""
    found = [above] if above else []
    for name, field in part.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += _paths(kind, *above, name)
        elif name == "schedules":
            found += [(name,), *_paths(ScheduleSettings, name, "daily")]
        else:
            found.append((*above, name))
    return found


def _changed(tree: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    kept: Mapping[str, Any] = cast("Any", tree) if isinstance(tree, dict) else {}
    return {**kept, path[0]: _changed(kept.get(path[0]), path[1:], value)}


@settings(max_examples=share(2), suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(_paths()) | st.tuples(_texts, _texts), _trees), max_size=3
    ),
    region=st.just("eu-central-1") | _texts,
)
@example(changes=[(("\x1f:", ""), None)], region="eu-central-1")
def test_gives_settings_or_a_refusal_that_can_be_printed(
    changes: list[tuple[tuple[str, ...], Any]], region: str
) -> None:
    tree = WRITTEN
    for path, value in changes:
        tree = _changed(tree, path, value)
    keys = {
        f"{PROJECT}:{key}" if ":" not in key else key: (
            value if isinstance(value, str) else json.dumps(value)
        )
        for key, value in tree.items()
    }
    try:
        assert read({**keys, "aws:region": region}, PROJECT, "prod").stack == "prod"
    except SettingsError as error:
        said = str(error)
        assert "Input should" not in said
        assert "instance of" not in said
        assert all(line.isprintable() for line in said.split("\n"))
        assert said.startswith("Pulumi.prod.yaml has ")


@pytest.mark.parametrize(
    "text", ["[" * 100_000 + "]" * 100_000, '{"daily": ' + "[" * 900 + "]" * 900 + "}"]
)
def test_refuses_what_nests_too_deep(text: str) -> None:
    keys = stack_keys("prod") | {f"{PROJECT}:schedules": text}
    with pytest.raises(SettingsError, match="must be a map") as error:
        read(keys, PROJECT, "prod")
    assert len(str(error.value)) < 2000
