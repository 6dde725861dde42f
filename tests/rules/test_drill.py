"""An exercise: it is told as one, ends by itself, comes late to nobody, and is in no sum."""

from __future__ import annotations

from pathlib import Path

from tests.rules.lines import Steps
from tests.rules.peace import ON_MCI, box, world
from tests.rules.world import World, alert

DRILL = alert("DidbanDrill", "page", **ON_MCI, vantage="m1")


def exercised(steps: Steps) -> World:
    made = world()
    box(made, "m1").send("didban_drill_timestamp_seconds", steps)
    return made


def test_an_exercise_is_told_within_a_turn_of_the_rules_and_only_as_one(tmp_path: Path) -> None:
    made = exercised({0: None, 20: 1190.0, 24: None})
    made.quiet(19).told(20.25, DRILL).told(23, DRILL).check(tmp_path)


def test_an_exercise_nobody_ends_is_over_in_ten_minutes(tmp_path: Path) -> None:
    exercised({0: None, 20: 1190.0}).told(29, DRILL).quiet(30.25, 60).check(tmp_path)


def test_an_exercise_that_comes_home_late_tells_nobody(tmp_path: Path) -> None:
    exercised({0: None, 40: 1190.0}).quiet(40.25, 41, 45).check(tmp_path)


def test_a_box_under_exercise_is_a_box_like_any_other(tmp_path: Path) -> None:
    made = exercised({0: None, 20: 1190.0, 24: None})
    lines = 'didban:service_verdict:lines{country="IR", network="AS197207", service="instagram", verdict="ok"}'
    made.query(21, lines, {lines: 2}).check(tmp_path)


def test_the_words_begin_with_exercise_in_both_languages() -> None:
    text = (Path(__file__).parents[2] / "monitor" / "rules" / "drill.yml").read_text()
    assert "summary: 'EXERCISE, no event:" in text
    assert "summary_fa: 'تمرین، رویدادی در کار نیست:" in text
    assert "EXERCISE. Somebody asked" in text
