"""Write a new stack's file: `python -m components.settings.new_stack NAME`."""

import sys
from pathlib import Path

from components import names
from components.settings import stack_file

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
_NEXT = """\
Pulumi.{name}.yaml is written. Read it through, then:
  pulumi stack init {name}
  pulumi preview --stack {name}
CI deploys dev, staging and prod. For {name} it needs a job in .github/workflows/deploy.yml and
preview.yml, its name in drift.yml and comment.yml, and roles (bootstrap/README.md).
"""


def write(root: Path, name: str) -> str:
    """Write Pulumi.<name>.yaml, and return what to do next.

    Raises:
        ValueError: no stack can have that name, or the file is there already.
    """
    if not names.NAME.fullmatch(name) or len(name) > _LONGEST:
        raise ValueError(
            f'NAME = "{name}": must be a-z, 0-9 and single hyphens, beginning with a letter, with '
            f"up to {_LONGEST} characters, as in make new-stack NAME=qa"
        )
    text = _FILE.format(name=name, project=stack_file.project(root))
    try:
        with (root / f"Pulumi.{name}.yaml").open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ValueError(f"Pulumi.{name}.yaml is there already; edit it") from error
    return _NEXT.format(name=name)


if __name__ == "__main__":
    try:
        sys.stdout.write(write(Path(), sys.argv[1]))
    except ValueError as error:
        sys.exit(str(error))
