"""Which of a script's last lines is taken for the reason why it failed."""

from __future__ import annotations

import pytest

from tests.container.modules import load

exit_message = load("exit_message.py")

SPARK_ERROR = "26/01/05 02:00:01 ERROR Executor: Exception in task 0.0: column price not found"
JAVA = """\
Exception in thread "main" org.apache.spark.SparkException: Job aborted
\tat org.apache.spark.SparkException.<init>(SparkException.scala:7)
Caused by: java.lang.IllegalArgumentException: column price not found
\tat shop.Prices.readOrFail(Prices.java:3)
\t... 12 more
"""
PYTHON = """\
Traceback (most recent call last):
  File "errors.py", line 3, in <module>
KeyError: 'price'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "errors.py", line 5, in <module>
    raise NoRows("the error")
shop.NoRows: table orders is empty
"""


class TestTheReasonIs:
    @pytest.mark.parametrize(
        ("printed", "reason"),
        [
            ("no rows\nlater\n", "later"),
            ("no rows", "no rows"),
            ("cp: cannot stat '/x'\n+ rm -rf /tmp/t\n++ date\n", "cp: cannot stat '/x'"),
            (f"{SPARK_ERROR}\n26/01/05 02:00:02 INFO Hooks: error hook called\n", SPARK_ERROR),
            (f"{SPARK_ERROR}\n26/01/05 02:00:02 WARN Hooks: failed to delete\n", SPARK_ERROR),
            ("ValueError: x\nINFO:root:closing\nDEBUG:root:bye\n", "ValueError: x"),
            ("ValueError: x\n2026-01-05 02:00 - shop - INFO - bye\n", "ValueError: x"),
            ('ValueError: x\n{"level": "info", "msg": "bye"}\n', "ValueError: x"),
            ("ValueError: x\nlevel=debug msg=bye\n", "ValueError: x"),
            (
                "tar: orders.csv: Not found in archive\n"
                "tar: Exiting with failure status due to previous errors\n",
                "tar: orders.csv: Not found in archive",
            ),
            ("gcc: fatal error: no input\nmake: *** [all] Error 4\n", "gcc: fatal error: no input"),
            ("psql: connection refused\n12 tables, 0 errors\n", "psql: connection refused"),
            (JAVA, "Caused by: java.lang.IllegalArgumentException: column price not found"),
            (PYTHON, "shop.NoRows: table orders is empty"),
            ("rm: cannot remove 'x'\nbye\n", "rm: cannot remove 'x'"),
        ],
    )
    def test_the_last_line_that_looks_like_one(self, printed: str, reason: str) -> None:
        assert exit_message.reason(printed) == reason

    @pytest.mark.parametrize(
        "line", ["cannot open PRODUCT INFO table", "ERROR: TABLE INFO is empty", "INFORMIX down"]
    )
    def test_no_line_of_a_level_because_it_has_such_a_word(self, line: str) -> None:
        assert exit_message.reason(f"{line}\n+ cleanup\n") == line

    def test_no_line_from_long_before_the_end(self) -> None:
        said = "\n".join(["an error, which was dealt with", *map(str, range(20))])
        assert exit_message.reason(said) == "19"

    def test_a_line_before_any_number_of_quiet_ones(self) -> None:
        said = "\n".join([SPARK_ERROR, *(f"26/01/05 02:00:02 INFO hook {n}" for n in range(99))])
        assert exit_message.reason(said) == SPARK_ERROR

    def test_a_quiet_line_where_there_is_no_other(self) -> None:
        assert exit_message.reason("+ cd /data\n+ false\n") == "+ false"

    def test_nothing_where_nothing_was_said(self) -> None:
        assert exit_message.reason("\n \r\n") == ""


class TestACarriageReturn:
    @pytest.mark.parametrize(
        ("printed", "reason"),
        [
            ("no column price\n\r 10% done\r 50% done\r100% done", "no column price"),
            ("10%\rno disk\n", "no disk"),
            ("no disk\r\nbye\r\n", "bye"),
            ("no disk\n\rrows: 50%|#####     | 5/10", "no disk"),
            ("reading a\rreading b\rreading c\n", "reading c"),
            (
                "x.sh: line 1: set: pipefail\r: invalid option name\n",
                r"x.sh: line 1: set: pipefail\r: invalid option name",
            ),
        ],
    )
    def test_ends_a_line_only_where_something_writes_over_it(
        self, printed: str, reason: str
    ) -> None:
        assert exit_message.reason(printed) == reason
