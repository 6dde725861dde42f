"""The evening again and again, and once the two hours after it, in which a block that is lifted is told to be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab import enter, world
from tests.lab.evening import EVENING, TWO_HOURS_LATER, Evening, Step
from tests.lab.lab import Lab, scratch

pytestmark = [
    pytest.mark.evening,
    pytest.mark.long,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make long"),
]


@pytest.mark.parametrize("steps", [EVENING, (*EVENING, TWO_HOURS_LATER)], ids=["alone", "and two hours more"])
def test_what_had_to_be_told_was_told_and_nothing_else(
    steps: tuple[Step, ...], figure: Callable[[str, float], None]
) -> None:
    with scratch() as folder, Lab(folder) as lab:
        lab.start_hub()
        for box in world.VANTAGES:
            lab.start_vantage(box)
        evening = Evening(lab)
        evening.live(steps)
        assert evening.late == []
        allowed = {each for step in steps for each in step.expects | step.may}
        arrived = {each for message in evening.messages for each in message.alerts}
        assert arrived <= allowed, arrived - allowed
        figure("messages", len(evening.messages))
        for told in evening.told:
            if told.by == "webhook":
                labels = dict(told.key)
                about = " ".join(labels[name] for name in ("network", "service", "vantage") if name in labels)
                figure(f"{labels['alertname']} {about}, real seconds after the onset", round(told.delay_s * lab.times))
