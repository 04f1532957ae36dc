"""Where SageMaker puts a job's files, and from where it takes what the job leaves.

A job on spot is a training job, of which SageMaker starts the container again, on another machine,
when it has lost one. An upload that was cut off may have left objects of an earlier start, so each
start writes into a folder of its own. The last one counts, and its message is its last file.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

SHOWN = 1024
"""Characters that SageMaker shows of an ExitMessage and of a FailureReason, at most."""
_AROUND = len("AlgorithmError: , exit code: 255")  # what SageMaker puts around a failure's text


class Places(NamedTuple):
    """What of it is where, and how many characters a failure's text may have."""

    resources: Path
    input: Path
    reference: Path
    output: Path
    checkpoint: Path
    success_text: Path
    failure_text: Path
    longest_failure: int = SHOWN
    checkpoint_lasts: bool = False
    """Whether a next start, on another machine, has it again."""


MESSAGE = Path("/opt/ml/output/message")
"""Where a script may say something itself; SageMaker shows it of a processing job."""


def of_job(environment: Mapping[str, str]) -> Places:
    """Return the places of the kind of job that this is.

    https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html and
    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
    """
    if environment.get("TRAINING_JOB_NAME"):
        return _of_training(datetime.now(UTC))
    root = Path("/opt/ml/processing")
    return Places(
        resources=Path("/opt/ml/config/resourceconfig.json"),
        input=root / "input",
        reference=root / "reference",
        output=root / "output",
        checkpoint=root / "checkpoint",
        success_text=MESSAGE,
        failure_text=MESSAGE,
    )


def _of_training(now: datetime) -> Places:
    start = Path("/opt/ml/model") / now.strftime("%Y%m%dT%H%M%S.%fZ")  # sorts by time
    channels = Path("/opt/ml/input/data")
    given = channels / "input"
    return Places(
        resources=Path("/opt/ml/input/config/resourceconfig.json"),
        # AWS does not say whether a container may make a directory beside its channels.
        input=given if given.is_dir() else start / "no-input",
        reference=channels / "reference",
        output=start / "output",
        checkpoint=Path("/opt/ml/checkpoints"),
        success_text=start / "message",
        failure_text=Path("/opt/ml/output/failure"),
        longest_failure=SHOWN - _AROUND,
        checkpoint_lasts=True,
    )
