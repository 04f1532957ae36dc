"""The grammar: what AWS documents is read, everything else is refused with the way out."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cron import parse
from tests.examples import share
from tests.pipeline.written_crons import Part, crons


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


REFUSED = {
    "cron(0 2 * * *)": r"has 5 fields, but takes 6.*cron\(0 2 \* \* \? \*\)",
    "cron(0 2 * * * *)": r"exactly one of them must be \?.*cron\(0 2 \? \* MON-FRI \*\)",
    "cron(0 2 ? * ? *)": r"exactly one of them must be \?",
    "cron(0 2 1 * MON *)": r"day-of-month = '1' and day-of-week = 'MON': exactly one",
    "cron(60 2 * * ? *)": r"minutes = '60' has 60.*allowed: 0-59.*for example 0,30",
    "cron(0 24 * * ? *)": r"hours = '24'.*0-23",
    "cron(0 2 32 * ? *)": r"day-of-month = '32'.*1-31",
    "cron(0 2 0 * ? *)": r"day-of-month = '0'.*1-31",
    "cron(0 2 * 13 ? *)": r"month = '13'.*1-12 or JAN-DEC",
    "cron(0 2 ? * 0 *)": r"day-of-week = '0'.*1-7 or SUN-SAT",
    "cron(0 2 * * ? 2200)": r"year = '2200'.*1970-2199",
    "cron(0 2 * * ? )": r"takes 6, one space between",
    "cron(0  2 * * ? *)": r"takes 6, one space between",
    "cron(0 22-2 * * ? *)": r"hours = '22-2' has the range 22-2 backwards: write it as two",
    "cron(0/0 2 * * ? *)": r"minutes = '0/0' has the step 0, which must be 1-59",
    "cron(0 */24 * * ? *)": r"hours = '\*/24' has the step 24, which must be 1-23",
    "cron(*,5 2 * * ? *)": r"minutes = '\*,5' has \* in a list",
    "cron(0, 2 * * ? *)": r"minutes = '0,' is not understood",
    "cron(+5 2 * * ? *)": r"minutes = '\+5' is not understood",
    "cron(٣ 2 * * ? *)": r"is not understood",
    "cron(0 2 ? * MON/2 *)": r"day-of-week = 'MON/2' has a step, which AWS does not document",
    "cron(0 2 ? * L *)": r"day-of-week = 'L' is not understood.*6L",
    "cron(0 2 ? * MON#6 *)": r"day-of-week = 'MON#6' is not understood.*2#1",
    "cron(0 2 ? * 3#1,6#3 *)": r"day-of-week = '3#1,6#3' is not understood",
    "cron(0 2 LW * ? *)": r"day-of-month = 'LW' is not understood",
    "cron(0 2 L-3 * ? *)": r"day-of-month = 'L-3' is not understood",
    "cron(0 2 15W,L * ? *)": r"day-of-month = '15W,L' is not understood",
    "cron(0 2 31W * ? *)": r"'31W' is a date that not every month has, so write L or 28W",
    "cron(? 2 * * ? *)": r"minutes = '\?' is not understood",
    "cron(0 2 * JUNE ? *)": r"month = 'JUNE' is not understood.*JAN-DEC",
    "cron(0 2 30 2 ? *)": r"never fires.*cron\(0 2 L \* \? \*\)",
    "cron(0 2 29 2 ? 2100)": r"never fires",
    "cron(0 2 ? 2 2#5 2026)": r"never fires",
    "rate(1 days)": r"'1 days'.*rate\(1 day\)",
    "rate(5 minute)": r"'5 minute'.*rate\(30 minutes\)",
    "rate(0 minutes)": r"'0 minutes' must be a whole number from 1",
    "rate(1.5 hours)": r"whole number from 1",
    "rate(2 weeks)": r"minute, hour or day",
    "rate(3651 days)": r"at most 3650 days",
    "at(2026-02-30T00:00:00)": r"no real time.*at\(2030-01-31T02:00:00\)",
    "at(2026-02-03T00:00:00Z)": r"without a zone",
    "at(2026-02-03T00:00:00+00:00)": r"without a zone",
    "at(2026-02-03T00:00)": r"yyyy-mm-ddThh:mm:ss",
    "at(2026-02-03 00:00:00)": r"yyyy-mm-ddThh:mm:ss",
    "at(1969-12-31T00:00:00)": r"from 1970 to 2199",
    "0 2 * * *": r"it must read cron\(0 2 \* \* \? \*\), rate\(1 hour\) or at\(",
    "CRON(0 2 * * ? *)": r"it must read cron",
    "cron(0 2 * * ? *) ": r"it must read cron",
    "": r"it must read cron",
    f"cron({','.join(['0'] * 150)} 2 * * ? *)": r"315 characters, must be from 1 to 256",
}


class TestAWrongExpressionIsRefusedWithTheWayOut:
    @pytest.mark.parametrize(("expression", "way_out"), REFUSED.items())
    def test_naming_what_is_allowed(self, expression: str, way_out: str) -> None:
        with pytest.raises(ValueError, match=way_out):
            parse(expression)

    def test_in_one_message_with_every_faulty_field(self) -> None:
        with pytest.raises(ValueError, match="minutes") as refusal:
            parse("cron(60 24 32 13 8 1969)")
        message = str(refusal.value)
        for field in ("minutes", "hours", "day-of-month", "month", "day-of-week", "year"):
            assert f"{field} = " in message
        assert "exactly one of them must be ?" in message

    @given(cron=crons(), place=st.integers(0, 5), junk=st.sampled_from("!#$%&+;@^~x"))
    @settings(max_examples=share(2))
    def test_wherever_a_stray_sign_stands(
        self, cron: tuple[str, list[Part]], place: int, junk: str
    ) -> None:
        texts = [part.text for part in cron[1]]
        texts[place] += junk
        with pytest.raises(ValueError, match=r"is not understood|exactly one"):
            parse(f"cron({' '.join(texts)})")

    @given(cron=crons(), gone=st.integers(0, 5))
    def test_whichever_field_is_missing(self, cron: tuple[str, list[Part]], gone: int) -> None:
        texts = [part.text for number, part in enumerate(cron[1]) if number != gone]
        with pytest.raises(ValueError, match="has 5 fields, but takes 6"):
            parse(f"cron({' '.join(texts)})")


class TestWhatAwsDocuments:
    """The examples of AWS's own page, and their first run after 1 January 2026 in UTC."""

    @pytest.mark.parametrize(
        ("expression", "first"),
        [
            ("cron(0/15 * * * ? *)", local("2026-01-01T00:15")),
            ("cron(0 8 1 * ? *)", local("2026-01-01T08:00")),
            ("cron(0 18 ? * MON-FRI *)", local("2026-01-01T18:00")),
            ("cron(1/10 0 2 * ? *)", local("2026-01-02T00:01")),
            ("cron(15 10 ? * 6L 2026-2027)", local("2026-01-30T10:15")),
            ("cron(0 0 ? * 3#2 *)", local("2026-01-13T00:00")),
            ("cron(0 0 3W * ? *)", local("2026-01-02T00:00")),
            ("cron(0 0 L * ? *)", local("2026-01-31T00:00")),
            ("rate(5 minutes)", local("2026-01-01T00:05")),
        ],
    )
    def test_fires_as_documented(self, expression: str, first: datetime) -> None:
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        assert parse(expression).next(begin, ZoneInfo("UTC")) == first.replace(tzinfo=UTC)

    def test_names_are_read_in_any_case(self) -> None:
        assert parse("cron(0 2 ? jan-Mar mon,FRI *)") == parse("cron(0 2 ? 1-3 2,6 *)")

    def test_a_date_is_found_without_counting_on_the_day_after(self) -> None:
        """A workday rule never leaves its month, at either end."""
        zone = ZoneInfo("UTC")
        first = parse("cron(0 0 1W 8 ? 2026)").next(datetime(2026, 7, 1, tzinfo=UTC), zone)
        last = parse("cron(0 0 28W 2 ? 2027)").next(datetime(2027, 1, 1, tzinfo=UTC), zone)
        assert [first and first.date(), last and last.date()] == [
            date(2026, 8, 3),
            date(2027, 2, 26),
        ]
