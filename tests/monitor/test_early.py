"""Ticks before their time: when a service has become something else, and not for what nobody is sure of."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from monitor.backtest.lived.leaping import Hands, LeapingLoop
from monitor.beat.early import Early
from monitor.judge import State
from monitor.meaning.view import View
from monitor.pace import Pace
from probes.facts import Service, Target
from probes.words import Role
from tests.monitor.facts import canary, target

REST_S, DUE_S, WALKED_S = 15.0, 60.0, 20.0
CHAT = target()


def ticks_after(then: State, *, role: Role = Role.INSIDE, walked_s: float = WALKED_S, of: Target = CHAT) -> float:
    """In how many seconds the next tick comes, where a walk shows the service to be that; it was well before."""
    state = {"now": State.OK}
    service = Service(of.service, {}, "", True, (of,))
    vantage = SimpleNamespace(role=role)
    view = SimpleNamespace(services=(service,), vantage=vantage, service_state=lambda of: state["now"])
    early = Early(cast(View, view), Pace(interval_s=DUE_S, timeout_s=10.0, keep_s=1.0, heartbeat_s=60.0))
    hands = Hands(0)

    async def live() -> float:
        early.walked(of)  # before the first tick nothing was said that could be otherwise
        early.told()
        asyncio.get_running_loop().call_later(walked_s, walk)
        await early.until(DUE_S)
        return hands.passed_s

    def walk() -> None:
        state["now"] = then
        early.walked(of)

    with asyncio.Runner(loop_factory=lambda: LeapingLoop(hands)) as runner:
        return runner.run(live())


@pytest.mark.parametrize("state", [State.BROKEN, State.INTERFERED, State.REFUSED, State.CUT_OFF, State.SLOW])
def test_what_a_service_has_become_is_told_at_once(state: State) -> None:
    assert ticks_after(state) == WALKED_S


def test_what_is_as_it_was_told_waits_for_its_tick() -> None:
    assert ticks_after(State.OK) == DUE_S


def test_a_first_failure_is_walked_again_before_it_is_told() -> None:
    assert ticks_after(State.INSUFFICIENT) == DUE_S


def test_a_control_tells_its_first_failure_at_once() -> None:
    assert ticks_after(State.INSUFFICIENT, role=Role.CONTROL) == WALKED_S


def test_two_ticks_are_never_closer_than_a_rest() -> None:
    assert ticks_after(State.BROKEN, walked_s=3.0) == REST_S


def test_what_only_measures_the_line_moves_no_tick() -> None:
    assert ticks_after(State.BROKEN, of=canary("c1")) == DUE_S
