"""Whether the network's settings fit together, and the script's secrets are within its reach."""

from collections.abc import Iterator

from components.settings import addresses
from components.settings.model import NetworkSettings, Settings

SECRETS = "secretsmanager"
_ONLY = {"vpc": ("cidr", "zones", "endpoints"), "existing": ("subnets", "security_groups")}
"""Mode -> the keys that have an effect in it alone."""


def problems(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with the network."""
    network = settings.network
    yield from _of_another_mode(network)
    match network.mode:
        case "isolated" if settings.job.secrets:
            yield (
                "job.secrets: the script has no network to fetch them; set network.mode to vpc and "
                f"add {SECRETS} to network.endpoints, or to existing"
            )
        case "vpc":
            yield from _endpoints(settings)
            if problem := addresses.problem(
                network.cidr, network.zones, len(network.endpoints), instances_at_once(settings)
            ):
                yield problem
        case "existing":
            for key in _ONLY["existing"]:
                if not getattr(network, key):
                    yield f"network.{key}: is empty; mode existing needs at least one id"
        case _:
            pass


def instances_at_once(settings: Settings) -> int:
    """Return how many instances the subnets must have room for.

    Without limits.max_concurrent_instances: a job of each schedule. More may overlap, of the same
    schedule or started by hand; SageMaker refuses or fails those for which no address is left.
    """
    job = settings.job
    return settings.limits.max_concurrent_instances or job.instance_count * len(settings.schedules)


def _of_another_mode(network: NetworkSettings) -> Iterator[str]:
    """Yield what is set, but has no effect in this mode: somebody believes that it has."""
    for mode, keys in _ONLY.items():
        for key in keys if mode != network.mode else ():
            if getattr(network, key) != type(network).model_fields[key].default:
                yield (
                    f"network.{key}: is only for mode {mode}; set network.mode to {mode}, "
                    "or leave it at its default"
                )


def _endpoints(settings: Settings) -> Iterator[str]:
    endpoints = settings.network.endpoints
    for name in sorted({each for each in endpoints if endpoints.count(each) > 1}):
        yield f"network.endpoints: {name} comes twice; name each once"
    if "s3" in endpoints:
        yield "network.endpoints: s3 is reached by a gateway endpoint in any case; leave it out"
    if settings.job.secrets and SECRETS not in endpoints:
        yield f"job.secrets: the VPC has no endpoint for them; add {SECRETS} to network.endpoints"
