import pytest

from pipeline.text import duration, printable


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


def test_what_steers_a_terminal_is_seen_as_that_and_the_rest_as_it_is() -> None:
    assert printable("\x1b[2Jgröße\t漢字\n\u202e😀\r") == "�[2Jgröße\t漢字\n�😀�"
