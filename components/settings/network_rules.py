"""Whether the network's settings fit together, and the script's secrets are within its reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.aws import endpoint_names
from components.settings import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from components.settings.model import Settings

SECRETS = "secretsmanager"
_VPC_ONLY = ("cidr", "zones", "endpoints")
_EXISTING_ONLY = ("subnets", "security_groups")


def problems(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with the network."""
    yield from _of_another_mode(settings)
    yield from _mode(settings)
    yield from _endpoints(settings)
    yield from _secrets(settings)


def _mode(settings: Settings) -> Iterator[str]:
    network = settings.network
    if network.mode == "existing":
        for key in _EXISTING_ONLY:
            if not getattr(network, key):
                yield f"network.{key}: is empty; mode existing needs at least one id"
    if network.mode == "vpc" and (problem := addresses.problem(settings)):
        yield problem


def _of_another_mode(settings: Settings) -> Iterator[str]:
    """Yield what is set, but has no effect in this mode: somebody believes that it has."""
    network = settings.network
    only: Mapping[str, tuple[str, ...]] = {"vpc": _VPC_ONLY, "existing": _EXISTING_ONLY}
    for mode, keys in only.items():
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
    if endpoint_names.GATEWAY in endpoints:
        yield "network.endpoints: s3 is reached by a gateway endpoint in any case; leave it out"


def _secrets(settings: Settings) -> Iterator[str]:
    """Yield why the script cannot fetch its secrets, if it cannot."""
    network = settings.network
    if not settings.job.secrets:
        return
    if network.isolation:
        yield (
            "job.secrets: the script has no network to fetch them; set network.mode to vpc and "
            f"add {SECRETS} to network.endpoints, or to existing"
        )
    elif network.mode == "vpc" and SECRETS not in network.endpoints:
        yield (f"job.secrets: the VPC has no endpoint for them; add {SECRETS} to network.endpoints")
