from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from ops.__main__ import main
from tests.ops.endpoint import put_endpoint
from tests.ops.world import NAME, NOW

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ops.world import World

DIGEST, OLD_DIGEST = f"sha256:{'ab' * 32}", f"sha256:{'cd' * 32}"
REGISTRY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
IMAGE = f"processing-prod@{DIGEST}"
START = (
    f"aws ecr start-image-scan --repository-name processing-prod --image-id imageDigest={DIGEST}"
)
SCANNED = datetime(2026, 1, 7, 4, 30, tzinfo=timezone(timedelta(hours=1)))
"""boto3 gives times on this machine's own clock."""
Json = dict[str, Any]

CRITICAL: Json = {
    "name": "CVE-2025-0001",
    "uri": "https://security-tracker.debian.org/tracker/CVE-2025-0001",
    "severity": "CRITICAL",
    "attributes": [
        {"key": "package_version", "value": "3.0.17-1"},
        {"key": "package_name", "value": "openssl"},
    ],
}
HIGH: Json = {**CRITICAL, "name": "CVE-2025-0002", "severity": "HIGH"}
MEDIUM: Json = {**CRITICAL, "name": "CVE-2025-0003", "severity": "MEDIUM"}
LOW: Json = {**CRITICAL, "name": "CVE-2024-0004", "severity": "LOW"}
UNDEFINED: Json = {"name": "CVE-2025-0005", "severity": "UNDEFINED", "attributes": []}

ENHANCED: Json = {
    "severity": "HIGH",
    "status": "ACTIVE",
    "title": "CVE-2025-0006 - openssl, libssl3",
    "packageVulnerabilityDetails": {
        "vulnerabilityId": "CVE-2025-0006",
        "sourceUrl": "https://security-tracker.debian.org/tracker/CVE-2025-0006",
        "vulnerablePackages": [
            {
                "name": "openssl",
                "version": "3.0.17",
                "release": "1",
                "fixedInVersion": "0:3.0.18-1",
            },
            {"name": "libssl3", "version": "3.0.17", "fixedInVersion": "NotAvailable"},
        ],
    },
}


def launcher(world: World, digest: str = DIGEST) -> None:
    """Let the launcher's environment be readable."""
    uri = f"{REGISTRY}/processing-prod@{digest}"
    answer = {"Environment": {"Variables": {"IMAGE_URI": uri}}}
    world.answers["GetFunctionConfiguration"] = [answer]


def scan(world: World, *pages: list[Json], status: str = "COMPLETE", **known: Any) -> None:
    """Let ECR have a scan, whose findings come in pages; and the launcher its image."""
    launcher(world)
    kind = known.pop("kind", "findings")
    state = {"status": status, **known}
    answers = [
        {
            "imageScanStatus": state,
            "imageScanFindings": {"imageScanCompletedAt": SCANNED, kind: page},
            "nextToken": str(number),
        }
        for number, page in enumerate(pages)
    ]
    answers = answers or [{"imageScanStatus": state}]
    answers[-1].pop("nextToken", None)
    world.answers["DescribeImageScanFindings"] = answers


class TestFindings:
    def test_are_shown_the_worst_first_with_package_version_and_link(self, world: World) -> None:
        scan(world, [LOW, CRITICAL, MEDIUM, HIGH])
        status, out, _ = world.ops("scan")
        assert status == 1
        rows = [line.split() for line in out.splitlines() if "CVE-" in line]
        assert [row[0] for row in rows] == ["critical", "high", "medium", "low"]
        assert rows[0] == [
            *("critical", "openssl", "3.0.17-1", "CVE-2025-0001"),
            "https://security-tracker.debian.org/tracker/CVE-2025-0001",
        ]
        assert "1 critical, 1 high, 1 medium, 1 low" in out
        assert "scanned  2026-01-07 03:30 UTC" in out
        assert "python -m ops base-image --stack prod; then: pulumi up --stack prod" in out

    def test_of_all_pages_count(self, world: World) -> None:
        scan(world, [LOW], [MEDIUM], [HIGH])
        status, document = world.ops_json("scan")
        assert status == 1
        assert document["counts"] == {"LOW": 1, "MEDIUM": 1, "HIGH": 1}
        tokens = [
            params.get("nextToken")
            for name, params in world.requests
            if name == "DescribeImageScanFindings"
        ]
        assert tokens == [None, "0", "1"]

    def test_of_enhanced_scanning_have_all_packages_and_what_mends_them(self, world: World) -> None:
        scan(world, [ENHANCED], status="ACTIVE", kind="enhancedFindings")
        status, document = world.ops_json("scan")
        assert status == 1
        assert document["findings"] == [
            {
                "severity": "HIGH",
                "vulnerability": "CVE-2025-0006",
                "packages": [
                    {"name": "openssl", "version": "3.0.17-1", "fixed_in": "0:3.0.18-1"},
                    {"name": "libssl3", "version": "3.0.17", "fixed_in": None},
                ],
                "link": "https://security-tracker.debian.org/tracker/CVE-2025-0006",
            }
        ]

    @pytest.mark.parametrize("state", ["SUPPRESSED", "CLOSED"])
    def test_that_the_account_has_suppressed_do_not_count(self, world: World, state: str) -> None:
        hidden = {**ENHANCED, "status": state}
        scan(world, [hidden], status="ACTIVE", kind="enhancedFindings")
        status, document = world.ops_json("scan")
        assert (status, document["findings"]) == (0, [])

    def test_show_what_mends_them_where_ecr_tells_it(self, world: World) -> None:
        scan(world, [ENHANCED], status="ACTIVE", kind="enhancedFindings")
        lines = world.ops("scan")[1].splitlines()
        assert next(line for line in lines if "libssl3" in line).split() == [
            *("libssl3", "3.0.17", "-")
        ]
        assert any("fixed in" in line for line in lines)
        assert any("0:3.0.18-1" in line for line in lines)
        scan(world, [HIGH])
        assert "fixed in" not in world.ops("scan")[1]

    def test_without_details_are_shown_all_the_same(self, world: World) -> None:
        bare = {"title": "Something", "severity": "UNTRIAGED"}
        scan(world, [bare], status="ACTIVE", kind="enhancedFindings")
        status, out, _ = world.ops("scan")
        assert status == 0
        assert "untriaged  ?" in out
        assert "1 untriaged" in out

    def test_steer_no_terminal(self, world: World) -> None:
        scan(world, [{**LOW, "name": "CVE-\x1b[2J", "uri": "https://x/\x1b]0;x\x07"}])
        assert "\x1b" not in world.ops("scan")[1]

    def test_json_is_one_document_with_image_and_times(self, world: World) -> None:
        scan(world, [UNDEFINED])
        _, document = world.ops_json("scan")
        assert document == {
            "repository": "processing-prod",
            "digest": DIGEST,
            "source": "what processing-prod-launcher starts",
            "completed_at": "2026-01-07T03:30:00Z",
            "vulnerabilities_of": None,
            "counts": {"UNDEFINED": 1},
            "findings": [
                {
                    "severity": "UNDEFINED",
                    "vulnerability": "CVE-2025-0005",
                    "packages": [{"name": "?", "version": "", "fixed_in": None}],
                    "link": None,
                }
            ],
        }


class TestStatus:
    @pytest.mark.parametrize(
        ("found", "option", "status"),
        [
            ([], "", 0),
            ([UNDEFINED, LOW, MEDIUM], "", 0),
            ([HIGH], "", 1),
            ([CRITICAL], "", 1),
            ([HIGH], "--fail-on critical", 0),
            ([CRITICAL], "--fail-on critical", 1),
            ([MEDIUM], "--fail-on medium", 1),
            ([LOW], "--fail-on medium", 0),
            ([LOW], "--fail-on low", 1),
            ([UNDEFINED], "--fail-on low", 0),
        ],
    )
    def test_is_1_if_there_is_one_as_severe_as_asked_for(
        self, world: World, found: list[Json], option: str, status: int
    ) -> None:
        scan(world, found)
        assert world.ops(f"scan {option}")[0] == status

    def test_is_0_with_nothing_found_and_says_none(self, world: World) -> None:
        scan(world, [])
        status, out, _ = world.ops("scan")
        assert status == 0
        assert "findings  none" in out
        assert "base-image" not in out


class TestAScan:
    def test_that_is_old_says_how_to_repeat_it(self, world: World) -> None:
        scan(world, [])
        world.now = NOW + timedelta(days=30)
        _, out, _ = world.ops("scan")
        assert f"The scan is 30 days old, and knows of nothing newer: {START}" in out

    def test_that_goes_on_by_itself_is_never_called_old(self, world: World) -> None:
        scan(world, [], status="ACTIVE")
        world.now = NOW + timedelta(days=30)
        assert "days old" not in world.ops("scan")[1]

    @pytest.mark.parametrize(
        ("state", "words", "way_out"),
        [
            ("IN_PROGRESS", "is being scanned", "repeat the command"),
            ("PENDING", "waits for its scan", "repeat the command"),
            ("FAILED", "could not be scanned", START),
            ("UNSUPPORTED_IMAGE", "does not know its operating system", "set base_image"),
            ("SCAN_ELIGIBILITY_EXPIRED", "is no longer scanned", "push a new image"),
            ("FINDINGS_UNAVAILABLE", "whose findings ECR does not give", START),
            ("LIMIT_EXCEEDED", "once in 24 hours", "tomorrow"),
            ("IMAGE_ARCHIVED", "is archived", "restore it"),
            ("IMAGE_SIZE_EXCEEDED", "too large", "put less into"),
        ],
    )
    def test_that_has_not_come_to_an_end_is_said_with_the_way_out_and_status_1(
        self, world: World, state: str, words: str, way_out: str
    ) -> None:
        scan(world, status=state, description="as ECR describes it")
        status, out, err = world.ops("scan")
        assert (status, out) == (1, "")
        assert f"{IMAGE} " in err
        assert words in err
        assert "(as ECR describes it)" in err
        assert way_out in err

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("ScanNotFoundException", f"{IMAGE} has never been scanned"),
            ("ImageNotFoundException", f"{IMAGE} is no longer in its repository"),
            ("RepositoryNotFoundException", "There is no repository processing-prod"),
            ("AccessDeniedException", "These credentials may not DescribeImageScanFindings"),
        ],
    )
    def test_that_is_not_there_is_said_with_the_way_out(
        self, world: World, code: str, words: str
    ) -> None:
        launcher(world)
        world.errors["DescribeImageScanFindings"] = (code, "no")
        status, _, err = world.ops("scan")
        assert status == 1
        assert words in err


class TestTheImage:
    def test_is_the_one_that_the_launcher_starts_whatever_ran_before(self, world: World) -> None:
        world.job(AppSpecification={"ImageUri": f"{REGISTRY}/processing-prod@{OLD_DIGEST}"})
        scan(world, [])
        assert world.ops_json("scan")[1]["digest"] == DIGEST
        asked = dict(world.requests)
        assert asked["GetFunctionConfiguration"] == {"FunctionName": "processing-prod-launcher"}
        assert asked["DescribeImageScanFindings"]["imageId"] == {"imageDigest": DIGEST}

    def test_is_that_of_the_newest_job_where_the_environment_stays_encrypted(
        self, world: World
    ) -> None:
        scan(world, [])
        denied = {"ErrorCode": "AccessDeniedException", "Message": "no kms:Decrypt"}
        world.answers["GetFunctionConfiguration"] = [{"Environment": {"Error": denied}}]
        for name, hours, digest in (
            ("processing-prod--daily-20260104T030000Z-1", 30, OLD_DIGEST),
            (NAME, 6, DIGEST),
            ("my-processing-prod--daily-20260106T030000Z-1", 1, OLD_DIGEST),
        ):
            uri = f"{REGISTRY}/processing-prod@{digest}"
            created = (NOW - timedelta(hours=hours)).astimezone(SCANNED.tzinfo)
            world.job(name, "Completed", AppSpecification={"ImageUri": uri}, CreationTime=created)
        _, document = world.ops_json("scan")
        assert document["digest"] == DIGEST
        assert document["source"] == (
            f"what {NAME} ran at 2026-01-07 06:00 UTC: the newest job, since these credentials "
            "may not decrypt the launcher's environment"
        )

    def test_that_nothing_names_is_an_error_with_both_ways_out(self, world: World) -> None:
        world.answers["GetFunctionConfiguration"] = [{}]
        status, _, err = world.ops("scan")
        assert status == 1
        assert "no job has run yet" in err
        assert "kms:Decrypt" in err

    def test_of_a_stack_that_is_not_deployed_is_an_error(self, world: World) -> None:
        world.errors["GetFunctionConfiguration"] = ("ResourceNotFoundException", "no function")
        status, _, err = world.ops("scan")
        assert status == 1
        assert "deploy with pulumi up --stack prod" in err


def test_nothing_is_claimed_of_an_image_in_the_embedded_aws(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_endpoint(project)
    assert main(["scan", "--stack", "local"]) == 1
    assert "The embedded AWS scans no image" in capsys.readouterr().err
