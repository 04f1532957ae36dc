import pytest

from observer.account_limit import AccountLimit, read
from tests.observer.test_classify import RECORDED

QUOTAS = [each for each in RECORDED if each["outcome"] in ("quota", "quota_too_low")]
TYPE = "ml.m5.xlarge for processing job usage"
UNREADABLE = "The account-level service limit is too low."


def used(most: int, used: int, asked: int) -> str:
    return (
        f"ResourceLimitExceeded: The account-level service limit '{TYPE}' is {most} Instances, "
        f"with current utilization of {used} Instances and a request delta of {asked} Instances."
    )


class TestRead:
    @pytest.mark.parametrize("recorded", QUOTAS, ids=lambda each: each["text"][:60])
    def test_every_recorded_text_but_one_states_its_limit(self, recorded: dict[str, str]) -> None:
        assert (read(recorded["text"]) is None) == (recorded["text"] == UNREADABLE)

    def test_reads_the_limit_and_what_one_run_asks_for(self) -> None:
        assert read(used(4, 3, 2)) == AccountLimit(TYPE, 4, 2)

    def test_reads_numbers_with_separators_and_decimals(self) -> None:
        text = used(0, 0, 1).replace("is 0 ", "is 1,024.0 ").replace("of 1 ", "of 2,048.0 ")
        assert read(text) == AccountLimit(TYPE, 1024, 2048)

    @pytest.mark.parametrize(
        ("most", "used_now", "asked", "never"),
        [(0, 0, 1, True), (4, 0, 11, True), (4, 4, 1, False), (4, 3, 4, False), (2, 3, 1, False)],
    )
    def test_what_is_larger_than_the_limit_never_fits(
        self, most: int, used_now: int, asked: int, never: bool
    ) -> None:
        found = read(used(most, used_now, asked))
        assert found
        assert found.never_fits == never

    @pytest.mark.parametrize(
        ("name", "of_a_type"),
        [
            (TYPE, True),
            ("training-job/ml.p2.xlarge", True),
            ("Number of instances across all processing jobs", False),
            ("Size of EBS volume for a processing job instance", False),
        ],
    )
    def test_tells_a_types_limit_from_those_that_no_other_type_gets_round(
        self, name: str, of_a_type: bool
    ) -> None:
        assert AccountLimit(name, 0, 1).is_of_a_type == of_a_type
