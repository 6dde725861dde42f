"""What becomes of a service: blocked, unblocked, down; and the worlds in which nobody may say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.peace import (
    BLOCKED_MCI,
    BLOCKED_TCI,
    ON_MCI,
    OVER,
    SHUTDOWN,
    box,
    world,
)
from tests.rules.world import MCI, TCI, World, alert


def test_in_peace_nobody_is_told_anything(tmp_path: Path) -> None:
    world().quiet(*range(0, 60, 5)).check(tmp_path)


# ---------------------------------------------------------------- ServiceBlocked


def test_a_service_that_fails_on_both_lines_of_a_network_is_blocked_there(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "insufficient", 21: "broken"})
    made.quiet(20, 21, 21.25).told(21.75, BLOCKED_MCI).told(40, BLOCKED_MCI)
    made.query(30, "didban:service_verdict:lines", {
        f'didban:service_verdict:lines{{country="IR", network="{MCI}", service="instagram", verdict="blocked"}}': 2,
        **{
            f'didban:service_verdict:lines{{country="IR", network="{network}", service="{service}", verdict="ok"}}': 2
            for network in (MCI, TCI) for service in ("whatsapp", "instagram", "imo")
            if (network, service) != (MCI, "instagram")
        },
    })  # fmt: skip
    made.check(tmp_path)


def test_one_line_without_proof_is_a_ticket_and_with_proof_a_page(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1").state("instagram", {0: "ok", 20: "broken"})
    made.line("f1", TCI).state("instagram", {0: "ok", 20: "interfered"}).send(
        "didban_target_finding", {0: None, 20: 1}, service="instagram", target="web", finding="forged_dns_answer"
    )
    made.controls()
    made.told(25, alert("ServiceBlocked", "ticket", **ON_MCI, service="instagram"), BLOCKED_TCI).check(tmp_path)


def test_two_boxes_of_one_home_are_one_line(tmp_path: Path) -> None:
    made = World().services()
    for vantage in ("m1", "m2"):
        home = made.line(vantage).state("instagram", {0: "ok", 20: "broken"})
        home.send("didban_vantage_cohort", {0: 1}, cohort="k2")
    made.controls()
    made.told(25, alert("ServiceBlocked", "ticket", **ON_MCI, service="instagram")).check(tmp_path)


def test_a_service_that_wakes_nobody_is_a_ticket(tmp_path: Path) -> None:
    made = world()
    made.say("didban_service_info", {0: 1.0}, service="vpn", page="false")
    for each in made.boxes:
        inside = each.labels["network"] == MCI
        each.state("vpn", {0: "ok", 20: "broken"} if inside else {0: "ok"})
    made.told(25, alert("ServiceBlocked", "ticket", **ON_MCI, service="vpn")).check(tmp_path)


def test_what_never_worked_here_is_standing_and_pages_nobody(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "broken"})
    made.quiet(5, 30, 60, 119).check(tmp_path)


def test_a_failure_on_a_line_that_does_not_reach_abroad_is_not_about_the_service(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken"}).reach({0: 1.0, 20: 0.6})
    made.quiet(25, 40).check(tmp_path)


def test_where_a_part_of_everything_is_lost_a_good_moment_makes_no_block(tmp_path: Path) -> None:
    """Two lines that lose a third of all they send: in some minutes most things answer, and one service does not."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken", 26: "ok", 30: "broken"})
        box(made, vantage).reach({0: 1.0, 15: 0.7, 20: 0.9, 23: 0.6, 24: 0.9, 26: 0.7, 30: 0.9, 33: 0.8, 34: 0.9})
    made.quiet(*[20 + quarter / 4 for quarter in range(4 * 17)])
    made.told(41, BLOCKED_MCI).told(50, BLOCKED_MCI).check(tmp_path)


def test_without_a_control_nobody_knows(tmp_path: Path) -> None:
    made = world(controls=False)
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken"})
    made.quiet(25, 40)
    made.query(30, f'didban:service_verdict{{network="{MCI}", service="instagram"}}', {
        f'didban:service_verdict{{country="IR", network="{MCI}", service="instagram", verdict="unknown"}}': 1
    })  # fmt: skip
    made.check(tmp_path)


def test_half_the_lines_are_mixed_and_page_nobody(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").state("instagram", {0: "ok", 20: "broken"})
    made.quiet(25, 40)
    made.query(30, f'didban:service_verdict{{network="{MCI}", service="instagram"}}', {
        f'didban:service_verdict{{country="IR", network="{MCI}", service="instagram", verdict="mixed"}}': 1
    })  # fmt: skip
    made.check(tmp_path)


def test_a_blink_is_no_second_block(tmp_path: Path) -> None:
    """One good round in the middle of a block neither ends it nor announces it anew."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken", 35: "ok", 37: "broken"})
    made.told(30, BLOCKED_MCI).told(36, BLOCKED_MCI).told(40, BLOCKED_MCI).check(tmp_path)


# ---------------------------------------------------------------- ServiceUnblocked


def test_a_block_that_ends_is_told_after_two_hours_for_an_hour(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken", 60: "ok"})
    unblocked = alert("ServiceUnblocked", "info", **ON_MCI, service="instagram")
    made.told(40, BLOCKED_MCI).told(85, BLOCKED_MCI).quiet(92, 120, 177).told(182, unblocked).told(238, unblocked)
    made.quiet(242, 299).check(tmp_path)


def test_a_filter_that_is_on_and_off_by_minutes_is_one_block(tmp_path: Path) -> None:
    """Six minutes of twelve, for an hour and a half: it fires from the first to half an hour after the last."""
    made = world()
    on_and_off = {minute: "broken" if (minute - 20) % 12 == 0 else "ok" for minute in range(20, 110, 6)}
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", **on_and_off, 110: "ok"})
    for minute in range(24, 135, 3):
        made.told(minute, BLOCKED_MCI)
    made.quiet(20, 145).check(tmp_path)


def test_a_block_after_an_hour_without_one_is_news_again(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken", 40: "ok", 100: "broken"})
    made.told(30, BLOCKED_MCI).quiet(75, 99).told(105, BLOCKED_MCI).check(tmp_path)


def test_a_service_that_flickers_is_not_unblocked(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken", 60: "ok", 150: "insufficient", 152: "ok"})
    made.quiet(120, 182, 200).check(tmp_path)


def test_a_block_does_not_end_while_a_cut_speaks_for_it_that_is_not_about_to_end(tmp_path: Path) -> None:
    """Prometheus says an end again for 15 minutes. One that comes earlier Alertmanager never hears, and keeps the next
    block of that service to itself for a day."""
    made = world()
    for vantage in ("m1", "m2"):
        each = box(made, vantage).reach({0: 1.0, 60: 0.0, 120: 1.0 if vantage == "m1" else 0.0, 200: 1.0})
        each.state("instagram", {0: "ok", 20: "broken", 60: "cut_off", 120 if vantage == "m1" else 200: "ok"})
        for service in ("whatsapp", "imo"):
            each.state(service, {0: "ok", 60: "cut_off", 120 if vantage == "m1" else 200: "ok"})
    made.told(50, BLOCKED_MCI).told(100, SHUTDOWN, BLOCKED_MCI).told(190, SHUTDOWN, BLOCKED_MCI)
    made.told(210, SHUTDOWN).told(230, OVER).check(tmp_path)


def test_a_block_that_was_sure_is_a_page_to_its_end(tmp_path: Path) -> None:
    """Of its last half hour one line of two was well again: that makes no ticket of what was a page."""
    made = world()
    box(made, "m1").state("instagram", {0: "ok", 20: "broken", 100: "ok"})
    box(made, "m2").state("instagram", {0: "ok", 20: "broken", 60: "insufficient", 100: "ok"})
    for minute in range(25, 129, 4):
        made.told(minute, BLOCKED_MCI)
    made.quiet(136, 200).check(tmp_path)


def test_protocols_have_alerts_of_their_own(tmp_path: Path) -> None:
    made = world()
    for each in made.boxes:
        each.state("protocols", {0: "ok", 20: "broken"} if each.labels["vantage"] in ("m1", "m2") else {0: "ok"})
    made.quiet(30, 60, 90).check(tmp_path)


# ---------------------------------------------------------------- ServiceDown


DOWN = alert("ServiceDown", "info", service="whatsapp")


def test_a_service_that_fails_at_controls_too_is_down_and_not_blocked(tmp_path: Path) -> None:
    made = world()
    for each in made.boxes:
        each.state("whatsapp", {0: "ok", 20: "insufficient", 21: "broken"})
    made.quiet(20, 21, 21.75).told(23, DOWN).told(40, DOWN).check(tmp_path)


def test_an_outage_that_inside_lines_notice_first_is_never_called_a_block(tmp_path: Path) -> None:
    """Inside lines are sure when one control has failed for the first time, and the others come a minute later.

    That one comes so early is what ticks before their time are for (monitor/beat/early.py).
    """
    made = world()
    for each in made.boxes:
        control = each.labels["role"] == "control"
        first = 20 if each.labels["vantage"] == "c1" else 21
        each.state("whatsapp", {0: "ok", first: "insufficient", 22: "broken"} if control else {0: "ok", 20: "broken"})
    made.quiet(20, 20.25, 20.5, 21, 22).told(24, DOWN).told(40, DOWN).check(tmp_path)


def test_an_outage_that_controls_leave_first_is_never_called_a_block(tmp_path: Path) -> None:
    made = world()
    for each in made.boxes:
        inside = each.labels["role"] == "inside"
        each.state("whatsapp", {0: "ok", 20: "broken", (43 if inside else 40): "ok"})
    made.told(39, DOWN).quiet(42, 44, 59).check(tmp_path)


@pytest.mark.parametrize(("failing", "down"), [(1, False), (2, True), (3, True)])
def test_two_thirds_of_three_networks_make_it_down(tmp_path: Path, failing: int, down: bool) -> None:
    made = world()
    for number in range(1, failing + 1):
        box(made, f"c{number}").state("whatsapp", {0: "ok", 20: "broken"})
    made.told(25, *([DOWN] if down else [])).check(tmp_path)


def test_three_controls_in_one_network_are_one_witness(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1")
    for number in (1, 2, 3):
        made.control(f"c{number}", "AS1").state("whatsapp", {0: "ok", 20: "broken"})
    made.quiet(25).check(tmp_path)


def test_of_two_controls_both_must_fail(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1")
    made.control("c1", "AS1").state("whatsapp", {0: "ok", 20: "broken"})
    made.control("c2", "AS2").state("whatsapp", {0: "ok", 30: "broken"})
    made.quiet(29).told(33, DOWN).check(tmp_path)


def test_a_control_cut_off_itself_is_no_witness(tmp_path: Path) -> None:
    made = world()
    for number in (1, 2):
        box(made, f"c{number}").state("whatsapp", {0: "ok", 20: "cut_off"}).reach({0: 1.0, 20: 0.0})
    made.told(27, *(alert("VantageCutOff", "ticket", country="DE", network=f"AS{n}", vantage=f"c{n}") for n in (1, 2)))
    made.check(tmp_path)
