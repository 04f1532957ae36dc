"""Work out what a stack costs while nothing runs, beside two usual ways to have such a job.

Usage: python -m benchmarks.at_rest

Of each stack of this repository, and of prod in a VPC: what the forecast says, the same with a NAT
gateway in each zone instead of endpoints, and an instance that is always on, for cron, alone.
"""

from collections.abc import Iterator

from benchmarks import table
from components import forecast
from components.settings import Settings, loader, stack_file
from tests.components.settings.test_settings import settings
from tests.conftest import ROOT

_HOURS = 730
NAT = (0.045 + 0.005) * _HOURS
"""USD a month of a gateway and its public IPv4 address, without its traffic ($0.045 a GB)."""
INSTANCE = 0.0208 * _HOURS + 8 * 0.08
"""USD a month of a t3.small and 8 GB of gp3, without a public address."""


def stacks() -> Iterator[tuple[str, Settings]]:
    """Yield title and settings of each stack."""
    project = stack_file.project(ROOT)
    for name in ("dev", "staging", "prod"):
        yield name, loader.read(stack_file.keys(ROOT, name), project, name)
    yield "prod in a VPC", settings(network={"mode": "vpc"})


def row(title: str, stack: Settings) -> list[str]:
    """Return a line of the table."""
    items = forecast.at_rest(stack)
    others = sum(usd for what, usd in items.items() if "endpoints" not in what)
    amounts = sum(items.values()), others + NAT * stack.network.zones, INSTANCE
    return [title, ", ".join(items), *(f"{usd:.2f}" for usd in amounts)]


def main() -> None:
    """Print the table."""
    heads = ["stack", "what", "USD a month", "with NAT gateways", "a t3.small"]
    table.show(heads, (row(*each) for each in stacks()))


if __name__ == "__main__":
    main()
