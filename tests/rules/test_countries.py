"""What becomes of a country, step by step."""

from __future__ import annotations

from pathlib import Path

from tests.rules.peace import (
    dark,
    world,
)
from tests.rules.world import IRANCELL, MCI, RIGHTEL, TCI, World, alert

# ---------------------------------------------------------------- CountryShutdown


def country(*, weights: bool) -> World:
    made = World().services()
    networks = {MCI: ("mci", 0.4), TCI: ("tci", 0.3), IRANCELL: ("irancell", 0.2), RIGHTEL: ("rightel", 0.1)}
    for number, (network, (operator, weight)) in enumerate(networks.items()):
        made.line(f"a{number}", network)
        made.line(f"b{number}", network)
        if weights:
            made.say("didban_network_weight_ratio", {0: weight}, country="IR", network=network, operator=operator)
    made.controls()
    return made


def of_country(extent: str) -> dict[str, str]:
    return alert("CountryShutdown", "page", country="IR", extent=extent)


def cut(network: str) -> dict[str, str]:
    return alert("NetworkShutdown", "page", country="IR", network=network)


def test_each_step_of_a_national_shutdown_is_told(tmp_path: Path) -> None:
    made = country(weights=True)
    dark(made, "a0", "b0", since=20)
    dark(made, "a1", "b1", since=40)
    dark(made, "a2", "b2", "a3", "b3", since=60)
    made.told(30, cut(MCI))
    made.told(50, cut(MCI), cut(TCI), of_country("networks"), of_country("majority"))
    everything = [cut(network) for network in (MCI, TCI, IRANCELL, RIGHTEL)]
    made.told(70, *everything, *(of_country(extent) for extent in ("networks", "majority", "total")))
    made.check(tmp_path)


def test_a_parent_holds_until_its_last_child_is_over(tmp_path: Path) -> None:
    made = country(weights=True)
    dark(made, "a0", "b0", until=60)
    dark(made, "a1", "b1", until=120)
    made.told(50, cut(MCI), cut(TCI), of_country("networks"), of_country("majority"))
    over = [alert("ShutdownOver", "info", country="IR", network=network) for network in (MCI, TCI)]
    made.told(110, cut(TCI), over[0], of_country("networks"), of_country("majority"))
    made.told(140, over[1]).check(tmp_path)


def test_without_weights_three_operators_make_a_country(tmp_path: Path) -> None:
    made = country(weights=False)
    dark(made, "a0", "b0", "a1", "b1", since=20)
    dark(made, "a2", "b2", since=40)
    made.told(30, cut(MCI), cut(TCI))
    made.told(50, cut(MCI), cut(TCI), cut(IRANCELL), of_country("networks"), of_country("majority")).check(tmp_path)


def test_one_operator_with_two_networks_is_no_country(tmp_path: Path) -> None:
    made = world()
    for network in (MCI, TCI):
        made.say("didban_network_weight_ratio", {0: 0.4}, country="IR", network=network, operator="one")
    dark(made, "m1", "m2", "f1", "f2").told(30, cut(MCI), cut(TCI)).check(tmp_path)


def test_two_networks_of_one_operator_are_one_though_nobody_knows_their_weight(tmp_path: Path) -> None:
    made = country(weights=False)
    for network in (MCI, TCI):
        made.say("didban_network_operator", {0: 1.0}, country="IR", network=network, operator="one")
    dark(made, "a0", "b0", "a1", "b1", "a2", "b2", since=20)
    made.told(30, cut(MCI), cut(TCI), cut(IRANCELL)).check(tmp_path)


# ---------------------------------------------------------------- CountryOutage


COUNTRY_OUTAGE = alert("CountryOutage", "page", country="IR")


def out(network: str) -> dict[str, str]:
    return alert("NetworkOutage", "page", country="IR", network=network)


def test_domestic_dead_at_two_operators_of_weight_is_an_outage_of_the_country(tmp_path: Path) -> None:
    """It holds until the last network that was part of it is over."""
    made = country(weights=True)
    dark(made, "a0", "b0", since=20, until=80, domestic=0.0)
    dark(made, "a1", "b1", since=40, until=50, domestic=0.0)
    made.quiet(21).told(35, out(MCI)).told(45, out(MCI), out(TCI), COUNTRY_OUTAGE)
    over = [alert("ShutdownOver", "info", country="IR", network=network) for network in (MCI, TCI)]
    made.told(75, out(MCI), COUNTRY_OUTAGE, over[1]).told(100, *over).check(tmp_path)


def test_an_outage_here_and_a_shutdown_there_are_neither_for_the_country(tmp_path: Path) -> None:
    made = country(weights=True)
    dark(made, "a0", "b0", domestic=0.0)
    dark(made, "a1", "b1")
    made.told(30, out(MCI), cut(TCI)).check(tmp_path)


def test_two_small_operators_out_are_no_country(tmp_path: Path) -> None:
    made = country(weights=True)
    made.say("didban_network_weight_ratio", {0: 0.05}, country="IR", network=IRANCELL, operator="irancell")
    dark(made, "a2", "b2", "a3", "b3", domestic=0.0)
    made.told(30, out(IRANCELL), out(RIGHTEL)).check(tmp_path)


# ---------------------------------------------------------------- CountrySilent


COUNTRY_SILENT = alert("CountrySilent", "page", country="IR")


def silent(network: str, severity: str = "page") -> dict[str, str]:
    return alert("NetworkSilent", severity, country="IR", network=network)


def single(*networks: str) -> World:
    """One box in each network, and controls."""
    made = World().services()
    for number, network in enumerate(networks):
        made.line(f"a{number}", network)
    made.controls()
    return made


def test_lines_of_two_operators_that_fall_silent_together_are_a_country(tmp_path: Path) -> None:
    """It holds until the last of them is heard, though one that fell silent later is none of the first two."""
    made = country(weights=True)
    for vantage, since, until in (
        ("a0", 20, 70),
        ("b0", 21, 70),
        ("a1", 25, 60),
        ("b1", 26, 60),
        ("a2", 50, 80),
        ("b2", 50, 80),
    ):
        next(each for each in made.boxes if each.labels["vantage"] == vantage).silent(since, until)
    made.quiet(22, 23).told(26, silent(MCI)).told(32, silent(MCI), silent(TCI), COUNTRY_SILENT)
    three = (silent(MCI), silent(TCI), silent(IRANCELL))
    made.told(58, *three, COUNTRY_SILENT).told(66, silent(MCI), silent(IRANCELL), COUNTRY_SILENT)
    over = alert("ShutdownOver", "info", country="IR", network=TCI)
    made.told(78, silent(IRANCELL), COUNTRY_SILENT, over).told(84, over).check(tmp_path)


def test_lines_that_fall_silent_an_hour_apart_are_networks(tmp_path: Path) -> None:
    made = country(weights=True)
    for vantage, since in (("a0", 20), ("b0", 20), ("a1", 40), ("b1", 40)):
        next(each for each in made.boxes if each.labels["vantage"] == vantage).silent(since)
    made.told(50, silent(MCI), silent(TCI)).check(tmp_path)


def test_one_box_each_at_half_of_the_operators_is_a_country(tmp_path: Path) -> None:
    made = single(MCI, TCI, IRANCELL, RIGHTEL)
    for number in (0, 1):
        made.boxes[number].silent(20)
    made.quiet(23).told(28, silent(MCI, "ticket"), silent(TCI, "ticket"), COUNTRY_SILENT).check(tmp_path)


def test_two_lines_at_one_of_five_operators_and_one_at_another_are_a_country(tmp_path: Path) -> None:
    made = single(MCI, TCI, IRANCELL, RIGHTEL, "AS5")
    made.line("b0", MCI).silent(21)
    for number in (0, 1):
        made.boxes[number].silent(20)
    made.quiet(23).told(28, silent(MCI), silent(TCI, "ticket"), COUNTRY_SILENT).check(tmp_path)


def test_two_lines_at_one_of_five_operators_are_its_network(tmp_path: Path) -> None:
    made = single(MCI, TCI, IRANCELL, RIGHTEL, "AS5")
    made.line("b0", MCI).silent(21)
    made.boxes[0].silent(20)
    made.told(28, silent(MCI)).check(tmp_path)


def test_one_box_each_at_two_of_five_operators_is_two_boxes(tmp_path: Path) -> None:
    made = single(MCI, TCI, IRANCELL, RIGHTEL, "AS5")
    for number in (0, 1):
        made.boxes[number].silent(20, 50)
    made.told(28, silent(MCI, "ticket"), silent(TCI, "ticket")).quiet(67).check(tmp_path)


def test_single_lines_that_were_a_silent_country_are_told_to_be_back(tmp_path: Path) -> None:
    """Of them nobody was paged by their networks' names, but by their country's."""
    made = single(MCI, TCI, IRANCELL)
    for number in (0, 1):
        made.boxes[number].silent(20, 50)
    over = [alert("ShutdownOver", "info", country="IR", network=network) for network in (MCI, TCI)]
    made.told(28, silent(MCI, "ticket"), silent(TCI, "ticket"), COUNTRY_SILENT).quiet(62).told(67, *over)
    made.quiet(130).check(tmp_path)


def test_two_uplinks_of_one_home_are_one_witness_at_two_operators(tmp_path: Path) -> None:
    made = single(MCI, TCI)
    for number in (0, 1):
        made.boxes[number].silent(20).send("didban_vantage_cohort", {0: 1.0}, cohort="k2")
    made.told(28, silent(MCI, "ticket"), silent(TCI, "ticket")).check(tmp_path)


def test_a_silent_country_is_told_in_these_words(tmp_path: Path) -> None:
    made = country(weights=True)
    for vantage in ("a0", "b0", "a1", "b1"):
        next(each for each in made.boxes if each.labels["vantage"] == vantage).silent(20)
    labels = {"severity": "page", "product": "didban", "family": "shutdown", "country": "IR"}
    made.text(30, "CountrySilent", labels, {
        "summary": "IR: our lines at several operators fell silent together",
        "summary_fa": "خط‌های ما نزد چند اپراتور در \u2068IR\u2069 با هم خاموش شدند",
        "description": "Our lines at 2 operators in IR fell silent within ten minutes of each other on every way home,"
        " while others report. Either the country is being cut, or our hub is blocked there: from here the two look"
        " alike.",
        "onset": "1970-01-01 00:19 UTC (last heard)",
        "onset_local": "1970-01-01 03:49 in IR",
        "confidence": "medium: two or more lines at each of two or more operators",
        "lines": "4 of ours in IR",
        "not_known": "whether the networks are cut, or only our hub is blocked there; networks in which we have no line",
        "runbook_url": "http://127.0.0.1:9810/runbook/CountrySilent",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    }).check(tmp_path)  # fmt: skip
