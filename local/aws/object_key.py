"""What S3 takes as the key of an object."""

from __future__ import annotations

_LONGEST = 1024
"""Bytes (S3 User Guide, "Naming Amazon S3 objects"); moto takes more."""


def problem(key: str) -> str | None:
    """Return why S3 takes no such key; None if it does, as any text of UTF-8."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "is not UTF-8, as a key has to be"
    if size > _LONGEST:
        return f"would have a key of {size} bytes, S3 takes {_LONGEST}"
    return None
