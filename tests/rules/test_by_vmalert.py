"""What is handed to vmalert-tool are our rules in our order, and a world it answers otherwise to is seen to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.promql import reading
from monitor.promql.needing import needs
from tests.rules import by_vmalert
from tests.rules.peace import SHUTDOWN, dark, world
from tests.rules.world import RULES, World

needs_tool = pytest.mark.skipif(
    by_vmalert.tool() is None, reason="vmalert-tool is not installed (Debian 12 has none); DIDBAN_VMALERT may name one"
)


@pytest.mark.parametrize("group", reading.shipped(RULES), ids=lambda group: group.name)
def test_a_floor_reads_only_what_lower_ones_wrote(group: reading.Group) -> None:
    floors = by_vmalert.floors(group)
    assert sorted(place for floor in floors for place in floor) == list(range(len(group.rules)))
    at = {place: number for number, floor in enumerate(floors) for place in floor}
    for place, rule in enumerate(group.rules):
        names = {need.name for need in needs(rule.plan)}
        writers = [each for each, other in enumerate(group.rules) if other.record in names]
        assert all(at[each] < at[place] for each in writers if each < place), f"{rule.name} reads what is not there yet"
        assert all(at[each] >= at[place] for each in writers if each >= place), f"{rule.name} reads it too soon"


def cut() -> World:
    return dark(world(), "m1", "m2").told(19).told(26, SHUTDOWN)


@needs_tool
def test_a_cut_is_told_under_vmalert_as_under_prometheus(tmp_path: Path) -> None:
    cut().write(tmp_path, "1m")
    assert by_vmalert.otherwise(tmp_path / "world.yml") == ""


@needs_tool
def test_what_vmalert_answers_otherwise_is_seen(tmp_path: Path) -> None:
    cut().quiet(26).write(tmp_path, "1m")
    assert "NetworkShutdown" in by_vmalert.otherwise(tmp_path / "world.yml")


def test_what_no_sample_can_reach_is_not_handed_over(tmp_path: Path) -> None:
    world().quiet(5).write(tmp_path, "1m")
    folder = tmp_path / "handed"
    folder.mkdir()
    names = by_vmalert._written(tmp_path / "rules" / "early.yml", folder, {"didban:vantage_protocol_up:max"})
    rules = [rule for each in json.loads((folder / "early.yml").read_text())["groups"] for rule in each["rules"]]
    assert names
    shipped = sum(len(group.rules) for group in reading.groups([RULES / "early.yml"]))
    assert 0 < len(rules) < shipped
