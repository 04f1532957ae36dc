"""What ECR's scan found in an image: of its basic scan, or of Amazon Inspector's enhanced one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.errors import OpsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
"""The worst first; what is none of them, as Inspector's UNTRIAGED, comes last."""

_NOT_FIXED = {None, "", "NotAvailable"}
"""How Inspector says that no version mends it."""
_OPEN = "ACTIVE"
"""Of Inspector's statuses; the others are SUPPRESSED, by a rule of the account, and CLOSED."""


@dataclass(frozen=True)
class Package:
    """A package of the image, with the hole."""

    name: str
    version: str
    fixed_in: str | None
    """The version that mends it, which only enhanced scanning tells."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One vulnerability, and all packages that have it."""

    severity: str
    vulnerability: str
    """Its CVE, or another name."""
    packages: list[Package]
    link: str | None

    @property
    def rank(self) -> int:
        """The place of its severity: 0 is the worst."""
        known = self.severity in SEVERITIES
        return SEVERITIES.index(self.severity) if known else len(SEVERITIES)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """The newest scan of an image that came to its end."""

    completed_at: datetime | None
    vulnerabilities_of: datetime | None
    """Of the data that it knew the vulnerabilities by."""
    continuous: bool
    """Enhanced scanning, which goes on by itself."""
    findings: list[Finding]
    """The worst first."""


def start(repository: str, digest: str) -> str:
    """Return the line that starts a basic scan."""
    return (
        f"aws ecr start-image-scan --repository-name {repository} --image-id imageDigest={digest}"
    )


def read(client: Any, repository: str, digest: str) -> Scan:  # noqa: ANN401 - a boto3 client
    """Return the newest scan of an image.

    Raises:
        OpsError: there is no scan, none that has come to an end, or no such image.
    """
    pages = _pages(client, repository, digest)
    state = pages[0].get("imageScanStatus", {})
    status = state.get("status", "unknown")
    if status not in _READABLE:
        words = _STATUSES.get(status, f"has the scan status {status}")
        told = f" ({state['description']})" if state.get("description") else ""
        way_out = _WAYS_OUT.get(status, start(repository, digest))
        raise OpsError(f"{repository}@{digest} {words}{told}. Way out: {way_out}")
    documents = [page.get("imageScanFindings", {}) for page in pages]
    return Scan(
        completed_at=documents[0].get("imageScanCompletedAt"),
        vulnerabilities_of=documents[0].get("vulnerabilitySourceUpdatedAt"),
        continuous=status == _CONTINUOUS,
        findings=_sorted(each for document in documents for each in _findings(document)),
    )


def _pages(client: Any, repository: str, digest: str) -> list[dict[str, Any]]:  # noqa: ANN401
    image = f"{repository}@{digest}"
    pages = client.get_paginator("describe_image_scan_findings").paginate(
        repositoryName=repository, imageId={"imageDigest": digest}
    )
    try:
        return list(pages)
    except client.exceptions.ScanNotFoundException:
        why = (
            f"{image} has never been scanned: see that ECR's scanning covers this repository, or "
            f"start a scan: {start(repository, digest)}"
        )
    except client.exceptions.ImageNotFoundException:
        why = f"{image} is no longer in its repository: deploy with pulumi up"
    except client.exceptions.RepositoryNotFoundException:
        why = (
            f"There is no repository {repository}: set AWS_PROFILE to the account where the stack "
            "is, or deploy it with pulumi up"
        )
    raise OpsError(why)


_CONTINUOUS = "ACTIVE"
_READABLE = {"COMPLETE", _CONTINUOUS}

_STATUSES = {
    "IN_PROGRESS": "is being scanned",
    "PENDING": "waits for its scan",
    "FAILED": "could not be scanned",
    "UNSUPPORTED_IMAGE": "cannot be scanned: ECR does not know its operating system",
    "SCAN_ELIGIBILITY_EXPIRED": "is no longer scanned: it is older than Inspector's re-scan period",
    "FINDINGS_UNAVAILABLE": "has a scan whose findings ECR does not give",
    "LIMIT_EXCEEDED": "was not scanned: ECR scans an image once in 24 hours",
    "IMAGE_ARCHIVED": "is archived, and not scanned",
    "IMAGE_SIZE_EXCEEDED": "is too large to be scanned",
}
_BASE = "set base_image to a distribution that ECR scans, and pulumi up"
_AGAIN = "repeat the command in a minute"
_WAYS_OUT = {
    "IN_PROGRESS": _AGAIN,
    "PENDING": _AGAIN,
    "UNSUPPORTED_IMAGE": _BASE,
    "SCAN_ELIGIBILITY_EXPIRED": "push a new image (a newer base_image, and pulumi up), or lengthen "
    "the period in Amazon Inspector",
    "LIMIT_EXCEEDED": "repeat the scan tomorrow",
    "IMAGE_ARCHIVED": "restore it in ECR, or push a new one with pulumi up",
    "IMAGE_SIZE_EXCEEDED": "put less into the image, and pulumi up",
}


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda each: (each.rank, each.packages[0].name, each.vulnerability))


def _findings(document: dict[str, Any]) -> Iterator[Finding]:
    for each in document.get("findings", []):
        said = {attribute["key"]: attribute.get("value", "") for attribute in each["attributes"]}
        package = Package(said.get("package_name", "?"), said.get("package_version", ""), None)
        yield Finding(
            severity=each["severity"],
            vulnerability=each["name"],
            packages=[package],
            link=each.get("uri"),
        )
    for each in document.get("enhancedFindings", []):
        if each.get("status", _OPEN) == _OPEN:
            yield _enhanced(each)


def _enhanced(found: dict[str, Any]) -> Finding:
    details = found.get("packageVulnerabilityDetails", {})
    return Finding(
        severity=found.get("severity", "UNTRIAGED"),
        vulnerability=details.get("vulnerabilityId") or found.get("title", "?"),
        packages=[_package(each) for each in details.get("vulnerablePackages", [])]
        or [Package("?", "", None)],
        link=details.get("sourceUrl"),
    )


def _package(each: dict[str, Any]) -> Package:
    version, release = each.get("version", ""), each.get("release")
    fixed = each.get("fixedInVersion")
    return Package(
        each.get("name", "?"),
        f"{version}-{release}" if release else version,
        None if fixed in _NOT_FIXED else fixed,
    )
