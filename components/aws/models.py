"""What AWS allows, read from AWS's own service models (botocore), never typed in.

botocore's client checks only types, unknown keys, required members and minima; enums, patterns and
maxima are in the model but unchecked until the service refuses the call. `violations` checks all.
"""

import difflib
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, cast

import botocore.session
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator


@cache
def _session() -> botocore.session.Session:
    """Return the one session: each new one searches all of botocore's folders anew."""
    found = botocore.session.Session()
    found.register_component("data_loader", loader())
    return found


@cache
def loader() -> Loader:
    """Return what reads the data of the pinned botocore, and no models of this user's own."""
    return Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


@cache
def sagemaker_regions() -> list[str]:
    """Return the regions that SageMaker is in."""
    # Elsewhere services are called otherwise (logs.<region>.amazonaws.com.cn), in policies too.
    partitions = ("aws", "aws-us-gov")
    return [r for p in partitions for r in _session().get_available_regions("sagemaker", p)]


def partition(region: str) -> str:
    """Return the part of AWS that a region belongs to, such as `aws`."""
    return _session().get_partition_for_region(region)


@cache
def shape(service: str, operation: str, path: str = "") -> Shape:
    """Return the shape of an operation's input, or of a member deep inside it.

    Args:
        service: such as `sagemaker`.
        operation: such as `CreateProcessingJob`.
        path: names joined by dots; inside a list is its `member`, inside a map `key` and `value`.

    Raises:
        KeyError: the model has no such member.
    """
    found: Any = _session().get_service_model(service).operation_model(operation).input_shape
    for step in filter(None, path.split(".")):
        inner = isinstance(found, StructureShape)
        found = found.members[step] if inner else getattr(found, step)
    return cast("Shape", found)


def violations(model: Shape, value: Any) -> list[str]:  # noqa: ANN401 - as the model
    """Return every way in which `value` breaks `model`; an empty list means that AWS accepts it."""
    report: str = ParamValidator().validate(value, model).generate_report()
    return report.split("\n") if report else [*_beyond_botocore(model, value, "")]


def _beyond_botocore(model: Shape, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401
    """Yield what is wrong with a value in which botocore's own check finds nothing."""
    for rule in broken_limits(model, value):
        yield f"{path} = {value!r}: {rule}"
    if isinstance(model, StructureShape):
        for name, item in value.items():
            yield from _beyond_botocore(model.members[name], item, f"{path}.{name}".lstrip("."))
    elif isinstance(model, ListShape):
        for index, item in enumerate(value):
            yield from _beyond_botocore(model.member, item, f"{path}[{index}]")
    elif isinstance(model, MapShape):
        for key, item in value.items():
            yield from _beyond_botocore(model.key, key, f"{path}.{key}")
            yield from _beyond_botocore(model.value, item, f"{path}.{key}")


def broken_limits(model: Shape, value: Any) -> Iterator[str]:  # noqa: ANN401 - as the model
    """Yield each limit that a value passes, in words; members of the value are not looked at."""
    kind, limits = model.type_name, model.metadata
    if "min" in limits or "max" in limits:
        low, high = limits.get("min", -math.inf), limits.get("max", math.inf)
        size, counted = value, ""
        if kind not in ("integer", "long", "float", "double"):
            size = len(value)
            counted = f"has {size} {'characters' if kind == 'string' else 'entries'}, "
        if not low <= size <= high:
            allowed = f"from {low} to {high}" if "min" in limits else f"at most {high}"
            yield f"{counted}must be {allowed if 'max' in limits else f'at least {low}'}"
    if "enum" in limits and (rule := choices(value, limits["enum"])):
        yield rule
    pattern = limits.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield f"must match the pattern {pattern}"


def choices(value: str, allowed: Sequence[str]) -> str | None:
    """Return what is allowed instead of `value`, all of a short list or the closest, or None."""
    if value in allowed:
        return None
    if len(allowed) <= _SHORT_LIST:
        return "must be one of " + ", ".join(allowed)
    closest = difflib.get_close_matches(value, allowed, n=5, cutoff=0.5)
    hint = f"; closest: {', '.join(closest)}" if closest else ""
    return f"is none of the {len(allowed)} allowed values{hint}"


_SHORT_LIST = 12


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
