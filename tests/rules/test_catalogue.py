"""What nobody outside has reached for a day is set aside, and said; what somebody reaches, or nobody looks at, is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.peace import world
from tests.rules.world import World, alert

DAY = 24 * 60
OLD = alert("CatalogueOld", "ticket", service="imo")
QUARANTINED = "didban:target_quarantined:timestamp > bool 0"


def targets(made: World, steps: dict[int, float | None], who: tuple[str, ...] = ("c1", "c2", "c3")) -> World:
    """imo/api as these controls see it; everything else of imo is well."""
    for box in made.boxes:
        if box.labels["role"] == "control":
            seen = steps if box.labels["vantage"] in who else {0: 1.0}
            box.send("didban_target_up", seen, service="imo", target="api")
            box.send("didban_target_up", {0: 1.0}, service="imo", target="web")
    return made


def quiet_world() -> World:
    """Two days of it are long for promtool: only the controls, which is all that is asked here."""
    made = world()
    made.boxes = [box for box in made.boxes if box.labels["role"] == "control" or box.labels["vantage"] in ("m1", "m2")]
    return made


def test_a_target_dead_at_every_healthy_control_for_a_day_is_set_aside_and_told(tmp_path: Path) -> None:
    made = targets(quiet_world(), {0: 1.0, 60: 0.0})
    made.quiet(DAY + 30).told(DAY + 90, OLD)
    made.query(DAY + 90, QUARANTINED, {'{service="imo", target="api"}': 1}).check(tmp_path, "5m")


@pytest.mark.long
def test_one_control_that_reaches_it_is_enough_to_keep_it(tmp_path: Path) -> None:
    made = targets(quiet_world(), {0: 0.0}, who=("c1", "c2"))
    made.quiet(DAY + 90).check(tmp_path)


@pytest.mark.long
def test_a_service_with_nothing_left_is_unknown_and_no_longer_down(tmp_path: Path) -> None:
    made = quiet_world()
    for box in made.boxes:
        if box.labels["role"] == "control":
            box.send("didban_target_up", {0: 1.0, 60: 0.0}, service="imo", target="web")
        box.state("imo", {0: "ok", 60: "broken"})
    made.told(DAY, alert("ServiceDown", "info", service="imo")).told(DAY + 120, OLD)
    verdict = 'didban:service_verdict{service="imo"}'
    labels = 'didban:service_verdict{country="IR", network="AS197207", service="imo", verdict="unknown"}'
    made.query(DAY + 120, verdict, {labels: 1}).check(tmp_path)


@pytest.mark.long
def test_a_target_that_nobody_looked_at_for_a_day_is_not_called_dead(tmp_path: Path) -> None:
    """A fresh hub, and controls that do not reach abroad themselves."""
    made = targets(quiet_world(), {0: 0.0})
    made.quiet(DAY - 90)
    for box in made.boxes:
        if box.labels["role"] == "control":
            box.reach({0: 1.0, DAY - 60: 0.0})
    made.query(DAY + 60, QUARANTINED, {}).check(tmp_path)
