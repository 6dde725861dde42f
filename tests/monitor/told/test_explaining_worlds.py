"""What `didban explain` says of a world is what the rules made of it, and the one condition in the way is named."""

from __future__ import annotations

import pytest

from monitor.explaining import inwords
from monitor.explaining.rows import Condition, Needs, Subject
from monitor.explaining.weighed import judge
from monitor.home.vectors import Found
from tests.monitor.told.lived import COUNTRIES, LONG, QUIET, SUBJECT, WORLDS, agreed, explained, lived
from tests.rules.asked import STEP_MS
from tests.rules.peace import world
from tests.rules.test_early import spoken
from tests.rules.test_slowed import fetched, named, slack
from tests.rules.world import MCI


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if name in LONG else []) for name in WORLDS]
)
async def test_what_is_said_agrees_with_the_rules_at_every_moment(name: str) -> None:
    there, before = lived(WORLDS[name], 45, SUBJECT, Subject("IR")), set[str]()
    for at_ms in range(18 * 60_000, 45 * 60_000, 7 * STEP_MS):
        there.until(at_ms)
        before |= await agreed(there, SUBJECT, Subject("IR"))
    assert (not before) == (name in QUIET), before
    assert COUNTRIES.get(name, "CountrySilent") in before or name not in COUNTRIES, before
    assert ("RegionalShutdown" in before) == (name == "a region"), before
    assert ("RegionalOrPartialDegradation" in before) == (name == "in part"), before


async def test_what_is_said_of_early_warnings_agrees_with_the_rules() -> None:
    """All of them in one world; some end in it."""
    made = spoken(spoken(world(), "doh", ("m1", "m2")), "quic", ("m1", "m2"), {0: 1, 50: 0, 100: 1})
    spoken(spoken(made, "ip6", ("m1", "m2")), "wireguard", ("m1",))
    slack(named(made, "m1", "m2"), {0: 0, 40: 1, 90: 0})
    fetched(fetched(made, {0: 1.0, 90: 4.0}), {0: 1.0, 90: 5.0}, target="ubuntu", service="international")
    network, service = Subject("IR", MCI), Subject("IR", MCI, "slack")
    there, before = lived(made, 125, SUBJECT, service, network), set[str]()
    for at_ms in range(41 * 60_000, 125 * 60_000, 13 * STEP_MS):
        there.until(at_ms)
        before |= await agreed(there, SUBJECT, service, network)
    early = {"EncryptedDNSBlocked", "QUICBlocked", "IPv6Broken", "DNSTampering", "ProviderRefusal"}
    assert before == early | {"ServiceThrottled", "InternationalThrottled"}, "on one line of two no VPN is blocked"
    ((_, said),) = [(each, one) for each, one in (await explained(there, network)).items() if each == "VPNBlocked"]
    assert "share of the lines" in inwords.verdict(said, ())


# ---------------------------------------------------------------- the one condition in the way


async def in_the_way(name: str, alert: str, minute: int = 30) -> str:
    there = lived(WORLDS[name], minute + 1, SUBJECT)
    there.until(minute * 60_000)
    found = (await explained(there))[alert]
    assert not found.firing
    return f"{inwords.verdict(found, ())}. {inwords.why(found)}"


async def test_without_a_second_control_that_is_what_is_said_to_be_missing() -> None:
    said = await in_the_way("blocked, one control", "ServiceBlocked")
    assert "networks abroad in which a healthy control says anything of it: 1, needed: at least 2" in said
    assert "nobody can tell a block from an outage" in said


async def test_what_never_worked_is_said_to_be_standing() -> None:
    assert "standing, and no news" in await in_the_way("standing", "ServiceBlocked")


async def test_a_block_in_a_network_that_is_cut_is_said_to_be_the_cut() -> None:
    assert "no service is blocked: all of them are cut off" in await in_the_way("dark", "ServiceBlocked")


async def test_an_outage_of_its_own_is_said_to_be_one() -> None:
    assert "see ServiceDown" in await in_the_way("down", "ServiceBlocked")


async def test_a_network_that_is_well_says_how_much_it_reaches() -> None:
    assert "100%, needed: under 30%" in await in_the_way("peace", "NetworkShutdown")


def test_what_is_not_there_meets_only_what_asks_for_absence() -> None:
    met = {needs for needs in Needs if judge(Condition("x", "x", needs, 1.0), [], 1.0).met}
    assert met == {Needs.NOT_THERE, Needs.NOT_MORE}
    one = [Found({}, 1.0)]
    assert {needs for needs in Needs if judge(Condition("x", "x", needs, 1.0), one, 1.0).met} == {
        Needs.AT_LEAST,
        Needs.NOT_MORE,
        Needs.THERE,
    }
    assert not judge(Condition("x", "x", Needs.LESS, "y"), one, None).met, "a threshold nobody knows is not met"
