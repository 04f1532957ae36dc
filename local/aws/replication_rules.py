"""A bucket's replication configuration: what of it is played, and by which rules an object goes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.aws.iam.conditions import listed
from local.aws.protocols import ServiceError

_PLAYED = {
    *("ID", "Priority", "Status", "Filter.Prefix", "DeleteMarkerReplication.Status"),
    *("SourceSelectionCriteria.SseKmsEncryptedObjects.Status", "Destination.Bucket"),
    *("SourceSelectionCriteria.ReplicaModifications.Status", "Destination.Metrics.Status"),
    "Destination.EncryptionConfiguration.ReplicaKmsKeyID",
}
_DISABLED_ONLY = ("DeleteMarkerReplication", "SourceSelectionCriteria.ReplicaModifications")


@dataclass(frozen=True)
class Rule:
    """One rule, with what AWS takes where it says nothing."""

    id: str
    priority: int
    enabled: bool
    prefix: str
    takes_kms: bool
    """Objects under a KMS key are replicated, too."""
    bucket: str
    """Where the replicas go."""
    key: str | None
    """The replicas' key or its alias, by ARN."""
    measured: bool
    """Its metrics are published."""


def read(configuration: Mapping[str, Any]) -> list[Rule]:
    """Return the rules of a configuration, as its XML is a tree.

    Raises:
        ServiceError: AWS refuses it, or it is not played.
    """
    found: list[Rule] = []
    for tree in listed(configuration["Rule"]):
        flat = dict(_flat(tree))
        if unknown := sorted(flat.keys() - _PLAYED):
            said = f"the local S3 does not replicate by rules with {', '.join(unknown)}"
            raise ServiceError("NotImplemented", said, 501)
        for name in _DISABLED_ONLY:
            if flat.get(f"{name}.Status", "Disabled") != "Disabled":
                raise ServiceError("NotImplemented", f"the local S3 plays no {name}", 501)
        # Without a filter it would be a rule of the first version, which replicates delete markers.
        needed = {"Filter.Prefix", "Priority", "DeleteMarkerReplication.Status"}
        if missing := sorted(needed - flat.keys()):
            raise ServiceError("InvalidRequest", f"a rule needs {', '.join(missing)}")
        found.append(_rule(flat))
    if len({rule.priority for rule in found}) < len(found):
        raise ServiceError("InvalidRequest", "Found duplicate priority. Priorities must be unique")
    return found


def _rule(flat: Mapping[str, Any]) -> Rule:
    def is_enabled(name: str) -> bool:
        return flat.get(f"{name}.Status".lstrip("."), "Disabled") == "Enabled"

    takes_kms = is_enabled("SourceSelectionCriteria.SseKmsEncryptedObjects")
    key = flat.get("Destination.EncryptionConfiguration.ReplicaKmsKeyID")
    if takes_kms != bool(key):
        said = "SseKmsEncryptedObjects must be enabled if ReplicaKmsKeyID is given, and only then"
        raise ServiceError("InvalidRequest", said)
    return Rule(
        id=flat.get("ID", ""),
        priority=int(flat["Priority"]),
        enabled=is_enabled(""),
        prefix=flat["Filter.Prefix"] or "",
        takes_kms=takes_kms,
        bucket=flat["Destination.Bucket"].rpartition(":")[2],
        key=key,
        measured=is_enabled("Destination.Metrics"),
    )


def applying(rules: list[Rule], name: str, *, under_kms: bool) -> list[Rule]:
    """Return the rules by which an object is replicated: of each destination the first in rank."""
    first: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda each: -each.priority):
        if rule.enabled and name.startswith(rule.prefix):
            first.setdefault(rule.bucket, rule)
    return [rule for rule in first.values() if rule.takes_kms or not under_kms]


def _flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield f"{above}{name}", value
