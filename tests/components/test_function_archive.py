"""What travels in a function's archive beside our own code, the same from every machine."""

import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import cast

import pulumi
import pytest

from components import function_archive
from components.function_archive import PACKAGES
from pipeline import sdk
from tests.components.settings.test_settings import settings

LOCK = Path("requirements.txt")


def needed(names: Iterable[str]) -> set[str]:
    """Return packages with all that they need."""
    found = set(names)
    for name in names:
        required = [each for each in metadata.requires(name) or () if "extra ==" not in each]
        found |= needed(re.split(r"[^\w.-]", each)[0] for each in required)
    return found


class TestFiles:
    def test_are_those_of_powertools_and_of_all_that_it_needs(self) -> None:
        assert needed(["aws-lambda-powertools"]) == set(PACKAGES)
        places = function_archive.packages()
        assert {"aws_lambda_powertools/__init__.py", "jmespath/__init__.py"} <= places.keys()
        assert "typing_extensions.py" in places

    def test_are_sources_and_a_licence_of_each_and_nothing_that_an_installer_wrote(self) -> None:
        places = function_archive.packages()
        licences = [place for place in places if not place.endswith(".py")]
        assert len(licences) == len(PACKAGES)
        assert all(place.endswith("/LICENSE") for place in licences)
        assert not [place for place in places if place.startswith(("/", "..", "bin/"))]

    def test_are_plain_python_for_every_processor(self) -> None:
        for name in PACKAGES:
            wheel = metadata.distribution(name).read_text("WHEEL") or ""
            assert "Root-Is-Purelib: true" in wheel
            assert set(re.findall(r"^Tag: py\d-(\S+)$", wheel, re.MULTILINE)) == {"none-any"}

    def test_are_named_without_this_machines_directories(self) -> None:
        assert not any(path.is_absolute() for path in function_archive.packages().values())


@pytest.mark.parametrize("function", ["launcher", "observer"])
def test_models_of_training_jobs_travel_only_where_a_schedule_is_on_spot(function: str) -> None:
    def models(capacity: str) -> str:
        assets = function_archive.build(function, settings(job__capacity=capacity)).assets
        found = [each for place, each in assets.items() if place.startswith(f"{sdk.MODELS}/")]
        return "".join(cast("pulumi.StringAsset", each).text for each in found)

    assert '"DescribeTrainingJob":{' not in models("on-demand")
    assert '"DescribeTrainingJob":{' in models("spot")


class TestVersions:
    def lock(self, monkeypatch: pytest.MonkeyPatch, directory: Path, old: str, new: str) -> None:
        text = LOCK.read_text("utf-8")
        assert old in text
        changed = directory / "requirements.txt"
        changed.write_text(text.replace(old, new), "utf-8")
        monkeypatch.setattr(function_archive, "_LOCK", changed)

    def test_of_another_than_the_locked_one_nothing_is_deployed(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        self.lock(monkeypatch, tmp_path, f"jmespath=={metadata.version('jmespath')}", "jmespath==0")
        with pytest.raises(
            pulumi.RunError, match=r"jmespath is not installed in version 0, .*`pulu"
        ):
            function_archive.packages()

    def test_models_are_of_no_other_botocore_than_the_locked_one(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        self.lock(monkeypatch, tmp_path, f"botocore=={metadata.version('botocore')}", "botocore==0")
        with pytest.raises(pulumi.RunError, match=r"botocore is not installed in version 0"):
            function_archive.build("launcher", settings())

    def test_a_package_that_is_not_installed_is_named(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        self.lock(monkeypatch, tmp_path, "jmespath==", "absent==")
        monkeypatch.setattr(function_archive, "PACKAGES", ("absent",))
        with pytest.raises(pulumi.RunError, match=r"absent is not installed .*`pulumi install`"):
            function_archive.packages()
