"""What a stack of this checkout costs a month, as JSON.

{"at_rest": USD, "schedules": {name: USD at most, null without a price}}
"""

import argparse
import json
import sys
from datetime import UTC, datetime

from components import forecast
from ops import stack


def main(name: str) -> int:
    """Print the forecast of a stack, or why there is none."""
    try:
        settings, now = stack.load(name).settings, datetime.now(UTC)
    except stack.OpsError as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    schedules = {
        each: forecast.most_a_month(settings, schedule, now)
        for each, schedule in settings.schedules.items()
    }
    at_rest = sum(forecast.at_rest(settings).values())
    sys.stdout.write(json.dumps({"at_rest": at_rest, "schedules": schedules}) + "\n")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m ci.forecast", description=__doc__)
    parser.add_argument("stack")
    sys.exit(main(parser.parse_args().stack))
