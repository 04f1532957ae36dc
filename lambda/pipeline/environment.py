"""A function's environment: the resources of its stack, which only a deployment knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class ConfigError(Exception):
    """The function was deployed without something it needs."""


def required(fields: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of these names in capitals, by their names as they are.

    Raises:
        ConfigError: names every missing variable.
    """
    names = {field: field.upper() for field in fields}
    missing = [name for name in names.values() if not environ.get(name)]
    if missing:
        raise ConfigError(
            f"environment variables missing: {', '.join(missing)}; deploy with pulumi up"
        )
    return {field: environ[name] for field, name in names.items()}
