"""Whether the script can reach what it calls: each problem is one line, `key: problem`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components import network_endpoints, network_plan
from components.settings import script_calls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from components.settings.model import Settings

SECRETS = "secretsmanager"
_VPC_ONLY = ("cidr", "zones", "endpoints")
_EXISTING_ONLY = ("subnets", "security_groups")


def problems(settings: Settings, script: str | None) -> Iterator[str]:
    """Yield what is wrong with the network, by itself and for what the script calls.

    Args:
        settings: the stack's.
        script: the text of the job's script; None leaves out what only its text shows.
    """
    yield from _of_another_mode(settings)
    yield from _mode(settings)
    yield from _endpoints(settings)
    for name, why in _calls(settings, script).items():
        yield from _unreachable(settings, name, why)


def _calls(settings: Settings, script: str | None) -> dict[str, str]:
    """Return each service that is called, or internet, with the beginning of a problem with it."""
    if settings.job.calls is not None:
        called = {name: f"job.calls: {name}" for name in settings.job.calls}
    else:
        found = script_calls.find(script) if script else {}
        called = {
            name: f"job.calls: null, and line {line} of the script calls {_shown(name)}"
            for name, line in found.items()
        }
    secrets = {SECRETS: f"job.secrets: {', '.join(settings.job.secrets)}"}
    return {**called, **(secrets if settings.job.secrets else {})}


def _shown(name: str) -> str:
    return "the internet" if name == script_calls.INTERNET else name


def _mode(settings: Settings) -> Iterator[str]:
    network = settings.network
    if network.mode == "isolated" and not network.isolation:
        yield (
            "network.isolation: false would give the container SageMaker's own network, with the "
            "whole internet; set network.mode to vpc or existing, or isolation to true"
        )
    if network.mode == "existing":
        for key in _EXISTING_ONLY:
            if not getattr(network, key):
                yield f"network.{key}: is empty; mode existing needs at least one id"
    if network.mode == "vpc" and (problem := network_plan.problem(settings)):
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
    if network_endpoints.GATEWAY in endpoints:
        yield "network.endpoints: s3 is reached by a gateway endpoint in any case; leave it out"


def _unreachable(settings: Settings, name: str, why: str) -> Iterator[str]:
    """Yield why the container does not reach a service, or the internet, if it does not."""
    network = settings.network
    endpoint = network_endpoints.of_service(name)
    if network.isolation:
        yield f"{why}; network.isolation = true cuts the container off: {_way_out(name, endpoint)}"
    elif network.mode == "vpc" and name == script_calls.INTERNET:
        yield (
            f"{why}; mode vpc has no way to the internet, by design: put what the script needs "
            "into the image or the input, or use network.mode existing with subnets that have a "
            f"route, {_IF_NOT}"
        )
    elif network.mode == "vpc" and endpoint not in (*network.endpoints, network_endpoints.GATEWAY):
        yield f"{why}; the VPC has no endpoint for it: add {endpoint} to network.endpoints"


def _way_out(name: str, endpoint: str) -> str:
    if name == network_endpoints.GATEWAY:
        return (
            "SageMaker brings the input to INPUT_PATH and takes the output from OUTPUT_PATH, so "
            f"leave the call out, or set network.mode to vpc and isolation to false, {_IF_NOT}"
        )
    if name == script_calls.INTERNET:
        return (
            "put what the script needs into the image or the input, or set network.mode to "
            f"existing, with subnets that have a route, and isolation to false, {_IF_NOT}"
        )
    if name == SECRETS:
        return (
            f"set network.mode to vpc, isolation to false, and add {endpoint} to network.endpoints"
        )
    return (
        f"set network.mode to vpc, isolation to false, and add {endpoint} to network.endpoints, "
        f"{_IF_NOT}"
    )


_IF_NOT = "or say in job.calls what it calls instead ([]: nothing)"
