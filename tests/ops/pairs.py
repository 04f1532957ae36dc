"""The stack files of a stack and its pilot light."""

from pathlib import Path

from tests.ops.conftest import PROD

HOME, OTHER = "eu-central-1", "eu-west-1"


def put_pair(project: Path, light: str = "prod-recovery") -> None:
    """Give stack prod a second region, whose stack file sets nothing else of its own."""
    recovery = f"  sagemaker-processing:recovery: {{region: {OTHER}}}\n"
    (project / "Pulumi.prod.yaml").write_text(PROD + recovery, "utf-8")
    put_light(project, light)


def put_light(project: Path, name: str) -> None:
    own = PROD.replace(HOME, OTHER) + "  sagemaker-processing:recovery: {of: prod}\n"
    (project / f"Pulumi.{name}.yaml").write_text(own, "utf-8")
