"""Worlds nobody thought of: a fleet with ordinary bad luck for a day, and shutdowns and blocks thrown into it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rules.world import IRANCELL, MCI, TCI, World, alert

pytestmark = pytest.mark.long

SERVICES = ("whatsapp", "instagram", "imo")
NETWORKS = (MCI, TCI, IRANCELL)
Figure = Callable[[str, float], None]


def fleet(dice: random.Random, minutes: int) -> World:
    """Nine boxes and three controls: each reboots now and then, dips, doubts, and sometimes wrongly says broken."""
    made = World().services()
    for network in NETWORKS:
        for line in (1, 2, 3):
            made.line(f"{network.lower()}-{line}", network)
    made.controls()
    for each in made.boxes:
        for _ in range(max(1, minutes // 720)):
            since = dice.randrange(5, minutes)
            each.silent(since, since + dice.randrange(2, 15))
        reach: dict[int, float | None] = {0: 1.0}
        for _ in range(minutes // 40):
            since = dice.randrange(5, minutes)
            reach |= {since: dice.choice([0.5, 0.75, 0.9]), since + dice.randrange(1, 4): 1.0}
        each.reach(reach)
        for service in SERVICES:
            states = {0: "ok"}
            for _ in range(minutes // 40):
                since = dice.randrange(5, minutes)
                states |= {since: dice.choice(["insufficient", "slow"]), since + dice.randrange(1, 4): "ok"}
            if dice.random() < minutes / 2880:  # a false word every other day: a thousand times what test_weeks.py sees
                since = dice.randrange(5, minutes)
                states |= {since: "broken", since + dice.randrange(1, 4): "ok"}
            each.state(service, states)
    return made


def _no_page(made: World, minutes: range) -> None:
    made.wanted += [
        {"expr": 'ALERTS{alertstate="firing", severity="page"}', "eval_time": f"{minute * 60}s", "exp_samples": []}
        for minute in minutes
    ]


@pytest.mark.parametrize("seed", range(6))
def test_a_day_of_ordinary_bad_luck_pages_nobody(tmp_path: Path, seed: int, figure: Figure) -> None:
    made = fleet(random.Random(seed), 1440)
    _no_page(made, range(10, 1440))
    made.check(tmp_path)
    figure("networks", len(NETWORKS))
    figure("hours without a page", 24)


@pytest.mark.parametrize("seed", range(12))
def test_a_cut_amid_bad_luck_is_told_in_five_minutes(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    made = fleet(dice, 60)
    cut, since = dice.choice(NETWORKS), dice.randrange(20, 40)
    for each in made.boxes:
        if each.labels["network"] == cut:
            each.away = []
            each.reach({0: 1.0, since: 0.0})
            for service in SERVICES:
                each.state(service, {0: "ok", since: "cut_off"})
    _no_page(made, range(10, since))
    told = alert("NetworkShutdown", "page", country="IR", network=cut)
    labels = ", ".join(f'{key}="{text}"' for key, text in told.items() if key != "alertname")
    query = f'count(ALERTS{{alertstate="firing", alertname="NetworkShutdown", {labels}}})'
    made.query(since + 5, query, {"{}": 1})
    made.query(since + 15, query, {"{}": 1})
    made.check(tmp_path)


@pytest.mark.parametrize("seed", range(12))
def test_a_block_amid_bad_luck_is_told_in_eight_minutes(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    made = fleet(dice, 60)
    blocked, service, since = dice.choice(NETWORKS), dice.choice(SERVICES), dice.randrange(20, 40)
    for each in made.boxes:
        if each.labels["network"] == blocked:
            each.reach({0: 1.0})
            each.away = []
            each.state(service, {0: "ok", since: "insufficient", since + dice.randrange(1, 3): "broken"})
    _no_page(made, range(10, since))
    query = (
        'count(ALERTS{alertstate="firing", alertname="ServiceBlocked", severity="page",'
        f' network="{blocked}", service="{service}"}})'
    )
    made.query(since + 8, query, {"{}": 1})
    made.query(since + 20, query, {"{}": 1})
    made.check(tmp_path)
