"""The container's own Python files, which lie in no package."""

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from typing import Any

from tests.container.job import CONTAINER


def load(name: str, folder: str = "bin") -> Any:
    """Return a file of the container as a module."""
    bin_folder = str(CONTAINER / folder)
    loader = SourceFileLoader(name.removesuffix(".py"), f"{bin_folder}/{name}")
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    # No compiled file may stay in the build context.
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, bin_folder)
    try:
        loader.exec_module(module)
    finally:
        sys.path.remove(bin_folder)
        sys.dont_write_bytecode = writes
    return module
