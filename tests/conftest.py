"""Tiers, examples, a recorder of what the program registers, nothing of the developer's AWS."""

import asyncio
import gc
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import hypothesis
import pulumi
import pulumi.runtime
import pytest
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.settings import get_monitor
from pulumi.runtime.stack import run_pulumi_func

from components.aws import image_manifest
from components.settings import stack_file
from local.deploy.program import plain
from tests.processes import pytest_xdist_make_scheduler

__all__ = ["pytest_xdist_make_scheduler"]

# Nearly all that lives is the SDKs' modules: the usual thresholds have all of it looked through
# again and again, a tenth of the time of the whole suite.
gc.set_threshold(50_000, 20, 50)

TIERS = ("engine", "local", "container")
"""Directories whose tests are a tier of their own; all others are units, unless they say so."""

ROOT = Path(__file__).parent.parent
PROJECT = stack_file.project(ROOT)
"""Any name: `pulumi new` gives the project another one."""
ACCOUNT = "123456789012"
REGION = "eu-central-1"
ZONES = [f"{REGION}{letter}" for letter in "abc"]
_REGISTER = cast("Any", MockMonitor).RegisterResource
DIGEST = f"sha256:{'ab' * 32}"

_ANSWERS: dict[str, dict[str, Any]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:index/getPartition:getPartition": {"partition": "aws"},
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": {
        "userName": "AWS",
        "password": "registry-password",
    },
    "aws:ec2/getSubnet:getSubnet": {
        "vpcId": "vpc-0123456789abcdef0",
        "ownerId": ACCOUNT,
        "cidrBlock": "10.0.0.0/24",
    },
    "aws:ec2/getVpc:getVpc": {"dhcpOptionsId": "dopt-0123456789abcdef0", "enableDnsSupport": True},
    "aws:ec2/getVpcDhcpOptions:getVpcDhcpOptions": {
        "domainName": f"{REGION}.compute.internal",
        "domainNameServers": ["AmazonProvidedDNS"],
    },
    "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ZONES},
}


def _endpoint_service(inputs: dict[str, Any]) -> dict[str, Any]:
    """Answer as AWS does for a service with a private name and a policy, in all zones."""
    service = inputs["service"]
    return {
        "serviceName": f"com.amazonaws.{REGION}.{service}",
        "availabilityZones": ZONES,
        "privateDnsName": f"{service}.{REGION}.amazonaws.com",
        "vpcEndpointPolicySupported": True,
    }


class Recorder(pulumi.runtime.Mocks):
    """Records every registration with its inputs; an invoke that it does not know is an error."""

    def __init__(self) -> None:
        self.created: list[MockResourceArgs] = []
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.parents: dict[tuple[str, str], list[str]] = {}
        """Type and logical name -> the types of all parents and its own, from the outermost."""
        self.exports: dict[str, Any] = {}
        self.requests: list[Any] = []
        """How Pulumi is asked for each resource, with the options that `created` does not have."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.created.append(args)
        return f"{args.name}-id", {**args.inputs, **_computed(args)}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        self.called.append((args.token, cast("dict[str, Any]", args.args)))
        if args.token == "aws:ec2/getVpcEndpointService:getVpcEndpointService":
            return _endpoint_service(cast("dict[str, Any]", args.args)), []
        return _ANSWERS[args.token], []

    def inputs(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return logical name -> plain inputs of every resource of a type."""
        return {args.name: plain(args.inputs) for args in self.created if args.typ == kind}

    def one(self, kind: str) -> dict[str, Any]:
        """Return the inputs of the only resource of a type."""
        found = list(self.inputs(kind).values())
        assert len(found) == 1, f"{len(found)} resources of type {kind}"
        return found[0]

    def within(self, component: str) -> "Recorder":
        """Return what a component holds: all of it is named after the component."""
        inside = Recorder()
        inside.created = [
            each for each in self.created if f"{each.name}-".startswith(f"{component}-")
        ]
        return inside

    def kinds(self) -> set[str]:
        return {args.typ for args in self.created}


def _computed(args: MockResourceArgs) -> dict[str, Any]:
    """Return what AWS would add, with ARNs as AWS writes them."""
    inputs = cast("dict[str, Any]", args.inputs)
    name, path = inputs.get("name", f"{args.name}-0a1b2c3"), inputs.get("path", "/")

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"

    queue_url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
    repository = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"
    table: dict[str, dict[str, Any]] = {
        "aws:kms/key:Key": {"arn": arn("kms", "key/1234abcd"), "keyId": "1234abcd"},
        "aws:s3/bucket:Bucket": {"arn": f"arn:aws:s3:::{inputs.get('bucket')}"},
        "aws:ecr/repository:Repository": {
            "arn": arn("ecr", f"repository/{name}"),
            "repositoryUrl": repository,
            "registryId": ACCOUNT,
        },
        "docker:index/image:Image": {
            "repoDigest": f"{str(inputs.get('imageName')).rpartition(':')[0]}@{DIGEST}"
        },
        "aws:iam/role:Role": {"name": name, "arn": f"arn:aws:iam::{ACCOUNT}:role{path}{name}"},
        "aws:iam/policy:Policy": {"arn": f"arn:aws:iam::{ACCOUNT}:policy{path}{name}"},
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
            "arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{inputs.get('url', '')[8:]}"
        },
        "aws:cloudwatch/logGroup:LogGroup": {"arn": arn("logs", f"log-group:{name}")},
        "aws:sqs/queue:Queue": {"name": name, "url": queue_url, "arn": arn("sqs", name)},
        "aws:lambda/function:Function": {"arn": arn("lambda", f"function:{name}")},
        "aws:dynamodb/table:Table": {"arn": arn("dynamodb", f"table/{name}")},
        "aws:sns/topic:Topic": {"arn": arn("sns", name)},
        "aws:cloudwatch/eventRule:EventRule": {"arn": arn("events", f"rule/{name}")},
        "aws:ec2/vpcEndpoint:VpcEndpoint": {"prefixListId": "pl-6ea54007"},
        "aws:cloudwatch/metricAlarm:MetricAlarm": {"arn": arn("cloudwatch", f"alarm:{name}")},
    }
    return table.get(args.typ, {})


def unheard(*_: object) -> None:
    """Stand in for what is called for each resource, and whose text nobody sees."""


def record(
    make: Callable[[], Any],
    stack: str,
    config: dict[str, str] | None = None,
    project: str = PROJECT,
) -> Recorder:
    """Run `make` against a recorder; returns when everything that it registers is recorded."""
    recorder = Recorder()

    async def run() -> None:
        pulumi.runtime.set_mocks(recorder, project=project, stack=stack, preview=False)
        pulumi.runtime.set_all_config(config or {})
        await run_pulumi_func(lambda: cast("None", make() and None))
        root: Any = pulumi.runtime.get_root_resource()
        outputs: dict[str, Any] = root.outputs
        for name, value in outputs.items():
            recorder.exports[name] = await pulumi.Output.from_input(value).future()
        urns: dict[str, Any] = cast("Any", get_monitor()).resources
        for urn in urns:
            _, _, types, name = urn.split("::")
            chain = types.removeprefix("pulumi:pulumi:Stack$").split("$")
            recorder.parents[chain[-1], name] = chain

    def register(monitor: MockMonitor, request: Any) -> Any:
        recorder.requests.append(request)
        return _REGISTER(monitor, request)

    try:
        with (
            patch.object(image_manifest, "media_type", return_value=None),
            patch.object(MockMonitor, "RegisterResource", register),
            patch.object(pulumi.log, "debug", unheard),
            # The lines that register a resource: with pytest's below them an eighth of the time.
            patch.object(pulumi.runtime.resource, "_get_stack_trace", StackTrace),
        ):
            asyncio.run(run())
    finally:
        pulumi.runtime.settings.reset_options()
    return recorder


def record_program(stack: str, config: dict[str, str] | None = None) -> Recorder:
    """Run the whole program with a stack's file, or with another configuration."""

    def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    return record(program, stack, config or stack_keys(stack))


def owners(stack: str) -> dict[str, str]:
    """Return what tests expect of a stack file, and its owner may have chosen otherwise."""
    when = {"expression": "cron(0 4 * * ? *)", "timezone": "Europe/Berlin"}
    return {"aws:region": REGION, "prefix": f"processing-{stack}", **when}


def stack_keys(stack: str) -> dict[str, str]:
    """Return a stack file's configuration as Pulumi hands it over, but for what is its owner's."""
    own = {key if ":" in key else f"{PROJECT}:{key}": text for key, text in owners(stack).items()}
    return stack_file.keys(ROOT, stack) | own


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--examples",
        type=int,
        default=30,
        metavar="N",
        help="examples of each property; one that costs much plays a share of them (default: 30)",
    )


def pytest_configure(config: pytest.Config) -> None:
    # How long an example takes says more of the machine than of the code: no deadline.
    count = config.getoption("examples")
    hypothesis.settings.register_profile("suite", deadline=None, max_examples=count)
    hypothesis.settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        if folder in TIERS:
            item.add_marker(folder)
        elif not any(item.get_closest_marker(tier) for tier in TIERS):
            item.add_marker("unit")
    # Files that take long come first, so that no process ends long after the others.
    items.sort(key=lambda item: [item.get_closest_marker(tier) is None for tier in TIERS])


def pytest_collection_finish() -> None:
    """Let no collection of garbage look through the SDKs' modules, which all live on."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Let nothing be looked through at the end, where pytest and Python do so six times."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_aws_of_the_developer() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patched.setenv(name, "testing")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patched.setenv(name, "/dev/null")
        patched.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patched.delenv("AWS_PROFILE", raising=False)
        patched.chdir(ROOT)
        yield


PRICES = {
    "date": "2026-01-02",
    "Processing": {
        "storage_gb_month": 0.146,
        "hourly": {"ml.m5.large": 0.115, "ml.m5.xlarge": 0.2, "ml.m6i.xlarge": 0.3},
    },
    "Training": {
        "storage_gb_month": 0.146,
        "hourly": {"ml.m5.large": 0.12, "ml.m5.xlarge": 0.3},
    },
}


@pytest.fixture
def prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """List prices of the tests' region, which are not those that `ops prices` writes."""
    monkeypatch.setattr("pipeline.cost._CARDS", {REGION: PRICES})
