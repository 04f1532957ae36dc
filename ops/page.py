"""Pages in one file that fetch nothing and run nothing: the same look for all, by base.html."""

from collections.abc import Callable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.text import duration


def render(template: Path, filters: Mapping[str, Callable[..., str]], **values: object) -> str:
    """Return the document; what scripts and people wrote is escaped in it."""
    environment = Environment(
        loader=FileSystemLoader([template.parent, Path(__file__).parent]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters, duration=duration)
    return environment.get_template(template.name).render(**values)
