import pytest

from pipeline.text import duration, printable, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.254, "0.25s"),
        (9, "9s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (751, "12m 31s"),
        (3725, "1h 02m"),
        (86_399, "23h 59m"),
        (100_800, "1d 04h"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("in_bytes", "text"),
    [(0, "0.0 MB"), (1.5 * 2**20, "1.5 MB"), (2**30, "1.0 GB"), (2560 * 2**30, "2560.0 GB")],
)
def test_a_size_has_the_unit_of_job_sizes(in_bytes: float, text: str) -> None:
    assert size(in_bytes) == text


def test_what_steers_a_terminal_is_seen_as_that_and_the_rest_as_it_is() -> None:
    assert printable("\x1b[2Jgröße\t漢字\n\u202e😀\r") == "�[2Jgröße\t漢字\n�😀�"
