"""Which operations of AWS a function's code calls, read from the code."""

import ast
from collections.abc import Iterator

from botocore import xform_name

from components.aws import models
from pipeline.kind import Kind
from tests.conftest import ROOT

MANAGED_COPY = (
    *("head_object", "copy_object", "create_multipart_upload", "upload_part_copy"),
    *("complete_multipart_upload", "abort_multipart_upload"),
)
"""What boto3's transfer manager calls to copy within S3."""


def operations(package: str) -> set[str]:
    """Return `service:operation` of all AWS calls of a package, its own or through `pipeline`."""
    own, shared = trees(package), trees("pipeline")
    functions: dict[str, set[str]] = {}
    for node in (node for tree in shared for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            functions.setdefault(node.name, set()).update(called(node), called_by_name(node))
    found: set[str] = set()
    new = {name for tree in own for name in called(tree)}
    while new := new - found:
        found |= new
        new = {name for each in new & functions.keys() for name in functions[each]}
    found.discard("search")  # a pattern's; SageMaker has an operation of that name
    return {
        f"{service}:{operation}"
        for service in clients(package)
        for operation in models.loader().load_service_model(service, "service-2")["operations"]
        if xform_name(operation) in found
    }


def clients(package: str) -> set[str]:
    """Return the services that a package makes clients of."""
    return {
        str(call.args[0].value)
        for tree in trees(package)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".client")
        if isinstance(call.args[0], ast.Constant)
    }


def trees(package: str) -> list[ast.Module]:
    return [ast.parse(path.read_text("utf-8")) for path in (ROOT / "lambda" / package).glob("*.py")]


def called_by_name(tree: ast.AST) -> set[str]:
    """Return the names of the functions of its own module that are called."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {each.id for each in calls if isinstance(each, ast.Name)}


def called(tree: ast.AST) -> set[str]:
    """Return the names of the methods that are called, and of the operations that are paged."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names.add(node.func.attr)
            if ast.unparse(node.func) == "manager.copy":
                names.update(MANAGED_COPY)
            if node.func.attr in ("get_paginator", "_call") and node.args:
                names.update(_named(node.args[0]))
    return names


def _named(operation: ast.expr) -> Iterator[str]:
    """Yield the operations that an expression names; one with a gap, of each kind of job."""
    match operation:
        case ast.Constant(str(text)):
            yield from (text.format(kind.lower()) for kind in Kind)
        case ast.JoinedStr([ast.Constant(str(begin)), _, ast.Constant(str(end))]):
            yield from (f"{begin}{kind.lower()}{end}" for kind in Kind)
        case _:
            assert isinstance(operation, ast.Name), ast.unparse(operation)
