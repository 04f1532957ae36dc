"""What a stack of this checkout costs a month, by list prices: at most $13.25.

Schedules whose instances have no price are ` + ?`.
"""

import argparse
import sys
from datetime import UTC, datetime

from components import forecast
from ops import stack
from pipeline.text import dollars


def main(name: str) -> int:
    """Print the forecast of a stack, or why there is none."""
    try:
        settings, now = stack.load(name).settings, datetime.now(UTC)
    except stack.OpsError as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    schedules = settings.schedules.values()
    most = [forecast.most_a_month(settings, each, now) for each in schedules]
    known = [usd for usd in most if usd is not None]
    total = dollars(sum(known, sum(forecast.at_rest(settings).values())))
    sys.stdout.write(f"{total}{' + ?' if len(known) < len(most) else ''}\n")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m ci.forecast", description=__doc__)
    parser.add_argument("stack")
    sys.exit(main(parser.parse_args().stack))
