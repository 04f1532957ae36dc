"""Each probe's answer follows from what AWS said: no account is needed to see both."""

import re

import pytest

from acceptance.first_account import SECTIONS
from acceptance.first_account.probe import Probe
from tests.acceptance.first_account.cases import CASES
from tests.acceptance.first_account.document import PAGE, page
from tests.acceptance.first_account.recorded import Account
from tests.conftest import ROOT

PROBES = {probe.name: probe for section in SECTIONS for probe in section.probes}


def test_every_question_has_a_name_of_its_own_and_answers_for_both_ends() -> None:
    assert len(PROBES) == sum(len(section.probes) for section in SECTIONS)
    assert CASES.keys() == PROBES.keys()


@pytest.mark.parametrize("verdict", ["confirmed", "otherwise"])
@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES.keys())
def test_a_look_tells_the_one_end_from_the_other(probe: Probe, verdict: str) -> None:
    account = Account(getattr(CASES[probe.name], verdict))
    answer = probe.answer(account.look)
    assert answer.verdict == verdict, answer.saw
    assert answer.saw


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES.keys())
def test_what_is_to_be_changed_is_there(probe: Probe) -> None:
    places = re.findall(r"(?:`(\w+)` in )?`((?:\w+/)+(?:\w+\.\w+)?)`", probe.otherwise)
    for name, path in places:
        assert (ROOT / path).exists(), path
        assert not name or name in (ROOT / path).read_text("utf-8"), name


def test_the_page_is_made_of_them() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make docs`"
