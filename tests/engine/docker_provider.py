"""The stand-in for the Docker provider's one resource that the program uses: docker.Image.

Behaves as pulumi-docker 5 does (https://github.com/pulumi/pulumi-docker, provider/provider.go:
Check, Diff, Update, Delete, hashContext; provider/hybrid.go). Nothing is built: an image is a new
digest in the cloud's registry at each build, since a build gives the same bytes only by luck. The
one that it is given for its cache is found again, as tests/container/test_image.py shows of a real
engine. Each build is on a machine that has nothing yet.
"""

import hashlib
import re
import stat
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from botocore.exceptions import ClientError

from tests.engine import schema
from tests.engine.aws_cloud import Cloud
from tests.engine.provider import Call, Diff, Refused, Subject, top
from tests.engine.values import UNKNOWN, differences, has_unknown, secret

IMAGE = "docker:index/image:Image"
NO_ENGINE = (
    "Docker native provider returned an unexpected error from Configure: "
    "failed to connect to any docker daemon"
)
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class DockerProvider:
    """A Docker engine, and ECR as the registry that it pushes to."""

    package = "docker"
    version = metadata.version("pulumi-docker")

    def __init__(self, cloud: Cloud, directory: Path) -> None:
        self.cloud = cloud
        self.log: list[Call] = []
        self.engine_runs = True
        self.base = "sha256:of-the-base-image"
        """What the base image's name stands for."""
        self.media_type = DOCKER_MANIFEST
        """Of the manifests that this Docker makes."""
        self._directory = directory
        self._made_of: dict[str, tuple[Any, ...]] = {}
        self._media_types: dict[str, str] = {}

    def configure(self, args: dict[str, Any]) -> None:
        """Ping the engine, as Configure does in every operation, destroy included."""
        del args
        if not self.engine_runs:
            raise Refused(NO_ENGINE)

    def check(
        self, subject: Subject, old: dict[str, Any], new: dict[str, Any], seed: bytes
    ) -> tuple[dict[str, Any], Sequence[tuple[str, str]]]:
        del old, seed
        if subject.kind != IMAGE:
            message = f"the stand-in has no type {subject.kind}"
            raise Refused(message)
        kind = schema.kind(IMAGE)
        failures = [(key, "there is no such input") for key in new if key not in kind.inputs]
        for key in kind.inputs.keys() & new.keys():
            found = schema.problems(new[key], kind.inputs[key], kind.module, key)
            failures += [(key, problem) for problem in found]
        build = new["build"]
        digest = context_digest(self._directory, build["context"], build["dockerfile"])
        return {**new, "build": {**build, "contextDigest": digest}}, failures

    def diff(
        self, subject: Subject, olds: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
    ) -> Diff:
        del subject, old
        changes = differences(olds["__inputs"], new, "")
        changed = {top(path) for path in changes}
        if not any(path.startswith("registry.server") for path in changes):
            changed.discard("registry")  # user and password change at each login
        return Diff(dict.fromkeys(sorted(changed), "UPDATE"))

    def plan(self, subject: Subject, olds: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        del subject, olds
        if new.get("buildOnPreview"):
            message = "a preview builds an image"
            raise Refused(message)
        return {"imageName": new["imageName"], "repoDigest": UNKNOWN}

    def create(self, subject: Subject, new: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        del subject
        return new["imageName"], self._built_and_pushed(new)

    def update(
        self, subject: Subject, id_: str, olds: dict[str, Any], new: dict[str, Any]
    ) -> dict[str, Any]:
        """Build and push, whatever has changed."""
        del subject, id_, olds
        return self._built_and_pushed(new)

    def delete(self, subject: Subject, id_: str) -> None:
        """Do nothing: the image stays in the registry."""

    def read(self, subject: Subject, id_: str, known: dict[str, Any]) -> dict[str, Any] | None:
        """Return what is known: the provider does not look into the registry."""
        del subject, id_
        return {**known, "__inputs": secret(known["__inputs"])}

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        del args
        message = f"the stand-in has no function {token}"
        raise Refused(message)

    def client(self, service: str, *, region_name: str, config: object) -> Self:
        """Stand in for boto3's client of ECR, which the program asks of its image."""
        del config
        assert (service, region_name) == ("ecr", self.cloud.region)
        return self

    def describe_images(
        self,
        repositoryName: str,  # noqa: N803 - boto3's
        imageIds: list[dict[str, str]],  # noqa: N803 - boto3's
    ) -> dict[str, Any]:
        [wanted] = imageIds
        if wanted["imageDigest"] not in self.cloud.images.get(repositoryName, {}):
            error: Any = {"Error": {"Code": "ImageNotFoundException"}}
            raise ClientError(error, "DescribeImages")
        kind = self._media_types.get(wanted["imageDigest"], DOCKER_MANIFEST)
        return {"imageDetails": [{"imageManifestMediaType": kind}]}

    def _built_and_pushed(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if has_unknown(inputs):
            message = f"unknown inputs outside of a preview: {inputs}"
            raise Refused(message)
        address, _, tag = inputs["imageName"].rpartition(":")
        with self.cloud.lock:
            digest = self._built(inputs["build"])
            self.cloud.push(address.partition("/")[2], tag, digest)
        return {
            "__inputs": secret(inputs),
            "baseImageName": inputs["imageName"],
            "context": inputs["build"]["context"],
            "dockerfile": inputs["build"]["dockerfile"],
            "imageName": inputs["imageName"],
            "registryServer": inputs["registry"]["server"],
            "repoDigest": f"{address}@{digest}",
        }

    def _built(self, build: dict[str, Any]) -> str:
        """Return the digest of a cached image that is made of the same, or a new one."""
        made_of = (build["contextDigest"], build["args"], self.base, self.media_type)
        for name in build.get("cacheFrom", {}).get("images", []):
            address, _, tag = name.rpartition(":")
            for digest, tags in self.cloud.images_of(address.partition("/")[2]).items():
                if tag in tags and self._made_of.get(digest) == made_of:
                    return digest
        number = sum(map(len, self.cloud.images.values()))
        content = f"{made_of} {len(self.log)} {number}"
        digest = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
        self._media_types[digest] = self.media_type
        if build["args"].get("BUILDKIT_INLINE_CACHE") == "1":
            self._made_of[digest] = made_of
        return digest


def context_digest(directory: Path, context: str, dockerfile: str) -> str:
    """Return hashContext's digest: path, full mode and content of all that is not ignored."""
    root = directory / context
    named = root / ".dockerignore"
    ignored = _patterns(named.read_text("utf-8")) if named.is_file() else []
    digest = hashlib.sha256(_entry("Dockerfile", 0, directory / dockerfile))
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if not path.is_dir() and not _is_ignored(name, ignored):
            digest.update(_entry(name, path.lstat().st_mode, path))
    return digest.hexdigest()


def _entry(name: str, mode: int, path: Path) -> bytes:
    content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
    described = f"{name}{stat.filemode(mode)}".encode()
    return described + hashlib.sha256(content).digest() + b"\0"


def _patterns(text: str) -> list[tuple[bool, re.Pattern[str]]]:
    """Return (whether it takes back, pattern) of each line.
    https://docs.docker.com/build/concepts/context/#dockerignore-files"""
    found: list[tuple[bool, re.Pattern[str]]] = []
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            glob = line.removeprefix("!").strip("/")
            parts = re.split(r"(\*\*/?|\*|\?)", glob)
            words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
            expression = "".join(words.get(part, re.escape(part)) for part in parts)
            found.append((line.startswith("!"), re.compile(rf"{expression}(?:/.*)?")))
    return found


def _is_ignored(name: str, patterns: list[tuple[bool, re.Pattern[str]]]) -> bool:
    ignored = False
    for takes_back, pattern in patterns:
        if pattern.fullmatch(name):
            ignored = not takes_back
    return ignored
