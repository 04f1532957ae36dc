"""The inputs and outputs of each type and function, read from the installed provider SDKs."""

import importlib
import inspect
import sys
import typing
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, ForwardRef, cast

import pulumi

from tests.engine.values import SIGNATURE, UNKNOWN

_SCALARS = {str: str, bool: bool, int: int, float: float}


@dataclass(frozen=True)
class Kind:
    """What one type of resource takes and gives."""

    inputs: dict[str, Any]
    """Pulumi's name -> type hint."""
    required: frozenset[str]
    outputs: dict[str, bool]
    """Pulumi's name -> whether the provider always computes it."""
    module: Any


@cache
def kind(token: str) -> Kind:
    """Return what a type such as `aws:kms/key:Key` takes and gives.

    Raises:
        KeyError: the SDK has no such type.
    """
    module, name = _module(token)
    resource = getattr(module, name, None)
    # `…Args` is a nested type where one has the resource's name.
    args = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args", None)
    if resource is None or args is None:
        raise KeyError(token)
    required = _required(args)
    outputs = {
        pulumi_name: "Optional" not in str(getter.__annotations__["return"])
        for pulumi_name, getter in _getters(resource).items()
    }
    return Kind(_inputs(args), required, outputs, sys.modules[args.__module__])


@cache
def function(token: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the parameters and the results of a function such as `aws:ecr/getImages:getImages`.

    Raises:
        KeyError: the SDK has no such function.
    """
    module, name = _module(token)
    result = getattr(module, f"{name[0].upper()}{name[1:]}Result", None)
    if result is None:
        raise KeyError(token)
    call = getattr(module, _snake(name))
    parameters = {_camel(each) for each in inspect.signature(call).parameters if each != "opts"}
    return frozenset(parameters), frozenset(_getters(result))


def problems(value: Any, hint: Any, module: Any, path: str) -> Iterator[str]:
    """Yield what is wrong with an input's value: unknown keys, missing ones, other types."""
    options = [*_options(hint, module)]
    if value == UNKNOWN or any(option is Any for option in options):
        return
    each_ones = [list(_problems_of(value, option, module, path)) for option in options]
    if all(each_ones):
        yield from min(each_ones, key=len)


def _problems_of(value: Any, hint: Any, module: Any, path: str) -> Iterator[str]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, dict):
        for key, each in cast("dict[str, Any]", value).items():
            yield from problems(each, arguments[1], module, f"{path}.{key}")
    elif origin is not None and issubclass(origin, Sequence) and isinstance(value, list):
        for index, each in enumerate(cast("list[Any]", value)):
            yield from problems(each, arguments[0], module, f"{path}[{index}]")
    elif origin is not None:
        yield f"{path} = {value!r}: {origin.__name__} is wanted"
    elif isinstance(hint, type) and issubclass(hint, (pulumi.Archive, pulumi.Asset)):
        if not isinstance(value, dict) or SIGNATURE not in value:
            yield f"{path}: an archive or asset is wanted"
    elif isinstance(hint, type) and hint not in _SCALARS and not issubclass(hint, Enum):
        yield from object_problems(value, cast("type[Any]", hint), path)
    elif not _is_scalar(value, hint):
        yield f"{path} = {value!r}: {getattr(hint, '__name__', hint)} is wanted"


def object_problems(value: Any, args: type, path: str) -> Iterator[str]:
    """Yield what is wrong with a nested object of a generated `…Args` class."""
    if not isinstance(value, dict):
        yield f"{path} = {value!r}: an object is wanted"
        return
    tree = cast("dict[str, Any]", value)
    known, module = _inputs(args), sys.modules[args.__module__]
    for key in sorted(_required(args).difference(tree)):
        yield f"{path}.{key} is missing"
    for key, each in tree.items():
        if key not in known:
            yield f"{path}.{key}: there is no such input"
        elif each is not None:
            yield from problems(each, known[key], module, f"{path}.{key}")


def _is_scalar(value: Any, hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return value in [member.value for member in hint]
    if hint in (int, float):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and (hint is float or value == int(value))
    return isinstance(value, hint)


def _options(hint: Any, module: Any) -> Iterator[Any]:
    """Yield the plain types of a hint such as `pulumi.Input[Optional['XArgs']]`."""
    if isinstance(hint, str):
        hint = ForwardRef(hint)
    if isinstance(hint, ForwardRef):
        name = hint.__forward_arg__
        if not name.startswith("Output["):
            yield from _options(getattr(module, name), module)
    elif typing.get_origin(hint) is typing.Union:
        for each in typing.get_args(hint):
            yield from _options(each, module)
    elif not (
        typing.get_origin(hint) is Awaitable
        or hint is type(None)
        or typing.is_typeddict(hint)  # says the same as the class does
    ):
        yield hint


def _getters(owner: type) -> dict[str, Any]:
    """Return Pulumi's name -> getter of each property of a generated class."""
    return {
        getattr(each.fget, "_pulumi_name", name): each.fget
        for name, each in vars(owner).items()
        if isinstance(each, property)
    }


@cache
def _inputs(args: type) -> dict[str, Any]:
    return {name: getter.__annotations__["return"] for name, getter in _getters(args).items()}


@cache
def _required(args: type) -> frozenset[str]:
    names = {
        name: getattr(each.fget, "_pulumi_name", name)
        for name, each in vars(args).items()
        if isinstance(each, property)
    }
    parameters = list(inspect.signature(args).parameters.values())
    return frozenset(names[each.name] for each in parameters if each.default is each.empty)


def _module(token: str) -> tuple[Any, str]:
    package, path, name = token.split(":")
    part = path.split("/")[0].lower()
    part = {"index": "", "lambda": ".lambda_"}.get(part, f".{part}")
    return importlib.import_module(f"pulumi_{package}{part}"), name


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
