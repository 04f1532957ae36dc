"""S3 replication between the regions of an account: what is put into a bucket after its rules are.

As AWS documents it: by the role of the configuration, with version id and time of the original, by
no order, and not of replicas, of delete markers, and of what was there before.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
"""

import copy
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import xmltodict
from werkzeug.wrappers import Request

from local.aws import replication_rules
from local.aws.activity import Activity
from local.aws.cloudwatch.metric_store import MetricStore, Point
from local.aws.endpoint import LocalAws
from local.aws.iam import Access, AccessDeniedError
from local.aws.iam.required_permissions import has_bucket_key, object_key_use
from local.aws.iam.store import Store
from local.aws.protocols import ServiceError
from local.aws.replication_rules import Rule

_SERVICE = "s3.amazonaws.com"
_NAMESPACE = "AWS/S3"
_KMS = "aws:kms"
_STATUS = "x-amz-replication-status"
_READ = ("GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging")
_WRITE = ("ReplicateObject", "ReplicateTags")
"""Whatever the object has: AWS's example has them, and does not say which may be missing."""


class _FailedError(Exception):
    """The destination does not take a replica."""


@dataclass(frozen=True, eq=False)
class Operation:
    """An object's version that is still to be replicated."""

    bucket: str
    key: str
    version_id: str
    size: int
    since: datetime
    rule: Rule


class Replication:
    """Replicates from the buckets of one region to those of its `partners`.

    At once and in the background, unless it is `held`: then whoever holds it picks what is done.
    """

    def __init__(
        self,
        aws: LocalAws,
        metrics: MetricStore,
        activity: Activity,
        tell: Callable[[str, str], None],
    ) -> None:
        self._aws, self._metrics, self._activity, self._tell = aws, metrics, activity, tell
        self.partners: dict[str, Replication] = {}
        """By region."""
        self.held = False
        self.pending: list[Operation] = []
        """In the order in which the objects were put."""
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def answer(self, request: Request) -> None:
        """Check what is asked of a bucket, and leave the answer to moto.

        Raises:
            ServiceError: it is in another region, or is to have a configuration that AWS refuses.
        """
        name, _ = _place(request)
        region, here = _region(self._bucket(name)), self._aws.region
        if region not in (None, here):
            # Without the region's name, by which AWS's SDKs would ask again there.
            said = f"the bucket {name} is in {region}, and not in {here}"
            raise ServiceError("AuthorizationHeaderMalformed", said)
        if request.method == "PUT" and "replication" in request.args:
            body: Any = xmltodict.parse(request.get_data())
            for rule in replication_rules.read(body["ReplicationConfiguration"]):
                target = self._bucket(rule.bucket)
                if not (target and target.is_versioned):
                    what = "have versioning enabled" if target else "exist"
                    raise ServiceError("InvalidRequest", f"Destination bucket must {what}.")

    def look(self, request: Request) -> None:
        """Take note of what a request has put, and replicate it if a rule says so."""
        name, key = _place(request)
        bucket = self._bucket(name)
        if request.method not in ("PUT", "POST") or not (bucket and key):
            return
        with self._lock:
            found = [each for each in bucket.keys.getlist(key, []) if hasattr(each, "etag")]
            new = [each for each in found if each.version_id not in self._known]
            self._known.update(each.version_id for each in new)
            added = [each for version in new for each in _operations(bucket, version)]
            self.pending += added
        if added and not self.held:
            self._activity.spawn("delivery", self.work)

    def work(self) -> None:
        """Do all that is pending."""
        for operation in list(self.pending):
            self.do(operation)

    def do(self, operation: Operation) -> None:
        """Replicate one object; it stays pending while one of the regions does not answer."""
        target = self._bucket(operation.rule.bucket)
        region = _region(target) or self._aws.region
        if not self._aws.regions.reach(self._aws.region, region):
            return
        with self._lock:
            if operation not in self.pending:
                return
            self.pending.remove(operation)
        source, what = self._bucket(operation.bucket), f"{operation.key} to {region}"
        original = _version(source, operation)
        if original is None:  # deleted meanwhile
            return
        try:
            self._replicate(operation.rule, source, original, target)
        except (AccessDeniedError, _FailedError) as problem:
            _mark(original, "FAILED")
            dimensions = _dimensions(operation.bucket, operation.rule)
            self._metrics.count(_NAMESPACE, dimensions, OperationsFailedReplication=1)
            self._tell("not replicated", f"{what}: {problem}")
        else:
            _mark(original, "COMPLETED")
            self._tell("replicated", what)

    def measure(self, now: datetime) -> None:
        """Publish how far replicas are behind, as S3 does each minute, in the replicas' region."""
        buckets = list(self._aws.iam.store.state("s3").buckets.values())
        for bucket in [each for each in buckets if _region(each) == self._aws.region]:
            for rule in [each for each in _rules(bucket) if each.measured]:
                partner = self.partners.get(_region(self._bucket(rule.bucket)) or "")
                if partner and self._aws.regions.reach(self._aws.region, partner._aws.region):
                    partner._metrics.put(*self._behind(bucket.name, rule, now))

    def _behind(self, bucket: str, rule: Rule, now: datetime) -> Iterator[Point]:
        waiting = [op for op in list(self.pending) if (op.bucket, op.rule) == (bucket, rule)]
        lag = max([(now - op.since).total_seconds() for op in waiting], default=0)
        for name, unit, value in (
            ("OperationsPendingReplication", "Count", len(waiting)),
            ("BytesPendingReplication", "Bytes", sum(op.size for op in waiting)),
            ("ReplicationLatency", "Seconds", max(0, lag)),
        ):
            yield Point(_NAMESPACE, _dimensions(bucket, rule), name, unit, value, now)

    def _bucket(self, name: str) -> Any:  # noqa: ANN401 - moto has no public types
        return self._aws.iam.store.state("s3").buckets.get(name)

    def _replicate(self, rule: Rule, source: Any, original: Any, target: Any) -> None:  # noqa: ANN401 - as above
        """Make a replica.

        Raises:
            AccessDeniedError: the role may not.
            _FailedError: the destination does not take it.
        """
        partner = self.partners.get(_region(target) or "")
        if not partner or not target.is_versioned:
            raise _FailedError(f"there is no bucket {rule.bucket} that takes it")
        if original.lock_until and not target.object_lock_enabled:
            raise _FailedError(f"{rule.bucket} has no object lock")
        here, there = self._aws.iam, partner._aws.iam
        arn = f"arn:aws:s3:::{source.name}"
        session = here.assume(source.replication["Role"], _SERVICE, arn)
        here.require(session, _to_read(here.store, source, original))
        key = rule.key if original.encryption == _KMS else None
        there.require(session, _to_write(there.store, target, original.name, key))
        replica = copy.deepcopy(original)
        replica.bucket_name = target.name
        if key:
            replica.kms_key_id = there.store.key_arn(key)
            replica.bucket_key_enabled = has_bucket_key(target)
        _mark(replica, "REPLICA")
        here.store.state("s3").tagger.copy_tags(original.arn, replica.arn)
        # The latest is current, though it came before: AWS does not say what becomes of a version
        # that is overtaken, or of a key that both regions write.
        versions = [*target.keys.getlist(original.name, []), replica]
        versions.sort(key=lambda version: version.last_modified)
        target.keys.setlist(original.name, versions)


def _to_read(store: Store, bucket: Any, original: Any) -> Iterator[Access]:  # noqa: ANN401 - as above
    """Yield what reading an object needs, to replicate it."""
    arn, name = f"arn:aws:s3:::{bucket.name}", original.name
    yield from (
        Access(f"s3:{action}", arn) for action in ("GetReplicationConfiguration", "ListBucket")
    )
    yield from (Access(f"s3:{action}", f"{arn}/{name}") for action in _READ)
    if original.encryption == _KMS:
        yield from object_key_use(store, bucket.name, name, original.kms_key_id, ["kms:Decrypt"])


def _to_write(store: Store, bucket: Any, name: str, key: str | None) -> Iterator[Access]:  # noqa: ANN401 - as above
    """Yield what writing a replica needs."""
    yield from (Access(f"s3:{action}", f"arn:aws:s3:::{bucket.name}/{name}") for action in _WRITE)
    if key:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html#bucket-key-replication
        actions = ["kms:Encrypt", *(["kms:Decrypt"] if has_bucket_key(bucket) else [])]
        yield from object_key_use(store, bucket.name, name, key, actions)


def _operations(bucket: Any, version: Any) -> list[Operation]:  # noqa: ANN401 - as above
    """Return what is to be done with a new object, which says so."""
    version.metadata.pop(_STATUS, None)  # of the object that it is a copy of
    kms, now = version.encryption == _KMS, datetime.now(UTC)
    found = [
        Operation(bucket.name, version.name, version.version_id, version.size, now, rule)
        for rule in replication_rules.applying(_rules(bucket), version.name, under_kms=kms)
    ]
    if found:
        _mark(version, "PENDING")
    return found


def _version(bucket: Any, operation: Operation) -> Any:  # noqa: ANN401 - as above
    versions: list[Any] = bucket.keys.getlist(operation.key, []) if bucket else []
    return next((each for each in versions if each.version_id == operation.version_id), None)


def _rules(bucket: Any) -> list[Rule]:  # noqa: ANN401 - as above
    configuration = getattr(bucket, "replication", None)
    return replication_rules.read(configuration) if configuration else []


def _mark(version: Any, status: str) -> None:  # noqa: ANN401 - as above
    version.set_metadata({_STATUS: status})


def _region(bucket: Any) -> str | None:  # noqa: ANN401 - as above
    return bucket.region_name if bucket else None


def _dimensions(bucket: str, rule: Rule) -> dict[str, str]:
    return {"SourceBucket": bucket, "DestinationBucket": rule.bucket, "RuleId": rule.id}


def _place(request: Request) -> tuple[str, str]:
    """Return the bucket and the key that a request names, if it does."""
    bucket, _, key = request.path.removeprefix("/").partition("/")
    return bucket, key
