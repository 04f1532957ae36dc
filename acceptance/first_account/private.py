"""What jobs in a VPC leave open: the latest ones show it."""

from datetime import timedelta

from acceptance.first_account.look import Json, Look, NotLookedAtError, Seen, name_of
from acceptance.first_account.probe import Section
from components.settings.addresses import PER_INSTANCE
from pipeline.kind import Kind
from pipeline.outcome import Outcome

VPC = Section(
    "A job in a VPC", "With `network.mode: vpc`, and then also with `network.endpoints: []`."
)
_GROUP = Kind.PROCESSING.group
_NEEDS = "a job with network.mode: vpc"


def _network(job: Json) -> Json:
    """Return a job's subnets and groups; nothing of one without a VPC."""
    return job.get("NetworkConfig", {}).get("VpcConfig", {})


def _hosts(job: Json) -> int:
    return job["ProcessingResources"]["ClusterConfig"]["InstanceCount"]


def _told(look: Look, *, endpoints: bool) -> tuple[int, int]:
    """Return how many streams and metrics a job has in a VPC with endpoints for them, or without.

    Raises:
        NotLookedAtError: there is no such job.
    """

    def is_one(job: Json) -> bool:
        return bool(_network(job)) and look.outcome(job) == Outcome.COMPLETED

    job = look.job(_NEEDS, is_one)
    subnets = look.ask("ec2", "describe_subnets", SubnetIds=_network(job)["Subnets"])["Subnets"]
    of_vpc = [{"Name": "vpc-id", "Values": [subnets[0]["VpcId"]]}]
    found = look.ask("ec2", "describe_vpc_endpoints", Filters=of_vpc)["VpcEndpoints"]
    if any(each["ServiceName"].endswith(".logs") for each in found) != endpoints:
        setting = "the default" if endpoints else "[]"
        raise NotLookedAtError(f"needs a job with network.endpoints: {setting}")
    log: Json = {"logGroupName": _GROUP, "logStreamNamePrefix": f"{name_of(job)}/"}
    streams = look.ask("logs", "describe_log_streams", **log)["logStreams"]
    host = [{"Name": "Host", "Value": f"{name_of(job)}/algo-1"}]
    metrics = look.ask("cloudwatch", "list_metrics", Namespace=_GROUP, Dimensions=host)["Metrics"]
    return len(streams), len(metrics)


@VPC.probe(
    'it fails at its start, with an access error or "internal error": `components/policies/vpc.py`'
)
def _vpc_conditions(look: Look) -> Seen:
    """Are the conditions on `ec2:Subnet` enough, and does `sagemaker:VpcSubnets` hold?"""
    ends = (Outcome.COMPLETED, Outcome.ACCESS_DENIED, Outcome.INTERNAL_ERROR)
    job = look.job(_NEEDS, lambda job: _network(job) and look.outcome(job) in ends)
    return look.outcome(job) == Outcome.COMPLETED, look.end_of(job)


@VPC.probe(
    "jobs succeed without any: leave out the endpoints' policy, `OnlyThisAccount` in "
    "`components/policies/vpc.py`"
)
def _logs(look: Look) -> Seen:
    """Do SageMaker's agents write logs through the endpoints, as the job's role?"""
    streams, _ = _told(look, endpoints=True)
    return streams > 0, f"{streams} streams"


@VPC.probe("leave that policy out, as for the logs")
def _metrics_of_hosts(look: Look) -> Seen:
    """Do SageMaker's agents send metrics through the endpoints?"""
    _, metrics = _told(look, endpoints=True)
    return metrics > 0, f"{metrics} metrics"


@VPC.probe("they are superfluous, and cost money: `components/network/component.py`")
def _endpoints(look: Look) -> Seen:
    """Are the endpoints `logs` and `monitoring` needed?"""
    streams, metrics = _told(look, endpoints=False)
    return not (streams and metrics), f"without them {streams} streams and {metrics} metrics"


@VPC.probe(
    "`PER_INSTANCE` in `components/settings/addresses.py`; what stays behind needs "
    "`ec2:DeleteNetworkInterfacePermission`"
)
def _addresses(look: Look) -> Seen:
    """Does a job take two addresses for each instance, and give all back within an hour?"""
    look.job(_NEEDS, _network)
    running = [each for each in look.jobs() if look.outcome(each) is None]
    ended = [each["ProcessingEndTime"] for each in look.jobs() if "ProcessingEndTime" in each]
    is_fresh = ended and max(ended) > look.now() - timedelta(hours=1)
    if is_fresh or not all("ProcessingStartTime" in each for each in running):
        raise NotLookedAtError("needs an hour since the last end, and since then no job's start-up")
    ours = [{"Name": "group-name", "Values": [f"{look.prefix}-jobs-*"]}]
    found = look.ask("ec2", "describe_network_interfaces", Filters=ours)["NetworkInterfaces"]
    instances = sum(map(_hosts, running))
    return len(found) == PER_INSTANCE * instances, f"{len(found)} for {instances} instances"


@VPC.probe("a rule more in `CLUSTER` of `components/aws/security_groups.py`")
def _hosts_reach_each_other(look: Look) -> Seen:
    """Do the hosts of a cluster reach each other by the names in `HOSTS`, encrypted?"""
    job = look.canary("hosts")
    return look.outcome(job) == Outcome.COMPLETED, look.end_of(job)


@VPC.probe("they need TCP, too: `components/network/security_groups.py`")
def _shared_input(look: Look) -> Seen:
    """Do instances that share the input start where they may exchange UDP 500 and ESP only?"""

    def is_one(job: Json) -> bool:
        return bool(_network(job)) and _hosts(job) > 1 and look.outcome(job) is not None

    job = look.job("a job in a VPC with job.instance_count: 2, without a cluster", is_one)
    return "ProcessingStartTime" in job, look.end_of(job)


@VPC.probe("the preview could look at shared VPCs, too: `components/network/existing.py`")
def _options_of_a_shared_vpc(look: Look) -> Seen:
    """Are the DHCP options of a shared VPC hidden from its participants?"""
    account = look.ask("sts", "get_caller_identity")["Account"]
    vpcs = look.ask("ec2", "describe_vpcs")["Vpcs"]
    shared = {each["DhcpOptionsId"] for each in vpcs if each["OwnerId"] != account}
    if not shared:
        raise NotLookedAtError("needs an account that takes part in a shared VPC")
    found = {
        each["DhcpOptionsId"] for each in look.ask("ec2", "describe_dhcp_options")["DhcpOptions"]
    }
    return not found & shared, f"{len(found & shared)} of {len(shared)} are visible"
