"""`make new-stack NAME=…`."""

import json
import re
import shutil
from pathlib import Path

import pytest

from components.settings import new_stack, stack_file
from components.settings.loader import read
from components.settings.model import Settings
from tests.conftest import PROJECT, ROOT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["qa", "q" * 17])
def test_the_file_is_accepted_and_sets_nothing_but_names_and_times_otherwise(
    root: Path, name: str
) -> None:
    new_stack.write(root, name)
    found = read(stack_file.keys(root, name), PROJECT, name)
    given = found.model_dump(include={"region", "prefix", "expression", "timezone"})
    assert found == Settings.model_validate({**given, "project": PROJECT, "stack": name})


def test_nothing_is_written_over(root: Path) -> None:
    new_stack.write(root, "qa")
    (root / "Pulumi.qa.yaml").write_text("mine", "utf-8")
    with pytest.raises(ValueError, match="is there already"):
        new_stack.write(root, "qa")
    assert (root / "Pulumi.qa.yaml").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["", "QA", "a/b", "../a", "q" * 18, "1a", "a--b", "a b"])
def test_a_name_that_no_stack_could_have_is_refused_with_what_is_allowed(
    root: Path, name: str
) -> None:
    with pytest.raises(ValueError, match="must be a-z"):
        new_stack.write(root, name)
    assert [*root.iterdir()] == [root / "Pulumi.yaml"]


class TestPilotLight:
    @pytest.fixture(autouse=True)
    def home(self, root: Path) -> None:
        (root / "Pulumi.prod.yaml").write_text(
            "config:\n  aws:region: eu-central-1\n  expression: rate(1 day)\n"
            "  recovery: {region: eu-west-1}\n"
        )

    def test_has_the_settings_of_its_home_stack_once_it_has_an_image(self, root: Path) -> None:
        told = new_stack.write(root, "prod-recovery", "prod", "eu-west-1")
        keys = stack_file.keys(root, "prod-recovery")
        image = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/p@sha256:{'ab' * 32}"
        keys |= {f"{PROJECT}:image": json.dumps({"uri": image})}
        assert read(keys, PROJECT, "prod-recovery").recovery.of == "prod"
        assert "pulumi config set --path recovery.region eu-west-1 --stack prod\n" in told
        assert 'image_uri --stack prod)" --stack prod-recovery\n' in told

    @pytest.mark.parametrize(
        ("of", "region", "said"),
        [
            ("prod", "", "OF and REGION go together"),
            ("", "eu-west-1", "OF and REGION go together"),
            ("prdo", "eu-west-1", 'OF = "prdo": there is no Pulumi.prdo.yaml'),
            ("prod", "eu-central-1", 'REGION = "eu-central-1": is that of prod itself'),
            ("prod", "us-gov-west-1", 'REGION = "us-gov-west-1": is in another partition than eu'),
            ("light", "eu-west-1", 'OF = "light": is a pilot light itself; OF=prod is its home'),
            ("prod", "eu-west", 'REGION = "eu-west": SageMaker is in no such region'),
        ],
    )
    def test_of_no_stack_or_no_region_is_refused(
        self, root: Path, of: str, region: str, said: str
    ) -> None:
        (root / "Pulumi.light.yaml").write_text("config: {recovery: {of: prod}}\n", "utf-8")
        with pytest.raises(ValueError, match=re.escape(said)):
            new_stack.write(root, "prod-recovery", of, region)
        assert not (root / "Pulumi.prod-recovery.yaml").exists()

    def test_is_deployed_in_the_order_that_the_documentation_says(self, root: Path) -> None:
        home = root / "Pulumi.prod.yaml"
        home.write_text("config: {aws:region: eu-central-1, expression: rate(1 day)}\n", "utf-8")
        new_stack.write(root, "prod-recovery", "prod", "eu-west-1")
        image = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/p@sha256:{'ab' * 32}"
        up: list[tuple[str, bool]] = []
        documentation = (ROOT / "docs" / "recovery.md").read_text("utf-8")
        for line in re.findall(r"^   pulumi (.*)", documentation, re.MULTILINE):
            if found := re.match(r"config set --path (\w+)\.(\w+) (.+) --stack (\S+)$", line):
                key, field, value, stack = found.groups()
                file = stack_file.load(root / f"Pulumi.{stack}.yaml")
                given = image if "image_uri" in value else value
                file["config"].setdefault(key, {})[field] = given
                (root / f"Pulumi.{stack}.yaml").write_text(json.dumps(file), "utf-8")
            elif line.startswith("up "):
                stack = line.rpartition(" ")[2]
                settings = read(stack_file.keys(root, stack), PROJECT, stack)
                up.append((stack, settings.recovery.region is not None))
        # S3 takes a rule only if the bucket that it leads to is there.
        assert up == [("prod", False), ("prod-recovery", True), ("prod", True)]
