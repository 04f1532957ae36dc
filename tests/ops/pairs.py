"""The stack files of a stack and its pilot light."""

from pathlib import Path

HOME, OTHER = "eu-central-1", "eu-west-1"
PROD = f"""
config:
  aws:region: {HOME}
  sagemaker-processing:prefix: processing-prod
  sagemaker-processing:recovery: {{region: {OTHER}, lag_minutes: 15}}
  sagemaker-processing:schedules:
    daily: {{expression: "cron(0 4 * * ? *)", timezone: Europe/Berlin}}
    load: {{expression: "cron(0 4 * * ? *)", timezone: Europe/Berlin, after: daily}}
    hourly: {{expression: rate(1 hour), timezone: UTC}}
  sagemaker-processing:job:
    {{instance_type: ml.m5.xlarge, volume_gb: 10, max_runtime_seconds: 3600}}
"""
IMAGE = f"123456789012.dkr.ecr.{HOME}.amazonaws.com/processing-prod@sha256:{'ab' * 32}"


def put_pair(project: Path, light: str = "prod-recovery") -> None:
    """Give stack prod a second region."""
    (project / "Pulumi.prod.yaml").write_text(PROD, "utf-8")
    put_light(project, light)


def put_light(project: Path, name: str) -> None:
    own = f"config: {{aws:region: {OTHER}, recovery: {{of: prod}}, image: {{uri: '{IMAGE}'}}}}\n"
    (project / f"Pulumi.{name}.yaml").write_text(own, "utf-8")
