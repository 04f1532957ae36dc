"""What AWS allows, read from AWS's own service models (botocore), never typed in.

botocore's client checks only types, unknown keys, required members and minima; enums, patterns and
maxima are in the model but unchecked until the service refuses the call. `violations` checks all.
"""

import difflib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape


@dataclass(frozen=True)
class Violation:
    """One constraint of the service's model that a value does not satisfy."""

    path: str
    """Where in the value, such as `ProcessingResources.ClusterConfig.InstanceType`."""
    value: object
    rule: str
    """What is allowed there, in words."""

    def __str__(self) -> str:
        return f"{self.path} = {self.value!r}: {self.rule}"


@cache
def _session() -> botocore.session.Session:
    """Return the one session: each new one searches all of botocore's folders anew."""
    return botocore.session.get_session()


@cache
def partition(region: str) -> str:
    """Return the partition of a region, such as `aws`: with what every ARN there begins."""
    return _session().get_partition_for_region(region)


@cache
def sagemaker_regions() -> list[str]:
    """Return the regions that SageMaker is in."""
    # Elsewhere services are called otherwise (logs.<region>.amazonaws.com.cn), in policies too.
    partitions = ("aws", "aws-us-gov")
    return [r for p in partitions for r in _session().get_available_regions("sagemaker", p)]


@cache
def shape(service: str, operation: str, path: str = "") -> Shape:
    """Return the shape of an operation's input, or of a member deep inside it.

    Args:
        service: botocore's name of it, such as `sagemaker`.
        operation: such as `CreateProcessingJob`.
        path: member names joined by dots; `[]` enters a list, `{}` a map's value, `{key}` its key.

    Raises:
        KeyError: the model has no such member.
    """
    found: Any = _session().get_service_model(service).operation_model(operation).input_shape
    for step in filter(None, path.split(".")):
        match step:
            case "[]":
                found = found.member
            case "{}":
                found = found.value
            case "{key}":
                found = found.key
            case _:
                found = found.members[step]
    return cast("Shape", found)


def violations(model: Shape, value: object, path: str = "") -> list[Violation]:
    """Return every way in which `value` breaks `model`; an empty list means that AWS accepts it."""
    return list(_violations(model, value, path))


def _violations(model: Shape, value: object, path: str) -> Iterator[Violation]:
    expected = _PYTHON_TYPES.get(model.type_name)
    wrong_bool = isinstance(value, bool) and model.type_name != "boolean"
    if expected and (not isinstance(value, expected) or wrong_bool):
        yield Violation(path, value, f"must be of type {model.type_name}")
        return
    yield from _scalar(model, value, path)
    if isinstance(model, StructureShape):
        yield from _structure(model, cast("dict[str, object]", value), path)
    elif isinstance(model, ListShape):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _violations(model.member, item, f"{path}[{index}]")
    elif isinstance(model, MapShape):
        for key, item in cast("dict[str, object]", value).items():
            yield from _violations(model.key, key, f"{path}.{key}")
            yield from _violations(model.value, item, f"{path}.{key}")


def _structure(model: StructureShape, value: dict[str, object], path: str) -> Iterator[Violation]:
    prefix = f"{path}." if path else ""
    for name in model.required_members:
        if name not in value:
            yield Violation(prefix + name, None, "is required")
    for name, item in value.items():
        if member := model.members.get(name):
            yield from _violations(member, item, prefix + name)
        else:
            known = ", ".join(model.members)
            yield Violation(prefix + name, item, f"is unknown; allowed here: {known}")


def _scalar(model: Shape, value: object, path: str) -> Iterator[Violation]:
    limits = model.metadata
    if model.type_name in _SIZED | _NUMBERS:
        is_number = model.type_name in _NUMBERS
        size = cast("float", value) if is_number else len(cast("str", value))
        low, high = limits.get("min", -math.inf), limits.get("max", math.inf)
        if not low <= size <= high:
            unit = "characters" if model.type_name == "string" else "entries"
            counted = "" if is_number else f"has {size} {unit}, "
            yield Violation(path, value, f"{counted}must be {_range(low, high)}")
    allowed = limits.get("enum")
    if allowed and value not in allowed:
        yield Violation(path, value, choices(cast("str", value), allowed))
    pattern = limits.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(cast("str", value)):
        yield Violation(path, value, f"must match the pattern {pattern}")


_NUMBERS = {"integer", "long", "float", "double"}
_SHORT_LIST = 12
_SIZED = {"string", "list", "map", "blob"}
_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "list": list,
    "map": dict,
    "structure": dict,
}


def choices(value: str, allowed: list[str]) -> str:
    """Return what is allowed instead of `value`: all of a short list, else the closest."""
    if len(allowed) <= _SHORT_LIST:
        return "must be one of " + ", ".join(allowed)
    closest = difflib.get_close_matches(value, allowed, n=5, cutoff=0.5)
    hint = f"; closest: {', '.join(closest)}" if closest else ""
    return f"is none of the {len(allowed)} allowed values{hint}"


def _range(low: float, high: float) -> str:
    if math.isinf(high):
        return f"at least {low}"
    return f"at most {high}" if math.isinf(low) else f"from {low} to {high}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    r"""Compile a model's pattern, written for Java, where \d and \w are ASCII only."""
    flags = re.NOFLAG if r"\p{" in pattern else re.ASCII
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    # Java's "." stops at each of these, Python's only at the first.
    return re.compile(_TOKEN.sub(lambda t: _DOT if t[0] == "." else t[0], pattern), flags)


_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|\.")
_DOT = r"[^\n\r\u0085\u2028\u2029]"


# Only ever used inside character classes that hold digits and the underscore too, as \\w does.
_JAVA_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    r"\uD800\uDC00-\uDBFF\uDFFF": "\U00010000-\U0010ffff",
}
