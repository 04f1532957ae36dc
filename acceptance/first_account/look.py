"""What probes look at: a stack's names, AWS's answers, and the jobs that the stack has had."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from observer.classify import classify
from ops.stack import Stack
from pipeline.attempt import parse_job_name
from pipeline.jobs import described, with_job
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from pipeline.outcome import Outcome

Seen = tuple[bool, str]
"""Whether it is as the program expects, and what was seen."""
Json = dict[str, Any]

NOT_PLAYED = "not played locally"
DAYS = 14
"""How far back metrics and alarms are looked at."""
_LATEST = 20
"""Jobs of a kind: two are described in a second, as AWS allows."""


class NotLookedAtError(Exception):
    """A question cannot be looked at now; says what it needs."""


@dataclass
class Look:
    """A stack to look at; all that it tells comes from answers of AWS."""

    stack: Stack
    ask: Callable[..., Any]
    """The door to AWS: service, operation, its request -> the whole answer, all its pages.

    With `most`, that many items of it.
    """
    now: Callable[[], datetime]
    pause: Callable[[], None] = lambda: None
    """Waits until it is time to look again."""
    may_change: bool = False
    """Whether a probe may change something, which it undoes."""
    ran: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the canary was told to do -> the job that did it."""
    person: Callable[[str], bool | None] | None = None
    """Asks whoever is at the terminal whether they see what is expected; None is no answer."""
    there: "Look | None" = None
    """A look at the stack's pair in its other region, if it has one."""
    has_made: bool = False
    """Whether a probe has made something that is to be removed."""

    def __post_init__(self) -> None:
        self.prefix, self._jobs = self.stack.prefix, dict[Kind, list[Json]]()

    def other(self) -> "Look":
        """Return the look at the other region, or raise NotLookedAtError."""
        if not self.there:
            raise NotLookedAtError("needs a stack with a pilot light (docs/recovery.md)")
        return self.there

    def jobs(self, kind: Kind = Kind.PROCESSING) -> list[Json]:
        """Return what Describe tells of the stack's latest jobs, newest first."""
        if kind not in self._jobs:
            lists, own = f"list_{kind.lower()}_jobs", f"{self.prefix}--"
            newest: Json = {"NameContains": own, "SortOrder": "Descending"}  # by their creation
            found = self.ask("sagemaker", lists, most=_LATEST, **newest)
            names = [each[kind.key("Name")] for each in found[f"{kind}JobSummaries"]]
            describe = f"describe_{kind.lower()}_job"
            self._jobs[kind] = [
                self.ask("sagemaker", describe, **{kind.key("Name"): name})
                for name in names
                if parse_job_name(self.prefix, name)  # of this stack, and by its launcher
            ]
        return self._jobs[kind]

    def job(self, needs: str, is_one: Callable[[Json], Any], kind: Kind = Kind.PROCESSING) -> Json:
        """Return the latest job that is one, or raise NotLookedAtError."""
        for each in self.jobs(kind):
            if is_one(each):
                return each
        raise NotLookedAtError(f"needs {needs}")

    def completed(self) -> Json:
        """Return the latest processing job that completed."""
        needs = "a job that completed"
        return self.job(needs, lambda job: job["ProcessingJobStatus"] == "Completed")

    def written(self) -> tuple[Json, list[Json]]:
        """Return the latest job that completed and whose output is there, and that output."""
        for job in self.jobs():
            if job["ProcessingJobStatus"] == "Completed" and (found := self.outputs(job)):
                return job, found
        raise NotLookedAtError("needs a job that completed, and its output")

    def canary(self, task: str) -> Json:
        """Return the job of the canary that did a task of `container/scripts/probe.sh`."""
        if task not in self.ran:
            local = self.may_change and self.stack.name == "local"
            raise NotLookedAtError(NOT_PLAYED if local else "needs --run, and the canary to do it")
        name = self.ran[task]
        return self.job(f"the job {name} as a processing job", lambda job: name_of(job) == name)

    def need_change(self) -> None:
        """Raise NotLookedAtError if nothing may be changed."""
        if not self.may_change:
            raise NotLookedAtError("needs --run")

    def need_person(self) -> None:
        """Raise NotLookedAtError if nobody is there to say what they see."""
        if not (self.may_change and self.person):
            raise NotLookedAtError("needs --run, and a person at the terminal")

    def seen(self, expected: str) -> Seen:
        """Return what a person says of what they are expected to see.

        Raises:
            NotLookedAtError: nobody is there, or cannot tell.
        """
        self.need_person()
        answer = self.person(expected) if self.person else None
        if answer is None:
            raise NotLookedAtError("needs an answer, yes or no")
        return answer, f"a person {'sees' if answer else 'does not see'} {expected}"

    def outcome(self, job: Json) -> Outcome | None:
        """Return the class that the observer gives the end of a job; None without an end."""
        known = described(kind_of(job), job)
        entry = Entry.of(self.stack.attempt_of(known.name), known.name)
        return classify(with_job(entry, known), known) if known.ended else None

    def end_of(self, job: Json) -> str:
        """Return in words how a job ended."""
        reason = f": {job['FailureReason']}" if "FailureReason" in job else ""
        return f"{name_of(job)}: {self.outcome(job)}{reason}"

    def lines(self, job: Json) -> list[str]:
        """Return what a job's containers printed."""
        of_job: Json = {"logGroupName": kind_of(job).group}
        of_job["logStreamNamePrefix"] = f"{name_of(job)}/"
        events = self.ask("logs", "filter_log_events", **of_job)["events"]
        return [each["message"].strip() for each in events]

    def outputs(self, job: Json) -> list[Json]:
        """Return the objects below a processing job's output."""
        uri: str = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.ask("s3", "list_objects_v2", Bucket=bucket, Prefix=key).get("Contents", [])

    def measured(self, job: Json, metric: str, statistic: str) -> list[float]:
        """Return a metric of a job's first instance for each of its minutes."""
        since, end = job["CreationTime"], job["ProcessingEndTime"] + timedelta(minutes=2)
        asked: Json = {"Namespace": kind_of(job).group, "MetricName": metric, "Period": 60}
        asked["Dimensions"] = [{"Name": "Host", "Value": f"{name_of(job)}/algo-1"}]
        found = self._metric(asked, statistic, since, end)
        if not found:
            raise NotLookedAtError(f"needs {metric} of {name_of(job)}: some minutes after its end")
        return found

    def counted(self, metric: str, rule: str) -> float:
        """Return the sum of a metric of an EventBridge rule over the last DAYS."""
        asked: Json = {"Namespace": "AWS/Events", "MetricName": metric, "Period": 86_400}
        asked["Dimensions"] = [{"Name": "RuleName", "Value": rule}]
        now = self.now()
        return sum(self._metric(asked, "Sum", now - timedelta(days=DAYS), now))

    def _metric(self, asked: Json, statistic: str, start: datetime, end: datetime) -> list[float]:
        wanted: Json = {**asked, "Statistics": [statistic], "StartTime": start, "EndTime": end}
        found = self.ask("cloudwatch", "get_metric_statistics", **wanted)
        return [each[statistic] for each in found["Datapoints"]]

    def quotas(self, usage: str) -> dict[str, float]:
        """Return instance type -> its quota for a usage, such as `processing job usage`."""
        found = self.ask("service-quotas", "list_service_quotas", ServiceCode="sagemaker")["Quotas"]
        names = {each["QuotaName"].partition(" for "): each["Value"] for each in found}
        return {name: most for (name, _, used), most in names.items() if used == usage}

    def key(self) -> Json:
        """Return what KMS tells of the stack's key."""
        return self.ask("kms", "describe_key", KeyId=f"alias/{self.prefix}")["KeyMetadata"]

    def events(self, value: str, of: str = "EventName", **times: datetime) -> list[Json]:
        """Return what CloudTrail has of an operation's calls, newest first (AWS: 90 days)."""
        asked: Json = {"LookupAttributes": [{"AttributeKey": of, "AttributeValue": value}], **times}
        found = self.ask("cloudtrail", "lookup_events", most=1000, **asked)
        return [json.loads(each["CloudTrailEvent"]) for each in found["Events"]]

    def within(self, minutes: int, is_so: Callable[[], object]) -> bool:
        """Wait until it is so; return whether it was in time."""
        end = self.now() + timedelta(minutes=minutes)
        while not (found := bool(is_so())) and self.now() < end:
            self.pause()
        return found


def kind_of(job: Json) -> Kind:
    """Return the kind of a job that is described."""
    return Kind.TRAINING if "TrainingJobName" in job else Kind.PROCESSING


def minutes(job: Json) -> float:
    """Return how long a processing job ran; 0 if it has not ended, or never began."""
    began, ended = job.get("ProcessingStartTime"), job.get("ProcessingEndTime")
    return (ended - began).total_seconds() / 60 if began and ended else 0


def name_of(job: Json) -> str:
    """Return a described job's name."""
    return job[kind_of(job).key("Name")]
