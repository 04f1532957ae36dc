"""Print where the script reads and writes, and its place among the hosts, each on a line.

INPUT_PATH, the directory that is uploaded, OUTPUT_PATH, HOST_INDEX (from 0) and HOST_COUNT, from
the two files that SageMaker writes. What is wrong with those goes to stderr; exit code 1.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

_CONFIG = "/opt/ml/config"
_DATA = "/opt/ml/processing"


def main() -> None:
    """Run the command line."""
    source, target = _parsed("processingjobconfig.json", _local_paths)
    host, index, count = _parsed("resourceconfig.json", _place)
    output = f"{target}/{host}" if count > 1 else target
    sys.stdout.write(f"{source}\n{target}\n{output}\n{index}\n{count}\n")


def _parsed(name: str, reader: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - the reader's
    path = f"{_CONFIG}/{name}"
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes long to load
            return reader(json.load(file))
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    except ValueError as error:
        sys.exit(f"{path}: {error}")
    except (KeyError, TypeError, AttributeError) as error:
        sys.exit(f"{path}: not in SageMaker's form: {error!r}")


def _local_paths(job: dict[str, Any]) -> tuple[str, str]:
    inputs: list[Any] = job.get("ProcessingInputs") or []
    configured: dict[str, Any] = job.get("ProcessingOutputConfig") or {}
    outputs: list[Any] = configured.get("Outputs") or []
    sources = [each["S3Input"]["LocalPath"] for each in inputs]
    targets = [each["S3Output"]["LocalPath"] for each in outputs]
    return (*sources, f"{_DATA}/input")[0], (*targets, f"{_DATA}/output")[0]


def _place(resources: dict[str, Any]) -> tuple[str, int, int]:
    # By number, so that every host counts alike whatever order its list has.
    hosts = sorted(resources["hosts"], key=lambda host: (len(host), host))
    return resources["current_host"], hosts.index(resources["current_host"]), len(hosts)


if __name__ == "__main__":
    main()
