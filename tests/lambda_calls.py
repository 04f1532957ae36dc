"""Which operations of AWS a function's code calls, read from the code."""

import ast

from botocore import xform_name

from components.aws import models
from tests.conftest import ROOT


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
            if node.func.attr == "get_paginator" and isinstance(node.args[0], ast.Constant):
                names.add(str(node.args[0].value))
    return names
