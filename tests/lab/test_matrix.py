"""The truth matrix: the real daemon in every world; every cause named that can be, and nobody accused falsely."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.lab import enter, matrix
from tests.lab.lab import Lab, scratch
from tests.lab.matrix import Said
from tests.lab.worlds import WORLDS, World

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

TIMES, AT_ONCE = 30, 9
GOOD_S, FOR_S = 9, 48  # 4.5 minutes of a good line, 24 of the world
TABLE = Path(__file__).parents[2] / "results" / "matrix.md"

# one of each kind: a lie about names, about addresses, of the far end, of the house, of the line, and a good line
EIGHT = ("nothing", "reset_by_name", "silence_by_name", "drop_address", "dns_impostor", "provider_cloudflare_1009",
         "local_sinkhole", "loss_20")  # fmt: skip

# what nobody names yet, and why; each is a gap, and none of them is an accusation
UNNAMED = {
    "sni_allow_list": "no strange name passes anywhere: canaries are dead as well, and the line looks cut",
    "ipv6_only": "no shipped host of these services is asked for over IPv6",
    "throttled_by_name": "these boxes have no transfers",
    "stall": "these boxes have no transfers",
    "resolver_rewrite": "one service is proxied there; four at one address are believed",
    "tunnelled_egress": "the laboratory has no distances: everything stands milliseconds away",
    "clock_a_month_off": "no certificate there minds a month",
}


def lived(worlds: Sequence[World]) -> list[Said]:
    with scratch() as folder, Lab(folder, times=TIMES) as lab:
        return matrix.live(lab, worlds, good_s=GOOD_S, for_s=FOR_S)


def test_eight_worlds_and_what_is_said_in_each() -> None:
    said = lived([each for each in WORLDS if each.name in EIGHT])
    assert len(said) == len(EIGHT)
    assert [each.world.name for each in said if each.false] == [], matrix.table(said)
    assert [each.world.name for each in said if not each.named] == [], matrix.table(said)
    state = {each.world.name: each.state for each in said}
    assert state["nothing"] == "ok"
    assert state["local_sinkhole"] == "insufficient"
    assert state["provider_cloudflare_1009"] == "refused"
    assert {state[name] for name in ("reset_by_name", "silence_by_name", "dns_impostor")} == {"interfered"}
    assert state["drop_address"] == "broken", "a network on the way, or the provider: not to be told apart"


@pytest.mark.long
def test_every_cause_is_named_that_can_be_and_nobody_is_accused_falsely(figure: Callable[[str, float], None]) -> None:
    said = [each for batch in _batches(WORLDS) for each in lived(batch)]
    table = matrix.table(said)
    if "DIDBAN_FIGURES" in os.environ:
        TABLE.write_text(f"# Cause against what was said\n\n{table}", encoding="utf-8")
    with_cause = [each for each in said if each.world.finding is not None]
    figure("worlds", len(said))
    figure("worlds_with_a_cause", len(with_cause))
    figure("causes_named", sum(each.named for each in with_cause))
    figure("worlds_with_a_false_accusation", sum(bool(each.false) for each in said))
    assert [each.world.name for each in said if each.false] == [], table
    assert {each.world.name for each in with_cause if not each.named} <= set(UNNAMED), table


def _batches(worlds: Sequence[World]) -> Iterator[list[World]]:
    """What takes a service down for everybody lives alone."""
    together = [each for each in worlds if each.needs != "down"]
    yield from (together[start : start + AT_ONCE] for start in range(0, len(together), AT_ONCE))
    yield [each for each in worlds if each.needs == "down"]
