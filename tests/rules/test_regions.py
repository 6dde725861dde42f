"""A part of a network: a region cut off, some of its lines, or all of them a little; and who is only a box."""

from __future__ import annotations

from pathlib import Path

from tests.rules.peace import ON_MCI, ON_TCI, SHUTDOWN, box, dark, world
from tests.rules.world import TCI, World, alert

REGIONAL = alert("RegionalShutdown", "ticket", **ON_TCI)
PARTIAL = alert("RegionalOrPartialDegradation", "ticket", **ON_MCI)


def cut_off(vantage: str) -> dict[str, str]:
    return alert("VantageCutOff", "ticket", **ON_MCI, vantage=vantage)


def regions(*there: str) -> World:
    """Three more lines on the fixed network, all but f1 and f2 elsewhere; `there` stand in one region."""
    made = world()
    for vantage in ("f3", "f4", "f5"):
        made.line(vantage, TCI)
    for each in made.boxes:
        if each.labels["role"] == "inside":
            region = "IR-12" if each.labels["vantage"] in there else "IR-23"
            each.send("didban_vantage_region", {0: 1.0}, region=region)
    return made


# ---------------------------------------------------------------- RegionalShutdown


def test_all_lines_of_a_region_cut_while_others_are_well_are_a_region(tmp_path: Path) -> None:
    """Sanandaj, 19 September 2022: one city of a national operator. Its boxes are not told one by one."""
    made = dark(regions("f1", "f2"), "f1", "f2", since=20, until=50)
    made.quiet(20, 22).told(25, REGIONAL).told(49, REGIONAL).quiet(70).check(tmp_path)


def test_a_region_that_falls_silent_is_a_region(tmp_path: Path) -> None:
    made = regions("f1", "f2")
    for vantage in ("f1", "f2"):
        box(made, vantage).silent(20)
    made.quiet(22).told(26, REGIONAL).told(45, REGIONAL).check(tmp_path)


def test_one_line_in_a_region_is_a_box(tmp_path: Path) -> None:
    made = dark(regions("m1"), "m1")
    made.told(30, cut_off("m1")).check(tmp_path)


def test_a_region_in_which_one_line_is_well_is_not_cut(tmp_path: Path) -> None:
    made = dark(regions("f1", "f2", "f3"), "f1", "f2")
    boxes = [alert("VantageCutOff", "ticket", **ON_TCI, vantage=vantage) for vantage in ("f1", "f2")]
    made.told(30, *boxes).check(tmp_path)


def test_a_region_is_told_in_these_words(tmp_path: Path) -> None:
    made = dark(regions("f1", "f2"), "f1", "f2")
    made.text(30, "RegionalShutdown", {"severity": "ticket", "product": "didban", "family": "shutdown", **ON_TCI}, {
        "summary": "AS58224 (IR): our lines in one region are cut off (IR-12)",
        "summary_fa": "خط‌های ما در یک منطقه از شبکهٔ \u2068AS58224\u2069 (\u2068IR\u2069) قطع است",
        "description": "All lines of ours in AS58224 in IR-12 reach nothing abroad or are silent, within ten minutes of"
        " each other, while lines of ours in that network elsewhere are well. Consistent with a shutdown of a region,"
        " and with a failure of power or of a cable there.",
        "onset": "1970-01-01 00:19 UTC",
        "onset_local": "1970-01-01 03:49 in IR",
        "confidence": "low: few lines stand in one region",
        "lines": "2 of ours in AS58224 there",
        "not_known": "who did it and why; how far the region reaches; whether its power is out",
        "runbook_url": "http://127.0.0.1:9810/runbook/RegionalShutdown",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    }).check(tmp_path)  # fmt: skip


# ---------------------------------------------------------------- RegionalOrPartialDegradation


def test_a_reach_between_cut_and_well_is_a_degradation(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.4, 50: 1.0})
    made.quiet(20, 23).told(26, PARTIAL).told(49, PARTIAL).quiet(66).check(tmp_path)


def test_a_degradation_that_becomes_a_shutdown_is_told_as_that(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.4, 40: 0.0})
    made.told(39, PARTIAL).told(44, SHUTDOWN).check(tmp_path)


def test_one_line_that_reaches_a_part_is_a_box(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1").reach({0: 1.0, 20: 0.4})
    made.controls()
    made.quiet(30, 50).check(tmp_path)


def test_two_lines_cut_while_two_are_well_are_a_part_of_the_network_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m3", "m4", "m5"):
        made.line(vantage)
    dark(made, "m1", "m2")
    boxes = (cut_off("m1"), cut_off("m2"))
    made.quiet(22).told(35, *boxes).told(42, PARTIAL, *boxes).check(tmp_path)


def test_two_bundles_that_end_on_different_days_are_two_boxes(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m3", "m4", "m5"):
        made.line(vantage)
    dark(dark(made, "m1", since=20), "m2", since=40)
    made.told(70, cut_off("m1"), cut_off("m2")).check(tmp_path)
