"""What import-linter is told covers the whole program."""

import tomllib

from tests.conftest import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]


def test_every_package_is_looked_at() -> None:
    found = {
        path.parent.name
        for path in [*ROOT.glob("*/__init__.py"), *ROOT.glob("lambda/*/__init__.py")]
    }
    assert {*SETTINGS["root_packages"], "tests", "benchmarks"} == found


def test_every_component_is_kept_from_what_stands_below_it() -> None:
    [listed] = [
        contract["forbidden_modules"]
        for contract in SETTINGS["contracts"]
        if contract["name"] == "Only components and __main__ import a component"
    ]
    found = {
        "components." + file.relative_to(ROOT / "components").parts[0].removesuffix(".py")
        for file in (ROOT / "components").rglob("*.py")
        if "(pulumi.ComponentResource):" in file.read_text("utf-8")
    }
    assert set(listed) == found
