"""What becomes of a network: shut down, out, silent; and the worlds in which nobody may say so."""

from __future__ import annotations

from pathlib import Path

from tests.rules.peace import (
    BLOCKED_MCI,
    BLOCKED_TCI,
    ON_MCI,
    OVER,
    SHUTDOWN,
    SILENT,
    box,
    dark,
    landmarks,
    world,
)
from tests.rules.world import MCI, TCI, World, alert

# ---------------------------------------------------------------- NetworkShutdown


def test_nothing_abroad_while_the_country_answers_is_a_shutdown(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2").quiet(20, 22).told(23.25, SHUTDOWN).told(40, SHUTDOWN)
    made.query(30, f'didban:network_cut:timestamp{{network="{MCI}"}}', {
        f'didban:network_cut:timestamp{{country="IR", kind="shutdown", network="{MCI}"}}': 19 * 60
    })  # fmt: skip
    made.query(30, f'count by (verdict) (didban:service_verdict{{network="{MCI}"}})', {'{verdict="cut_off"}': 3})
    made.query(30, "didban:network_reach:ratio", {
        f'didban:network_reach:ratio{{country="IR", network="{MCI}", source="inside"}}': 0,
        f'didban:network_reach:ratio{{country="IR", network="{TCI}", source="inside"}}': 1,
    })  # fmt: skip
    made.check(tmp_path)


def test_one_line_alone_is_a_ticket_for_an_empty_bundle_looks_the_same(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1")
    made.line("f1", TCI)
    made.controls()
    dark(made, "m1").told(25, alert("NetworkShutdown", "ticket", **ON_MCI)).check(tmp_path)


def test_one_line_and_silent_landmarks_are_a_page(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1")
    made.controls()
    landmarks(dark(made, "m1"), {0: 1.0, 20: 0.0}).told(25, SHUTDOWN).check(tmp_path)


def test_silence_of_two_lines_and_of_landmarks_is_a_shutdown(tmp_path: Path) -> None:
    made = landmarks(world(), {0: 1.0, 22: 0.0})
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(20)
    made.quiet(20, 22, 23).told(26, SHUTDOWN).told(40, SHUTDOWN, SILENT).check(tmp_path)


def test_a_shutdown_holds_through_a_spike_and_is_over_only_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    """Sanandaj, 19 September 2022: to zero at 16:30, a spike from 17:15 to 17:25, back at 19:25."""
    made = world()
    spike = {0: 1.0, 20: 0.0, 65: 1.0, 75: 0.0, 195: 1.0}
    for vantage in ("m1", "m2"):
        box(made, vantage).reach(spike)
    made.told(60, SHUTDOWN).told(70, SHUTDOWN).told(80, SHUTDOWN).told(200, SHUTDOWN).told(209, SHUTDOWN)
    made.told(211, OVER).check(tmp_path)


def test_over_is_said_once_for_an_hour(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2", until=60)
    made.told(40, SHUTDOWN).told(74, SHUTDOWN).told(76, OVER).told(133, OVER).quiet(138, 179).check(tmp_path)


def test_over_needs_four_of_five_of_those_who_were_there_before(tmp_path: Path) -> None:
    """One of two lines comes back, the other stays silent: not over."""
    made = landmarks(world(), {0: 1.0, 22: 0.0, 60: 1.0})
    box(made, "m1").silent(20, 60)
    box(made, "m2").silent(20)
    made.told(40, SHUTDOWN, SILENT).told(100, SHUTDOWN).told(119, SHUTDOWN).check(tmp_path)


def test_a_second_shutdown_is_news_again(tmp_path: Path) -> None:
    """A curfew: every evening anew."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.0, 60: 1.0, 150: 0.0, 200: 1.0})
    made.told(30, SHUTDOWN).told(76, OVER).quiet(145).told(154, SHUTDOWN).told(216, OVER).check(tmp_path)


def test_a_block_told_before_a_cut_is_not_told_again_after_it(tmp_path: Path) -> None:
    """It holds (muted by its parent) through the dark: Alertmanager sees no new alert when the light is back."""
    made = world()
    for vantage in ("m1", "m2"):
        each = box(made, vantage)
        each.state("instagram", {0: "ok", 10: "broken", 30: "cut_off", 60: "insufficient", 63: "broken"})
        each.reach({0: 1.0, 30: 0.0, 60: 1.0})
    made.told(25, BLOCKED_MCI).told(40, BLOCKED_MCI, SHUTDOWN).told(62, BLOCKED_MCI, SHUTDOWN)
    made.told(80, BLOCKED_MCI, OVER).check(tmp_path)


def test_a_block_that_ended_in_the_dark_ends_before_its_parent_does(tmp_path: Path) -> None:
    """Else Alertmanager would tell it anew in the minutes between the two."""
    made = world()
    for vantage in ("m1", "m2"):
        each = box(made, vantage)
        each.state("instagram", {0: "ok", 10: "broken", 30: "cut_off", 60: "ok"})
        each.reach({0: 1.0, 30: 0.0, 60: 1.0})
    made.told(25, BLOCKED_MCI).told(59, BLOCKED_MCI, SHUTDOWN).told(68, SHUTDOWN).told(80, OVER).check(tmp_path)


def test_a_block_on_a_living_network_is_told_while_another_is_cut(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2")
    for vantage in ("f1", "f2"):
        box(made, vantage).state("instagram", {0: "ok", 30: "broken"})
    made.told(40, SHUTDOWN, BLOCKED_TCI).check(tmp_path)


# ---------------------------------------------------------------- NetworkOutage


def test_domestic_dead_too_is_an_outage(tmp_path: Path) -> None:
    outage = alert("NetworkOutage", "page", **ON_MCI)
    dark(world(), "m1", "m2", domestic=0.0).quiet(22).told(25, outage).told(40, outage).check(tmp_path)


def test_domestic_dead_on_one_line_alone_is_that_line(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1")
    made.controls()
    dark(made, "m1", domestic=0.0).told(27, alert("VantageCutOff", "ticket", **ON_MCI, vantage="m1")).check(tmp_path)


def test_what_comes_back_at_home_before_it_comes_back_abroad_was_an_outage_to_its_end(tmp_path: Path) -> None:
    """Two canaries at home are asked before four abroad are: for a tick or two the one is alive and the other not."""
    outage, made = alert("NetworkOutage", "page", **ON_MCI), world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.0, 40: 1.0}).reach({0: 1.0, 20: 0.0, 37: 1.0}, "domestic")
    for quarter in range(4 * 35, 4 * 44):
        made.told(quarter / 4, outage)
    made.told(57, OVER).check(tmp_path)


def test_an_outage_of_which_only_what_lies_abroad_stays_dead_becomes_a_shutdown(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.0}).reach({0: 1.0, 20: 0.0, 30: 1.0}, "domestic")
    made.told(33, alert("NetworkOutage", "page", **ON_MCI)).told(36, SHUTDOWN).told(45, SHUTDOWN).check(tmp_path)


def test_a_blink_at_home_while_a_shutdown_begins_delays_nothing(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2")
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 21: 0.0, 22: 1.0}, "domestic")
    made.told(23.25, SHUTDOWN).check(tmp_path)
