"""Write a new stack's file: `python -m components.settings.new_stack NAME [OF REGION]`."""

import sys
from pathlib import Path

from components import names
from components.aws import models
from components.settings import stack_file
from components.settings.inheritance import File

_LONGEST = names.MAX_PREFIX - len("processing-")
_FILE = """\
# What differs from the defaults. Every key: docs/configuration.md
config:
  aws:region: eu-central-1
  # Begins the names of all resources: unique in its account and region. A change replaces them all.
  {project}:prefix: processing-{name}
  {project}:script: process_data.sh # below container/scripts/
  # When it runs, and on whose clock. A schedule may have its own, and its own script.
  {project}:expression: cron(0 4 * * ? *)
  {project}:timezone: Europe/Berlin
  {project}:schedules:
    daily:
      suspend: false # true: runs only by hand
  {project}:job:
    instance_type: ml.t3.medium # of which a new account may run some; more need a quota
  # Who is told why a run failed. AWS first asks each of them to confirm.
  {project}:alerts:
    subscriptions: [] # as in [{{ protocol: email, endpoint: team@example.com }}]
    monitoring: full # with alarms and a dashboard; messages: only the message of a run
  # keep: key, buckets, image and journal outlive the stack. destroy: they go with it.
  {project}:data: keep
  {project}:retention:
    log_days: 90
    output_days: null # in days; null: for ever
"""
_PILOT_LIGHT = """\
# The pilot light of {of}: it has all keys of Pulumi.{of}.yaml that this file does not set.
config:
  aws:region: {region}
  {project}:recovery: {{ of: {of} }}
"""
_NEXT_OF_PILOT_LIGHT = """\
Pulumi.{name}.yaml is written. Then:
  pulumi config set --path recovery.region {region} --stack {of}
  pulumi stack init {name}
  pulumi config set --path image.uri "$(pulumi stack output image_uri --stack {of})" --stack {name}
  pulumi preview --stack {name}
For its image and for CI, bootstrap has to know it: docs/deploy.md, images of a pilot light.
"""
_NEXT = """\
Pulumi.{name}.yaml is written. Read it through, then:
  pulumi stack init {name}
  pulumi preview --stack {name}
CI deploys dev, staging and prod. For {name} it needs a job in .github/workflows/deploy.yml and
preview.yml, its name in drift.yml and comment.yml, and roles (bootstrap/README.md).
"""


def write(root: Path, name: str, of: str = "", region: str = "") -> str:
    """Write Pulumi.<name>.yaml, and return what to do next.

    Args:
        root: where the stack files are.
        name: of the stack.
        of: the stack whose pilot light it is, in `region`; empty: it is none.
        region: of a pilot light.

    Raises:
        ValueError: no stack can have that name, or the file is there already, or there is no stack
            or region for a pilot light.
    """
    if not names.NAME.fullmatch(name) or len(name) > _LONGEST:
        raise ValueError(
            f'NAME = "{name}": must be a-z, 0-9 and single hyphens, beginning with a letter, with '
            f"up to {_LONGEST} characters, as in make new-stack NAME=qa"
        )
    if bool(of) != bool(region):
        raise ValueError(
            "OF and REGION go together: make new-stack NAME=prod-recovery OF=prod REGION=eu-west-1"
        )
    if of and not (root / f"Pulumi.{of}.yaml").is_file():
        raise ValueError(f'OF = "{of}": there is no Pulumi.{of}.yaml')
    if region and region not in models.sagemaker_regions():
        raise ValueError(f'REGION = "{region}": SageMaker is in no such region')
    if of:
        _refuse(stack_file.own(root, of), region)
    given = {"name": name, "of": of, "region": region, "project": stack_file.project(root)}
    text = (_PILOT_LIGHT if of else _FILE).format(**given)
    try:
        with (root / f"Pulumi.{name}.yaml").open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ValueError(f"Pulumi.{name}.yaml is there already; edit it") from error
    return (_NEXT_OF_PILOT_LIGHT if of else _NEXT).format(**given)


def _refuse(home: File, region: str) -> None:
    """Raise ValueError if no stack in that region can be the pilot light of `home`."""
    if home.of:
        raise ValueError(
            f'OF = "{home.stack}": is a pilot light itself; OF={home.of} is its home stack'
        )
    if home.region and region == home.region:
        raise ValueError(f'REGION = "{region}": is that of {home.stack} itself; name another')
    if home.region and models.partition(region) != models.partition(home.region):
        raise ValueError(
            f'REGION = "{region}": is in another partition than {home.region}, where {home.stack} '
            "is, and S3 replicates from none to another"
        )


if __name__ == "__main__":
    try:
        sys.stdout.write(write(Path(), *sys.argv[1:]))
    except ValueError as error:
        sys.exit(str(error))
