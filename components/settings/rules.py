"""What must agree between the settings: each problem is one line, `key: problem`."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from components import names
from components.settings import (
    addresses,
    places,
    recovery_rules,
    run_rules,
    slot_rules,
    spot_rules,
    waiting,
)
from components.settings.model import Settings
from components.settings.schedule import ScheduleSettings
from components.settings.sections import NetworkSettings
from pipeline.text import duration


def problems(settings: Settings, after: datetime | None) -> list[str]:
    """Return what is wrong; `after` is what a schedule's next slot must be later than, if given."""
    found = list[str]()
    for name, schedule in settings.schedules.items():
        found += _schedule(settings, name, schedule, after)
        found += run_rules.problems(settings, name, schedule)
        found += slot_rules.problems(name, schedule)
        found += spot_rules.problems(settings, name, schedule)
    found += places.problems(settings)
    found += waiting.problems(settings)
    found += recovery_rules.problems(settings)
    found += _image(settings)
    found += _network(settings)
    found += _chat(settings)
    found += _clusters(settings)
    return list(dict.fromkeys(found))  # what schedules have in common comes once


def _schedule(
    settings: Settings, name: str, schedule: ScheduleSettings, after: datetime | None
) -> Iterator[str]:
    key = f"schedules.{name}"
    longest = names.max_schedule_name(settings.prefix)
    if len(name) > longest:
        yield (
            f"{key}: has {len(name)} characters, at most {longest} fit into a job's name "
            f"after {settings.prefix}--; shorten it, or set a shorter prefix"
        )
    if after and not schedule.suspend and schedule.next_slot(after) is None:
        now = after.astimezone(ZoneInfo(schedule.timezone))
        yield (
            f"{key}.expression: {schedule.expression} has no slot after now, "
            f"{now:%Y-%m-%dT%H:%M} in {schedule.timezone}, so it never runs; write a later "
            f"time, remove {name}, or set its suspend to true"
        )
    hours, gap = schedule.success_within_hours, schedule.longest_gap
    if hours and gap is None:
        yield f"{key}.success_within_hours: {hours} has no meaning for one slot; set it to null"
    elif hours and gap and timedelta(hours=hours) < gap:
        yield (
            f"{key}.success_within_hours: {hours} is shorter than the "
            f"{duration(gap.total_seconds())} between two slots of {schedule.expression}; set "
            "more, or null to derive it"
        )


def _image(settings: Settings) -> Iterator[str]:
    uri, base = settings.image.uri, settings.image.base
    if uri and base:
        yield f"image: base {base} has no effect on the image of uri; leave one of them out"
    # A pilot light takes the home stack's from its own registry, to which ECR replicates it.
    regions = "|".join({settings.region, settings.home_region})
    if uri and not re.match(rf"\d+\.dkr\.ecr\.({regions})\.", uri):
        yield (
            f"image.uri: {uri} is not in aws:region {settings.region}; name an image of a "
            "repository there: SageMaker pulls from no other region"
        )
    if any(
        each.prefix == settings.prefix and not each.account for each in settings.image.shared_with
    ):
        yield (
            f"image.shared_with: has {settings.prefix}, which is this stack; leave it out, or name "
            "the account of the other one"
        )


def _chat(settings: Settings) -> Iterator[str]:
    if settings.alerts.has_chat and settings.region.startswith("us-gov-"):
        key = "slack" if settings.alerts.slack else "teams"
        yield f"alerts.{key}: is not to be had in AWS GovCloud; leave it out"


_SECRETS = "secretsmanager"
_ONLY = {
    **dict.fromkeys(("cidr", "zones", "endpoints"), "vpc"),
    **dict.fromkeys(("subnets", "security_groups"), "existing"),
}
"""Keys of the network -> the one mode in which each has an effect."""


def _network(settings: Settings) -> Iterator[str]:
    network, defaults = settings.network, NetworkSettings()
    for key, mode in _ONLY.items():
        value = getattr(network, key)
        if network.mode == mode == "existing" and not value:
            yield f"network.{key}: is empty; mode existing needs at least one id"
        if network.mode != mode and value != getattr(defaults, key):
            yield (
                f"network.{key}: is only for mode {mode}; set network.mode to {mode}, or leave it "
                "at its default"
            )
    if "s3" in network.endpoints:
        yield "network.endpoints: s3 is reached by a gateway endpoint in any case; leave it out"
    if network.mode == "vpc":
        # Without a limit a job of each schedule; SageMaker refuses more that find no address.
        each_once = sum(each.most_instances for each in settings.schedules.values())
        most = settings.limits.max_concurrent_instances or each_once
        yield from addresses.problems(network.cidr, network.zones, len({*network.endpoints}), most)
        if settings.secrets and _SECRETS not in network.endpoints:
            yield f"job.secrets: the VPC does not reach them; add {_SECRETS} to network.endpoints"
    if network.mode == "isolated" and settings.secrets:
        yield (
            "job.secrets: the script has no network to fetch them; set network.mode to vpc and "
            f"add {_SECRETS} to network.endpoints, or to existing"
        )


def _clusters(settings: Settings) -> Iterator[str]:
    of_keys: dict[str, list[ScheduleSettings]] = {}
    for name, schedule in settings.schedules.items():
        if schedule.job.cluster and not schedule.job.is_spot:  # which is for one instance
            key = run_rules.key(name, schedule, "job", "cluster")
            of_keys.setdefault(key, []).append(schedule)
    for key, schedules in of_keys.items():
        if all(each.most_instances == 1 for each in schedules):
            yield (
                f"{key}: has no effect on one instance; set job.instance_count, or that of a tier "
                "of job.sizes, or leave it out"
            )
        elif settings.network.mode == "isolated":
            yield (
                f"{key}: needs a network, since between the hosts of an isolated job SageMaker "
                "lets nothing through; set network.mode to vpc, or to existing with groups whose "
                "members reach each other"
            )
