"""The README says of simulations what results/backtest.json holds, and nothing else."""

from __future__ import annotations

import json

from tests import figures


def test_the_table_is_what_was_counted() -> None:
    kept = json.loads(figures.RESULTS.read_text())
    assert figures.table(kept) in figures.README.read_text(), "run `python -m tests.figures`"
    assert figures.by_lines(kept) in figures.PAGE.read_text(), "run `python -m tests.figures`"
    assert figures.by_shipped(kept) in figures.WORLDS.read_text(), "run `python -m tests.figures`"


def test_every_table_says_that_it_is_simulated_and_how_to_count_again() -> None:
    kept = json.loads(figures.RESULTS.read_text())
    for found in kept.values():
        assert found["simulated"] is True
        assert found["command"].startswith("didban backtest")
    text = figures.table(kept)
    assert text.count("(simulated).** `didban backtest") == len(kept)
