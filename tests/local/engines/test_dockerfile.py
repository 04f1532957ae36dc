"""What the process engine takes from a Dockerfile; test_engines.py holds it against Docker."""

import pytest

from local.engines.dockerfile import start

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class TestAContainerStarts:
    @pytest.mark.parametrize(
        ("text", "environment", "workdir"),
        [
            ("FROM x\n", {}, "/"),
            ("FROM x\nENV A=1 B='2 3'\nENV A=4\n", {"A": "4", "B": "2 3"}, "/"),
            ('FROM x\nenv A="1 2"\nworkdir /a\n', {"A": "1 2"}, "/a"),
            ("FROM x\nENV A=1 \\\n# B=2\n  C=3\n", {"A": "1", "C": "3"}, "/"),
            ("FROM x\nENV A=a\nENV B=${A}/$A$C\nWORKDIR /$B\n", {"A": "a", "B": "a/a"}, "/a/a"),
            ("FROM x\nWORKDIR /a\nWORKDIR b\nWORKDIR /c\nWORKDIR d\n", {}, "/c/d"),
            ("FROM x AS one\nENV A=1\nFROM y\nENV B=2\n", {"B": "2"}, "/"),
            (
                "FROM --platform=linux/amd64 x AS one\nENV A=1\nWORKDIR /a\n"
                "FROM one AS two\nENV B=2\nFROM one\nENV C=3\n",
                {"A": "1", "C": "3"},
                "/a",
            ),
        ],
    )
    def test_as_its_last_stage_says(
        self, text: str, environment: dict[str, str], workdir: str
    ) -> None:
        found = start(text)
        assert (found.environment, found.workdir) == ({"PATH": PATH, **environment}, workdir)

    def test_unless_it_says_so_in_a_way_of_the_past(self) -> None:
        with pytest.raises(ValueError, match="ENV A 1: write NAME=VALUE"):
            start("FROM x\nENV A 1\n")
