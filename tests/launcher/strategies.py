"""Every legal setting and event, as hypothesis strategies."""

import math
import string
from datetime import UTC, datetime
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from components import names
from components.aws import instance_types, models
from components.settings import Settings
from components.settings.values import JOB, RESERVED_TAGS, environment_name_problem
from launcher.sizing import Counted

_CLUSTER = "ProcessingResources.ClusterConfig"
INSTANCE_TYPES: list[str] = list(models.shape(*JOB, f"{_CLUSTER}.InstanceType").metadata["enum"])


def names_up_to(longest: int) -> st.SearchStrategy[str]:
    """Return the names of prefixes and schedules of at most `longest` characters."""
    words = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
    whole = st.lists(words, min_size=1, max_size=4).map(lambda parts: "n" + "-".join(parts))
    return whole.map(lambda name: name[:longest].rstrip("-"))


a_name = names_up_to(24)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=256)
# The model's ".": anything but what Java takes for the end of a line.
_one_line = st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\x85\u2028\u2029")
arguments = st.lists(st.text(_one_line, min_size=1, max_size=256), max_size=5)
environments = st.dictionaries(
    st.text(string.ascii_letters + "_", min_size=1, max_size=256).filter(
        lambda name: environment_name_problem(name) is None
    ),
    texts,
    max_size=5,
)
tag_texts = st.text(string.ascii_letters + string.digits + " _.:/=+-@é", max_size=128)
tags = st.dictionaries(
    tag_texts.filter(
        lambda key: bool(key) and not key.lower().startswith("aws:") and key not in RESERVED_TAGS
    ),
    tag_texts,
    max_size=5,
)
slots = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda slot: slot.replace(microsecond=0)
)
prefixes = st.sampled_from(
    ["in/", "20{slot:%y/%m/%d}/", "x/{schedule}/", "x/{previous_local:%F}/", f"{'p' * 400}/"]
)
attempts = st.integers(1, 99)


def json_values() -> st.SearchStrategy[Any]:
    """Return whatever JSON, as Python reads it, can hold."""
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )


@st.composite
def settings(draw: st.DrawFn) -> Settings:
    """Return any settings that are accepted."""
    prefix = draw(names_up_to(names.MAX_PREFIX))
    schedule = names_up_to(names.max_schedule_name(prefix))
    first, *others = draw(
        st.lists(st.sampled_from(INSTANCE_TYPES), min_size=1, max_size=3, unique=True)
    )
    parts: dict[str, Any] = {
        "project": "sagemaker-processing",
        "stack": draw(a_name),
        "region": "eu-central-1",
        "prefix": prefix,
        "schedules": draw(st.dictionaries(schedule, _schedules(), min_size=1, max_size=3)),
        "job": {
            "instance_type": first,
            "instance_count": draw(st.integers(1, 100)),
            "volume_gb": draw(st.just("auto") | st.integers(1, 16384)),
            "sizes": draw(sizes()),
            "cluster": draw(st.booleans()),
            "max_runtime_seconds": draw(st.integers(1, 777600)),
            "arguments": draw(arguments),
            "environment": draw(environments),
        },
        "network": draw(networks()),
        "retries": {
            "fallback_instance_types": others,
            "max_size_increases": draw(st.integers(0, 3)),
        },
        "tags": draw(tags),
        "input": {"prefix": draw(prefixes)},
        "reference": {"prefix": draw(st.sampled_from([None, "models/{schedule}/{slot:%F}/"]))},
        "output": {"prefix": draw(prefixes) + "{schedule}/{slot:%Y%m%d%H%M%S}/"},
    }
    return Settings.model_validate(parts)


@st.composite
def sizes(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return tiers that the rules accept; none, half the time."""
    tops = draw(st.just(set[int]()) | st.sets(st.integers(1, 20_000), min_size=1, max_size=4))
    found: list[dict[str, Any]] = []
    for top in sorted(tops):
        types = draw(st.lists(st.sampled_from(INSTANCE_TYPES), min_size=1, max_size=3, unique=True))
        limit = min(map(instance_types.largest_volume, types))
        assume(top <= 100 * limit)
        count = draw(st.integers(math.ceil(top / limit), 100))
        fixed = st.integers(math.ceil(top / count), limit)
        tier = {"instance_type": types[0], "fallback_instance_types": types[1:]}
        volume = draw(st.just("auto") | fixed)
        found.append({**tier, "up_to_gb": top, "instance_count": count, "volume_gb": volume})
    if found and draw(st.booleans()):
        del found[-1]["up_to_gb"]
    return found


@st.composite
def inputs(draw: st.DrawFn) -> Counted:
    """Return what may have been counted, of no object to millions, of no byte to petabytes."""
    objects = draw(st.integers(0, 10) | st.integers(0, 10**7))
    largest = draw(st.integers(0, 10**6) | st.integers(0, 50 * 2**40)) if objects else 0
    total = draw(st.integers(largest, objects * largest)) if objects else 0
    complete = draw(st.booleans()) or not objects
    return Counted(objects, total, largest, complete, late=not complete and draw(st.booleans()))


def networks() -> st.SearchStrategy[dict[str, Any]]:
    """Return every mode, with a block that every job fits into."""
    vpc: dict[str, Any] = {"mode": st.just("vpc")}
    return st.one_of(
        st.just(dict[str, Any]()),
        st.fixed_dictionaries({**vpc, "cidr": st.just("10.0.0.0/16"), "zones": st.integers(1, 6)}),
        st.fixed_dictionaries(
            {
                "mode": st.just("existing"),
                "subnets": _ids("subnet", 16),
                "security_groups": _ids("sg", 5),
            }
        ),
    )


def _ids(kind: str, most: int) -> st.SearchStrategy[list[str]]:
    ids = st.integers(0, 16**17 - 1).map(lambda number: f"{kind}-{number:017x}")
    return st.lists(ids, min_size=1, max_size=most, unique=True)


def _schedules() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "expression": st.just("cron(0 2 * * ? *)"),
            "timezone": st.just("Europe/Berlin"),
            "arguments": arguments,
            "environment": environments,
            "job": st.fixed_dictionaries(
                {},
                optional={
                    "instance_type": st.sampled_from(INSTANCE_TYPES),
                    "instance_count": st.integers(1, 100),
                    "environment": environments,
                },
            ),
        }
    )
