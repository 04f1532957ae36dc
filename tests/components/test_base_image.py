from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pulumi.runtime
import pytest

from components.account import Account
from components.base_image import Reference, in_force, parse, warning
from components.image import Image, ImageArgs
from components.settings import ProtectionSettings
from tests.conftest import ACCOUNT, REGION, ROOT, record

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = f"sha256:{'ab' * 32}"


def image(context: Path, base_image: str | None) -> ImageArgs:
    return ImageArgs(
        account=Account(partition="aws", region=REGION, id=ACCOUNT),
        prefix="p-dev",
        key_arn="arn:aws:kms:eu-central-1:123456789012:key/1234abcd",
        context=context,
        base_image=base_image,
        keep=5,
        protection=ProtectionSettings(),
    )


class TestReference:
    @pytest.mark.parametrize(
        ("text", "name", "tag", "digest"),
        [
            ("debian", "debian", None, None),
            ("debian:13-slim", "debian", "13-slim", None),
            (f"debian@{DIGEST}", "debian", None, DIGEST),
            (f"debian:13-slim@{DIGEST}", "debian", "13-slim", DIGEST),
            ("localhost:5000/base", "localhost:5000/base", None, None),
            (f"10.0.0.1:5000/a/b_c:1.2@{DIGEST}", "10.0.0.1:5000/a/b_c", "1.2", DIGEST),
            ("public.ecr.aws/a/debian:13", "public.ecr.aws/a/debian", "13", None),
        ],
    )
    def test_has_a_name_and_perhaps_a_tag_and_a_digest(
        self, text: str, name: str, tag: str | None, digest: str | None
    ) -> None:
        assert parse(text) == Reference(name, tag, digest)

    @pytest.mark.parametrize(
        "text", ["", "--help", "a b", "debian:", "debian@sha256:12", f"debian@{DIGEST}0", "a\n"]
    )
    def test_is_none_for_what_is_no_name(self, text: str) -> None:
        assert parse(text) is None


class TestInForce:
    def test_is_the_setting_or_else_the_dockerfiles_default(self, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text("# x\nARG BASE_IMAGE=a:1\nFROM ${BASE_IMAGE}\n")
        assert in_force(tmp_path, "b:2") == "b:2"
        assert in_force(tmp_path, None) == "a:1"

    @pytest.mark.parametrize("line", ["ARG BASE_IMAGE", "# ARG BASE_IMAGE=a:1", "ARG OTHER=a"])
    def test_is_none_where_the_dockerfile_has_no_default(self, tmp_path: Path, line: str) -> None:
        (tmp_path / "Dockerfile").write_text(f"{line}\nFROM scratch\n")
        assert in_force(tmp_path, None) is None

    def test_of_the_repositorys_own_dockerfile_is_a_stable_debian_with_a_digest(self) -> None:
        found = parse(in_force(ROOT / "container", None) or "")
        assert found is not None
        assert (found.name, found.tag) == ("public.ecr.aws/docker/library/debian", "13-slim")
        assert found.digest


class TestWarning:
    def test_names_the_image_and_the_command(self) -> None:
        found = warning("debian:13-slim", "prod")
        assert found is not None
        assert "debian:13-slim has no digest" in found
        assert "python -m ops base-image --stack prod" in found

    def test_is_none_with_a_digest_and_where_there_is_no_base_image(self) -> None:
        assert warning(f"debian:13-slim@{DIGEST}", "prod") is None
        assert warning(None, "prod") is None

    @pytest.mark.parametrize(
        "case",
        [(True, [None, f"a:1@{DIGEST}", "b:2"]), (False, [None])],
        ids=["preview", "update"],
    )
    def test_is_given_by_a_preview_of_what_has_no_digest(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        case: tuple[bool, list[str | None]],
    ) -> None:
        preview, settings = case
        monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
        context = tmp_path / "context"
        context.mkdir()
        (context / "Dockerfile").write_text("ARG BASE_IMAGE=a:1\n")
        for args in (image(context, setting) for setting in settings):
            record(partial(Image, "image", args), "dev")
        told = [each.getMessage() for each in caplog.records if "digest" in each.getMessage()]
        assert told == ([warning("a:1", "dev"), warning("b:2", "dev")] if preview else [])
