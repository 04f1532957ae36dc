"""The image: built and pushed, or one that exists."""

import json
import re
from pathlib import Path
from typing import ClassVar
from unittest.mock import patch

import pulumi
import pytest

from components import build_context
from components.aws import image_manifest
from components.image import Image
from tests.components.settings.test_settings import keys_of
from tests.components.stacks import KEY, build, stack
from tests.conftest import ACCOUNT, REGION, Recorder, record_program
from tests.recorded import program


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "entrypoint.sh").write_text("true\n")
    monkeypatch.setattr(build_context, "CONTEXT", folder)
    return folder


def image(base: str | None = None) -> Recorder:
    of = stack(prefix="p-dev", image={"base": base})
    return build(lambda: Image("image", of))


def image_name(base: str | None = None) -> str:
    return image(base).one("docker:index/image:Image")["imageName"]


@pytest.mark.usefixtures("context")
class TestImage:
    def test_is_built_for_the_processor_of_processing_instances(self) -> None:
        built = image().one("docker:index/image:Image")
        assert built["build"]["platform"] == "linux/amd64"
        assert built["buildOnPreview"] is False
        assert built["skipPush"] is False

    @pytest.mark.parametrize(
        ("base", "warned"),
        [(None, False), (f"a:1@sha256:{'ab' * 32}", False), ("b:2", True)],
    )
    def test_of_a_base_image_without_a_digest_is_warned_of_by_a_preview(
        self,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        base: str | None,
        *,
        warned: bool,
    ) -> None:
        monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
        image(base)
        told = [each.getMessage() for each in caplog.records if "no digest" in each.getMessage()]
        assert bool(told) is warned
        assert all("docker buildx imagetools inspect b:2" in each for each in told)

    def test_is_built_of_a_copy_that_is_the_same_on_every_machine(self, context: Path) -> None:
        build = image().one("docker:index/image:Image")["build"]
        staged = Path(build["context"])
        assert staged.parent == context.parent / ".build"
        assert build["dockerfile"] == (staged / "Dockerfile").as_posix()
        assert (staged / "Dockerfile").read_text() == "FROM scratch\n"

    def test_is_found_again_by_the_cache_that_the_registry_has_of_it(self) -> None:
        built = image("debian:13-slim").one("docker:index/image:Image")
        assert built["build"]["cacheFrom"] == {"images": [built["imageName"]]}
        assert built["build"]["args"] == {
            "BASE_IMAGE": "debian:13-slim",
            "BUILDKIT_INLINE_CACHE": "1",
        }

    def test_the_same_context_has_the_same_tag_and_any_change_another(self, context: Path) -> None:
        before = image_name()
        assert image_name() == before
        assert not before.endswith(":latest")
        assert image_name("debian:13-slim") != before
        (context / "entrypoint.sh").write_text("false\n")
        assert image_name() != before

    def test_the_repository_takes_a_tag_again_and_is_scanned_and_encrypted(self) -> None:
        repository = image().one("aws:ecr/repository:Repository")
        assert repository["imageTagMutability"] == "MUTABLE"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]

    def test_the_newest_tested_images_stay_and_beside_them_the_newest_of_all(self) -> None:
        policy = json.loads(image().one("aws:ecr/lifecyclePolicy:LifecyclePolicy")["policy"])
        rules = {each["rulePriority"]: each["selection"] for each in policy["rules"]}
        newest = {"countType": "imageCountMoreThan"}
        tested = {"tagStatus": "tagged", "tagPrefixList": ["tested-"]}
        assert rules == {
            1: {**newest, **tested, "countNumber": 30},
            2: {**newest, "tagStatus": "any", "countNumber": 10},
        }


def test_a_repository_that_is_shared_no_more_loses_its_policy() -> None:
    kind = "aws:ecr/repositoryPolicy:RepositoryPolicy"
    [policy] = [each for each in program("existing").requests if each.type == kind]
    assert not policy.retainOnDelete, "the other account could go on pulling"


class TestImageThatExists:
    """With image.uri, of another account's repository."""

    OWNER = "210987654321"
    URI = f"{OWNER}.dkr.ecr.{REGION}.amazonaws.com/team/shared@sha256:{'cd' * 32}"

    @pytest.fixture(scope="class")
    @classmethod
    def recorder(cls) -> Recorder:
        return record_program("prod", keys_of(image={"uri": cls.URI}))

    def test_is_what_jobs_run_and_none_is_built(self, recorder: Recorder) -> None:
        functions = recorder.inputs("aws:lambda/function:Function")
        assert functions["launcher-function"]["environment"]["variables"]["IMAGE_URI"] == self.URI
        assert recorder.exports["image_uri"] == self.URI
        assert "docker:index/image:Image" not in recorder.kinds()
        assert not [kind for kind in recorder.kinds() if kind.startswith("aws:ecr/")]

    def test_is_pulled_from_that_repository_and_no_other(self, recorder: Recorder) -> None:
        policies = recorder.inputs("aws:iam/rolePolicy:RolePolicy")
        statements = json.loads(policies["job-policy"]["policy"])["Statement"]
        [pull] = [each for each in statements if each["Sid"] == "PullImage"]
        assert pull["Resource"] == [f"arn:aws:ecr:{REGION}:{self.OWNER}:repository/team/shared"]

    def test_has_its_scans_told_in_the_account_that_has_it(self, recorder: Recorder) -> None:
        rules = recorder.inputs("aws:cloudwatch/eventRule:EventRule")
        assert rules.keys() == {"alerts-alarms-over", "observer-rule"}

    def test_of_the_stacks_own_repository_leaves_that_to_the_stack(self) -> None:
        of = stack(
            prefix="p",
            image={"uri": self.URI.replace("team/shared", "p").replace(self.OWNER, ACCOUNT)},
        )
        assert "aws:ecr/repository:Repository" in build(lambda: Image("image", of)).kinds()

    def test_of_which_ecr_says_nothing_is_warned_of_with_what_a_boundary_needs(self) -> None:
        of = stack(image={"uri": self.URI.replace(self.OWNER, ACCOUNT)})
        with patch.object(pulumi.log, "warn") as warn:
            build(lambda: Image("image", of))
        assert "whether team/shared has the image" in warn.call_args.args[0]

    def test_is_not_shared_with_others(self) -> None:
        of = stack(image={"uri": self.URI, "shared_with": [{"prefix": "x"}]})
        with pytest.raises(pulumi.RunError, match=r"no images to share.*the one that builds it"):
            build(lambda: Image("image", of))


class TestPilotLight:
    HOME = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/p@sha256:{'cd' * 32}"
    HERE = HOME.replace("eu-west-1", REGION)
    RECOVERY: ClassVar = {"recovery": {"of": "home", "region": "eu-west-1"}, "prefix": "p"}

    @pytest.mark.parametrize("uri", [HOME, HERE])
    def test_runs_the_home_stacks_image_from_its_own_region(self, uri: str) -> None:
        of = stack(**self.RECOVERY, image={"uri": uri})
        made: list[Image] = []
        told: list[str] = []

        def make() -> None:
            made.append(Image("image", of))
            made[0].uri.apply(told.append)

        recorder = build(make)
        assert told == [self.HERE]
        assert made[0].owner == of.account
        assert recorder.kinds() == {"sagemaker-processing:image:Image"}, "no repository of its own"

    def test_without_the_copy_says_how_it_comes(self) -> None:
        of = stack(**self.RECOVERY, image={"uri": self.HOME})

        def missing(region: str, repository: str, digest: str, why: str) -> None:
            assert (region, repository, digest) == (REGION, "p", f"sha256:{'cd' * 32}")
            raise pulumi.RunError(why)

        def make() -> None:
            with patch.object(image_manifest, "media_type", missing):
                Image("image", of)

        there = self.HERE.partition("@")[0]
        copy = f"imagetools create --prefer-index=false --tag {there}:first {self.HOME}"
        with pytest.raises(pulumi.RunError, match=f"{re.escape(copy)}$"):
            build(make)
