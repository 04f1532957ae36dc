"""What must be the same in the program, its functions and the operators' commands."""

NOTICE = ("sagemaker-processing.launcher", "Processing Job Not Started")
"""Source and detail-type of the launcher's own event, of an attempt that gets no job."""
METRIC_NAMESPACE = "SageMakerProcessing"
"""Of the pipeline's metrics, and of the script's own (container/bin/send_metric)."""
OPS = ".venv/bin/python -m ops"
"""How a command of the operators begins: as it can be pasted where `make setup` has run."""
MARKER = "_SUCCESS"
"""The last part of a success marker's key."""
GB = 2**30
"""Bytes, of volumes and of job.sizes."""
VOLUME_FACTOR, HEADROOM_GB = 3, 10
"""Of volume_gb: auto: the input, an output as large, as much again in between, and the rest."""
