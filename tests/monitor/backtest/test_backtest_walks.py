"""What is told of a walk is what a walk would show: its steps, what breaks them, and what gets through."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from monitor.backtest.lived import hits, nowhere, walks
from monitor.backtest.lived.leaping import Hands, LeapingLoop, Stuck
from monitor.backtest.lived.line import Line, home_is_open
from monitor.backtest.lived.touching import Place
from monitor.backtest.lived.walker import Walks
from monitor.backtest.worlds.words import How, Path, Precision, Way, What
from monitor.backtest.worlds.world import Cause, Drop, Home, Span, Where
from probes.facts import Service, Target, Walk
from probes.walk import ROUTES
from probes.words import Access, Failure, Finding, Kind, Reason, Scope, Step
from tests.lab import worlds
from tests.monitor.backtest.backtests import LASTS_MS, empty
from tests.monitor.facts import INSIDE, canary, target

ABROAD, HOME = canary("c1"), canary("d1", Scope.DOMESTIC, "IR", "AS1")
WEB, CHAT = target("instagram/web"), target("whatsapp/chat", kind=Kind.WHATSAPP)


def cause(path: Path, *drops: Drop) -> Cause:
    span = Span(0, LASTS_MS)
    return Cause("c", (span,), Precision.MINUTE, Precision.MINUTE, False, "test", Where(), path, drops)


def walked(to: Target, *causes: Cause) -> Walk:
    """One walk of it on a line over which these have come."""
    hands = Hands(1_000)
    place = Place("IR", "AS197207", Access.MOBILE, line="v1")
    line = Line(empty(), place, causes, (), ())
    services = [Service(each.service, {}, "", True, (each,)) for each in (ABROAD, HOME, WEB, CHAT)]
    made = Walks(INSIDE, line, services, hands, lambda about: None)
    tools = nowhere.tools(hands, 10.0)

    async def one() -> Walk:
        return await made.walk(to, to.endpoints[0], tools, reason=Reason.DUE, turn=0, avoid=frozenset())

    with asyncio.Runner(loop_factory=lambda: LeapingLoop(hands)) as runner:
        return runner.run(one())


def seen(walk: Walk) -> tuple[Step | None, Failure | None]:
    return (walk.broken[0].step, walk.broken[0].failure) if walk.broken else (None, None)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.DNS, "resolve"),
        (Kind.HTTPS, "resolve connect handshake fetch"),
        (Kind.TRANSFER, "resolve connect handshake transfer"),
        (Kind.WIREGUARD, "resolve knock"),
        (Kind.WHATSAPP, "resolve connect knock"),
        (Kind.WHATSAPP_WEB, "resolve connect handshake knock"),
        (Kind.DOQ, "resolve handshake knock"),
        (Kind.QUIC, "resolve connect handshake fetch"),
    ],
)
def test_every_kind_takes_the_steps_its_route_has(kind: Kind, words: str) -> None:
    assert walks.STEPS.keys() == ROUTES.keys()
    assert " ".join(walks.STEPS[kind]) == words


def test_on_a_good_line_everything_is_reached_and_proves_itself() -> None:
    for each in (ABROAD, HOME, WEB, CHAT):
        assert walked(each).reached
        assert walked(each).authenticated


def test_a_cut_of_what_is_foreign_leaves_home_alone() -> None:
    cut = cause(Path.FOREIGN, Drop(What.ALL))
    assert seen(walked(ABROAD, cut)) == (Step.CONNECT, Failure.TIMEOUT)
    assert seen(walked(WEB, cut)) == (Step.CONNECT, Failure.TIMEOUT)
    assert walked(HOME, cut).reached


def test_a_cut_of_everything_takes_home_with_it() -> None:
    assert not walked(HOME, cause(Path.EVERYTHING, Drop(What.ALL))).reached


def test_a_name_that_is_filtered_leaves_other_services_alone() -> None:
    block = cause(Path.FOREIGN, Drop(What.SERVICE, "instagram", how=How.NAME_RESET))
    assert seen(walked(WEB, block)) == (Step.HANDSHAKE, Failure.CONNECTION_RESET)
    assert walked(CHAT, block).reached


def test_a_forged_answer_is_found() -> None:
    block = cause(Path.FOREIGN, Drop(What.SERVICE, "instagram", how=How.DNS_FORGED))
    assert walked(WEB, block).findings == (Finding.FORGED_DNS_ANSWER,)


@pytest.mark.parametrize("what", [What.PORTAL, What.GARDEN])
def test_a_page_of_the_house_takes_the_way_home_but_not_the_satellite(what: What) -> None:
    place = Place("IR", "AS197207", Access.MOBILE, line="v1")
    line = Line(empty(), place, [cause(Path.HOUSE, Drop(what))], (), ())
    elsewhere = Line(empty(), Place("IR", "AS2"), (), (), ())
    uplink, satellite = Home(Way.UPLINK, "AS2"), Home(Way.SATELLITE)
    assert not home_is_open((Home(Way.FOREIGN, "AS197207"), uplink), line, lambda network: elsewhere, 1)
    assert home_is_open((uplink, satellite), line, lambda network: elsewhere, 1)


@pytest.mark.parametrize(("share", "open_"), [(0.2, True), (0.5, True), (0.55, False), (1.0, False)])
def test_who_tries_five_times_in_three_minutes_gets_home_while_half_of_it_passes(share: float, open_: bool) -> None:
    place = Place("GH", "AS30986", Access.MOBILE, line="v1")
    line = Line(empty(), place, [cause(Path.FOREIGN, Drop(What.ALL, share=share))], (), ())
    assert home_is_open((Home(Way.FOREIGN, "AS30986"),), line, lambda network: line, 1) is open_


def _liars() -> Iterable[hits.Hit]:
    return (*hits.BY_WHAT.values(), *hits.BY_HOW.values(), hits.NO_NAMES)


@pytest.mark.parametrize("hit", _liars(), ids=lambda hit: f"{hit.liar} {hit.at}")
def test_every_row_names_a_liar_of_the_laboratory(hit: hits.Hit) -> None:
    assert hit.liar in {world.name for world in worlds.WORLDS}


def test_a_world_in_which_nothing_is_due_says_so() -> None:
    async def wait_for_ever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck), asyncio.Runner(loop_factory=lambda: LeapingLoop(Hands(0))) as runner:
        runner.run(wait_for_ever())
