"""The stack files of a stack and its pilot light."""

from pathlib import Path

from tests.ops.conftest import PROD

HOME, OTHER = "eu-central-1", "eu-west-1"
_URI = f"123456789012.dkr.ecr.{HOME}.amazonaws.com/processing-prod@sha256:{'ab' * 32}"


def put_pair(project: Path, light: str = "prod-recovery") -> None:
    """Give stack prod a second region."""
    recovery = f"  sagemaker-processing:recovery: {{region: {OTHER}}}\n"
    (project / "Pulumi.prod.yaml").write_text(PROD + recovery, "utf-8")
    put_light(project, light)


def put_light(project: Path, name: str) -> None:
    """Write the stack file of prod's second region, which sets no more than it has to."""
    own = f"config:\n  aws:region: {OTHER}\n  recovery: {{of: prod}}\n  image: {{uri: {_URI}}}\n"
    (project / f"Pulumi.{name}.yaml").write_text(own, "utf-8")
