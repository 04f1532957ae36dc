"""Whether a command of the AWS CLI exists as it is written: by the models that it is made of."""

import shlex
from collections.abc import Iterator
from functools import cache

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel

_OWN = {("s3", "cp"), ("s3", "ls"), ("s3", "rm"), ("logs", "tail")}
"""Commands of the CLI's own, which are no operation of a service."""
_EVERYWHERE = {"query", "output", "region", "profile"}
_ENDS = {"|", ">", "&&", ";", "then", "while"}


def problems(command: str) -> Iterator[str]:
    """Yield what is wrong with `aws SERVICE OPERATION …`, up to a pipe or the end."""
    words = list(_words(command))
    service, operation = words[1], words[2]
    if (service, operation) in _OWN:
        return
    model = _operations(service).get(operation)
    if model is None:
        yield f"there is no aws {service} {operation}"
        return
    members = model.input_shape.members if model.input_shape else {}
    known = {xform_name(member, "-") for member in members}
    given = {word.removeprefix("--") for word in words if word.startswith("--")}
    yield from (f"no option --{each}" for each in sorted(given - known - _EVERYWHERE))
    required = model.input_shape.required_members if model.input_shape else []
    # A sentence may name an operation alone.
    missing = {xform_name(member, "-") for member in required if given} - given
    yield from (f"--{each} is missing" for each in sorted(missing))


def _words(command: str) -> Iterator[str]:
    for word in shlex.split(command):
        if word in _ENDS:
            return
        yield word


@cache
def _operations(service: str) -> dict[str, OperationModel]:
    model = botocore.session.get_session().get_service_model(
        "s3" if service == "s3api" else service
    )
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}
