"""The runbook and the messages that name its headings."""

import re

from tests.conftest import ROOT
from tests.recorded import program

RUNBOOK = (ROOT / "docs/runbook.md").read_text("utf-8")
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def test_the_runbook_has_the_heading_that_each_message_names() -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
        for line in RUNBOOK.splitlines()
        if line.startswith("#")
    }
    texts = [alarm["alarmDescription"] for alarm in program("prod").inputs(ALARM).values()]
    texts += [
        target["inputTransformer"]["inputTemplate"]
        for target in program("prod").inputs("aws:cloudwatch/eventTarget:EventTarget").values()
        if "inputTransformer" in target
    ]
    named = [anchor for text in texts for anchor in re.findall(r"runbook\.md#([\w-]+)", text)]
    assert len(named) == len(texts) > 20
    assert set(named) <= headings
