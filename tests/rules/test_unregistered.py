"""Boxes that a Prometheus scrapes itself: no hub, no registry, none of what a hub says, and no heartbeat yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.peace import ON_MCI, OVER, SHUTDOWN, box, dark
from tests.rules.world import IRANCELL, MCI, TCI, World, alert

NEVER = {10_000: 1.0}


def scraped() -> World:
    """Two lines in each of three networks, and three controls."""
    made = World()
    for network, name in ((MCI, "m"), (TCI, "f"), (IRANCELL, "i")):
        made.line(f"{name}1", network)
        made.line(f"{name}2", network)
    made.controls()
    return unregistered(made)


def unregistered(made: World) -> World:
    for each in made.boxes:
        each.expected, each.heartbeat = NEVER, False
    return made


def test_a_network_that_is_cut_is_a_shutdown_and_its_end_is_told(tmp_path: Path) -> None:
    made = dark(scraped(), "m1", "m2", until=60)
    made.quiet(20).told(25, SHUTDOWN).told(59, SHUTDOWN).told(80, OVER).check(tmp_path)


def test_a_line_that_is_still_dark_keeps_the_shutdown(tmp_path: Path) -> None:
    made = dark(scraped(), "m1", "m2", until=60)
    box(made, "m2").reach({0: 1.0, 20: 0.0})
    made.told(59, SHUTDOWN).told(80, SHUTDOWN).told(120, SHUTDOWN).check(tmp_path)


def test_a_region_in_which_one_line_is_well_is_not_cut(tmp_path: Path) -> None:
    made = scraped()
    for each in made.boxes[:2]:
        each.send("didban_vantage_region", {0: 1.0}, region="IR-12")
    box(made, "m1").reach({0: 1.0, 20: 0.0})
    made.told(30, alert("VantageCutOff", "ticket", **ON_MCI, vantage="m1")).check(tmp_path)


def test_a_country_whose_operators_are_all_cut_is_one(tmp_path: Path) -> None:
    made = dark(scraped(), "m1", "m2", "f1", "f2", "i1", "i2")
    made.query(25, 'count by (extent) (ALERTS{alertname="CountryShutdown", severity="page"})', {
        '{extent="networks"}': 1, '{extent="majority"}': 1, '{extent="total"}': 1
    })  # fmt: skip
    made.check(tmp_path)


@pytest.mark.parametrize(("known", "severity"), [(False, "ticket"), (True, "page")])
def test_a_block_is_told_and_pages_where_the_service_is_known_to(tmp_path: Path, known: bool, severity: str) -> None:
    made = scraped()
    if known:
        made.services()
    for each in made.boxes[:2]:
        each.state("whatsapp", {0: "ok", 20: "broken"})
    made.quiet(20).told(25, alert("ServiceBlocked", severity, **ON_MCI, service="whatsapp")).check(tmp_path)


def test_a_service_that_fails_at_controls_is_down(tmp_path: Path) -> None:
    made = scraped()
    for each in made.boxes:
        each.state("whatsapp", {0: "ok", 20: "broken"})
    made.quiet(20).told(25, alert("ServiceDown", "info", service="whatsapp")).check(tmp_path)


def test_a_service_that_refuses_a_country_does(tmp_path: Path) -> None:
    made = scraped()
    for each in made.boxes[:6]:
        each.state("imo", {0: "ok", 20: "refused"})
    made.quiet(20).told(30, alert("ProviderRefusal", "info", country="IR", service="imo")).check(tmp_path)


def test_a_protocol_that_stops_to_pass_is_told_of(tmp_path: Path) -> None:
    made = scraped()
    for each in made.boxes:
        fails = each.labels["network"] == MCI
        each.send("didban_protocol_up", {0: 1, 50: 0} if fails else {0: 1}, protocol="quic", peer="public")
    made.quiet(50).told(75, alert("QUICBlocked", "info", **ON_MCI)).check(tmp_path)
