"""The README says of what Didban costs what bench.json holds, and does not say "met" of what is not."""

from __future__ import annotations

import json

from tests.bench import shown


def test_the_table_is_what_was_measured() -> None:
    made = shown.table(json.loads(shown.FIGURES.read_text()))
    assert made in shown.README.read_text(), "run `python -m tests.bench.shown`"


def test_what_is_beyond_its_goal_is_not_said_to_be_met() -> None:
    row = shown.ROWS[0]
    figure = {"value": 2.0, "unit": "ms", "peer": "another", "peer_value": 1.0}
    assert "| **not met** |" in shown.table({row.name: {**figure, "ratio": row.goal + 0.01}})
    assert "| met |" in shown.table({row.name: {**figure, "ratio": row.goal}})


def test_a_ratio_is_of_the_two_beside_it() -> None:
    for name, found in json.loads(shown.FIGURES.read_text()).items():
        if found["ratio"] is not None:
            assert abs(found["ratio"] - found["value"] / found["peer_value"]) <= 0.01 * found["ratio"], name
