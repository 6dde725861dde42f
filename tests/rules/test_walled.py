"""Lines that can say nothing of their network, behind a wall or without a gateway: one is a home, several are not."""

from __future__ import annotations

from pathlib import Path

from tests.rules.peace import ON_MCI, OVER, SHUTDOWN, box, dark, walled, world
from tests.rules.world import IRANCELL, MCI, TCI, World, alert

OUTAGE = alert("NetworkOutage", "page", **ON_MCI)


def stale(vantage: str) -> dict[str, str]:
    return alert("DidbanStale", "ticket", **ON_MCI, vantage=vantage)


def test_lines_of_a_network_behind_walls_at_once_are_a_shutdown_until_they_are_not(tmp_path: Path) -> None:
    made = walled(world(), "m1", "m2", until=60)
    made.quiet(20).told(24, SHUTDOWN).told(50, SHUTDOWN).told(70, SHUTDOWN).told(80, OVER)
    made.query(30, f'didban:network_cut:timestamp{{network="{MCI}"}}', {
        f'didban:network_cut:timestamp{{country="IR", kind="shutdown", network="{MCI}"}}': 19 * 60
    })  # fmt: skip
    made.check(tmp_path)


def test_the_text_says_what_answers_there(tmp_path: Path) -> None:
    made = walled(world(), "m1", "m2")
    labels = {"severity": "page", "product": "didban", "family": "shutdown", **ON_MCI}
    made.text(30, "NetworkShutdown", labels, {
        "summary": f"{MCI} (IR): cut off from abroad",
        "summary_fa": f"شبکهٔ ⁨{MCI}⁩ (⁨IR⁩) از خارج از کشور قطع است",
        "description": (
            f"On 2 lines of ours in {MCI} somebody else answers for everything abroad, as when a bundle is empty; several "
            "lines lost it within ten minutes of each other, and hosts elsewhere in IR prove themselves. Consistent with a "
            "shutdown of that network's foreign traffic."
        ),
        "onset": "1970-01-01 00:19 UTC",
        "onset_local": "1970-01-01 03:49 in IR",
        "confidence": "medium: two or more witnesses agree",
        "lines": f"2 of ours in {MCI}",
        "not_known": "who did it and why; other cities of that network; whether its subscribers are affected alike",
        "runbook_url": "http://127.0.0.1:9810/runbook/NetworkShutdown",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    })  # fmt: skip
    made.check(tmp_path)


def test_one_line_behind_a_wall_is_its_home(tmp_path: Path) -> None:
    walled(world(), "m1").quiet(24, 34).told(50, stale("m1")).check(tmp_path)


def test_bundles_that_are_empty_at_different_hours_are_two_homes(tmp_path: Path) -> None:
    made = walled(walled(world(), "m1"), "m2", since=32)
    made.quiet(34).told(60, stale("m1"), stale("m2")).check(tmp_path)


def test_where_another_line_of_the_network_sees_nobody_cut_it(tmp_path: Path) -> None:
    made = world()
    made.line("m3")
    walled(made, "m1", "m2").quiet(24, 34).told(50, stale("m1"), stale("m2")).check(tmp_path)


def test_lines_that_never_saw_more_are_no_news(tmp_path: Path) -> None:
    """A campus whose proxy reads everything."""
    walled(world(), "m1", "m2", since=0).quiet(10).told(60, stale("m1"), stale("m2")).check(tmp_path)


def test_single_lines_of_three_operators_at_once_are_a_country(tmp_path: Path) -> None:
    made = World().services()
    for vantage, network in (("m1", MCI), ("t1", TCI), ("i1", IRANCELL)):
        made.line(vantage, network)
    made.controls()
    tickets = [alert("NetworkShutdown", "ticket", country="IR", network=network) for network in (MCI, TCI, IRANCELL)]
    country = [
        alert("CountryShutdown", "page", country="IR", extent=extent) for extent in ("networks", "majority", "total")
    ]
    walled(made, "m1", "t1", "i1").quiet(20).told(25, *tickets, *country).told(40, *tickets, *country).check(tmp_path)


def test_portals_that_let_nothing_through_are_an_outage(tmp_path: Path) -> None:
    """Whether hosts at home would answer is not known: nobody proves himself."""
    walled(world(), "m1", "m2", by="captive_portal").quiet(20).told(25, OUTAGE).told(40, OUTAGE).check(tmp_path)


# ---------------------------------------------------------------- lines whose gateway is dead too


def shut_in(made: World, *vantages: str, since: int = 20, until: int = 10_000) -> World:
    """A mobile network that is switched off: no carrier, and the boxes report by another line."""
    dark(made, *vantages, since=since, until=until, domestic=0.0)
    for vantage in vantages:
        box(made, vantage).reach({0: 1.0, since: 0.0, until: 1.0}, "gateway")
    return made


def cut_off(vantage: str) -> dict[str, str]:
    return alert("VantageCutOff", "ticket", **ON_MCI, vantage=vantage)


def test_lines_of_a_network_that_lose_their_gateway_at_once_are_an_outage_until_they_are_not(tmp_path: Path) -> None:
    made = shut_in(world(), "m1", "m2", until=60)
    made.quiet(20).told(25, OUTAGE).told(50, OUTAGE).told(80, OVER).check(tmp_path)


def test_one_line_without_its_gateway_is_its_home(tmp_path: Path) -> None:
    shut_in(world(), "m1").quiet(22).told(40, cut_off("m1")).check(tmp_path)


def test_where_another_line_of_the_network_reaches_abroad_two_routers_are_two_homes(tmp_path: Path) -> None:
    made = world()
    made.line("m3")
    shut_in(made, "m1", "m2").quiet(22).told(40, cut_off("m1"), cut_off("m2")).check(tmp_path)


def test_routers_that_die_at_different_hours_are_two_homes(tmp_path: Path) -> None:
    made = shut_in(shut_in(world(), "m1"), "m2", since=40)
    made.told(36, cut_off("m1")).told(60, cut_off("m1"), cut_off("m2")).check(tmp_path)


def test_an_operators_resolvers_that_are_dead_are_no_outage(tmp_path: Path) -> None:
    """They are what is asked for its gateway; everything abroad answers all the same."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.0}, "gateway")
    made.quiet(25, 40, 60).check(tmp_path)
