"""How many examples a property plays. `pytest --examples N` sets it for all."""

import hypothesis


def share(part: float) -> int:
    """Return a part of what a usual property plays, for one whose examples cost more or less."""
    return max(1, round(hypothesis.settings().max_examples * part))
