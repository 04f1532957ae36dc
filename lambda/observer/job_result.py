"""What is known of an attempt's end: of its job, or of why it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline import cost, jobs
from pipeline.journal_items import End, Entry, seconds_between

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeProcessingJobResponseTypeDef


@dataclass(frozen=True, kw_only=True)
class JobResult(End):
    """What is known of an attempt's end, also beyond what the journal keeps."""

    volume_gb: int | None = None
    max_runtime_s: int | None = None
    image_uri: str | None = None
    isolated: bool = False
    """Whether its containers had no network."""

    @property
    def queue_s(self) -> float | None:
        """Seconds from the request to the start, if it started."""
        return seconds_between(self.created, self.started)

    @property
    def cost_usd(self) -> float | None:
        """The estimate for a job's instances and volumes; 0 for what never started."""
        if self.run_s is None:
            return 0.0
        if not self.instance_type or not self.instance_count or not self.volume_gb:
            return None
        return cost.estimate(self.instance_type, self.instance_count, self.volume_gb, self.run_s)


def of_job(job: DescribeProcessingJobResponseTypeDef) -> JobResult:
    """Return the end that DescribeProcessingJob tells of; a job that fails early has no start."""
    cluster = job["ProcessingResources"]["ClusterConfig"]
    return JobResult(
        status=job["ProcessingJobStatus"],
        reason=job.get("FailureReason"),
        exit_message=job.get("ExitMessage"),
        created=job.get("CreationTime"),
        started=job.get("ProcessingStartTime"),
        ended=job.get("ProcessingEndTime"),
        instance_type=jobs.instance_type(cluster),
        instance_count=jobs.instance_count(cluster),
        volume_gb=cluster.get("VolumeSizeInGB"),
        max_runtime_s=job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
        image_uri=job["AppSpecification"]["ImageUri"],
        isolated=job.get("NetworkConfig", {}).get("EnableNetworkIsolation", False),
    )


def of_decision(entry: Entry) -> JobResult | None:
    """Return the end of an attempt without a job, or None where the journal holds no decision."""
    if not entry.status or not entry.ended:
        return None
    return JobResult(status=entry.status, reason=entry.reason, ended=entry.ended)
