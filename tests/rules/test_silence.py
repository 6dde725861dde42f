"""Who fell silent: a network, a box; who is blind, and that the watchdog always fires."""

from __future__ import annotations

from pathlib import Path

from tests.rules.peace import (
    ON_MCI,
    ON_TCI,
    OVER,
    SHUTDOWN,
    SILENT,
    box,
    dark,
    landmarks,
    world,
)
from tests.rules.world import TCI, World, alert

# ---------------------------------------------------------------- NetworkSilent, VantageSilent


def test_two_lines_that_fall_silent_together_are_a_network(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").silent(20)
    box(made, "m2").silent(21)
    made.quiet(23, 24).told(26, SILENT).told(40, SILENT).check(tmp_path)


def test_one_unplugged_box_is_a_box(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").silent(20)
    made.quiet(24, 29).told(31, alert("VantageSilent", "ticket", **ON_MCI, vantage="m1")).check(tmp_path)


def test_a_box_that_died_long_before_is_no_second_witness(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").silent(20)
    box(made, "m2").silent(80)
    dead = alert("VantageSilent", "ticket", **ON_MCI, vantage="m1")
    made.told(70, dead).told(90, alert("NetworkSilent", "ticket", **ON_MCI), dead).check(tmp_path)


def test_a_single_line_that_falls_silent_is_a_ticket_and_under_watch_a_page(tmp_path: Path) -> None:
    for watched in (False, True):
        made = World().services()
        made.line("m1").silent(20)
        made.line("f1", TCI)
        made.controls()
        if watched:
            made.say("didban_country_watch", {0: 1.0}, country="IR")
        folder = tmp_path / str(watched)
        folder.mkdir()
        made.told(26, alert("NetworkSilent", "page" if watched else "ticket", **ON_MCI)).check(folder)


def test_a_single_line_whose_network_is_seen_well_from_outside_is_a_box(tmp_path: Path) -> None:
    made = World().services()
    made.line("m1").silent(20)
    made.line("f1", TCI)
    made.controls()
    landmarks(made, {0: 1.0}).quiet(29).told(31, alert("VantageSilent", "ticket", **ON_MCI, vantage="m1")).check(
        tmp_path
    )


def test_a_last_word_is_no_silence(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).send("didban_vantage_stopping", {0: None, 20: 1.0, 21: None}).silent(21)
    made.quiet(25, 40, 119).check(tmp_path)


def test_a_box_that_came_back_after_its_last_word_and_died_is_silent(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").send("didban_vantage_stopping", {0: None, 20: 1.0, 21: None}).silent(21, 40).silent(60)
    made.quiet(55).told(75, alert("VantageSilent", "ticket", **ON_MCI, vantage="m1")).check(tmp_path)


def test_an_agreed_pause_is_no_silence(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        each = box(made, vantage).silent(20)
        made.say("didban_vantage_paused", {0: 1.0}, **each.labels)
    made.quiet(30, 59).check(tmp_path)


def test_a_box_enrolled_and_never_heard_is_silent(tmp_path: Path) -> None:
    made = world()
    made.line("m3").silent(0)
    made.quiet(9).told(15, alert("VantageSilent", "ticket", **ON_MCI, vantage="m3")).check(tmp_path)


def test_lines_that_come_back_one_after_the_other_are_no_silent_boxes(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").silent(20, 60)
    box(made, "m2").silent(20, 63)
    made.told(59, SILENT).quiet(62, 63, 64, 65, 66).check(tmp_path)


def test_a_line_that_does_not_come_back_with_its_network_is_a_silent_box(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").silent(20, 60)
    box(made, "m2").silent(20)
    made.quiet(64).told(67, alert("VantageSilent", "ticket", **ON_MCI, vantage="m2")).check(tmp_path)


def test_when_the_hub_was_deaf_nobody_was_silent(tmp_path: Path) -> None:
    """Nothing arrives from anybody for eight minutes, then boxes are heard again one by one."""
    made = world()
    for number, each in enumerate(made.boxes):
        each.silent(20, 28 + number % 2)
    made.quiet(*[20 + quarter / 4 for quarter in range(48)]).check(tmp_path)


# ---------------------------------------------------------------- who was paged for a silence hears when it is over


def test_a_silence_that_woke_somebody_ends_with_a_word(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(20, 60)
    made.told(40, SILENT).quiet(61, 74).told(77, OVER)
    made.query(77, "sum(didban:network_recovered:timestamp) - sum(didban:network_last_cut:timestamp)", {"{}": 40 * 60})
    made.told(130, OVER).quiet(139)
    made.text(77, "ShutdownOver", {"severity": "info", "product": "didban", "family": "shutdown", **ON_MCI}, {
        "summary": "AS197207 (IR): heard again, and reaches abroad",
        "summary_fa": "شبکهٔ ⁨AS197207⁩ (⁨IR⁩) دوباره به خارج از کشور می‌رسد",
        "description": (
            "For a quarter of an hour four of five of the lines that were there before the cut have reached abroad again. "
            "They had been silent; what they saw meanwhile follows, as they deliver it, and tells whether the network was "
            "cut or our hub was blocked there. It lasted 40m 0s."
        ),
        "onset": "1970-01-01 00:19 UTC to 1970-01-01 00:59 UTC",
        "onset_local": "over since 1970-01-01 04:29 in IR",
        "confidence": "high",
        "lines": "100% of ours in AS197207 are back",
        "not_known": "whether every service works as before; parts of the network in which we have no line",
        "runbook_url": "http://127.0.0.1:9810/runbook/ShutdownOver",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    }).check(tmp_path)  # fmt: skip


def test_a_silence_that_was_a_ticket_ends_without_one_and_under_watch_with_one(tmp_path: Path) -> None:
    for watched in (False, True):
        made = World().services()
        made.line("m1").silent(20, 60)
        made.line("f1", TCI)
        made.controls()
        if watched:
            made.say("didban_country_watch", {0: 1.0}, country="IR")
        (folder := tmp_path / str(watched)).mkdir()
        made.told(77, *([OVER] if watched else [])).check(folder)


def test_a_silence_that_one_of_two_lines_survived_is_not_over(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").silent(20, 60)
    box(made, "m2").silent(20)
    dead = alert("VantageSilent", "ticket", **ON_MCI, vantage="m2")
    made.told(40, SILENT).told(77, dead).told(110, dead).check(tmp_path)


# ---------------------------------------------------------------- VantageCutOff


def test_one_box_that_reaches_nothing_while_its_network_is_well_is_a_box(tmp_path: Path) -> None:
    made = dark(world(), "m1")
    made.quiet(22, 25).told(27, alert("VantageCutOff", "ticket", **ON_MCI, vantage="m1")).check(tmp_path)


def test_a_box_of_a_network_that_is_cut_is_not_told_apart(tmp_path: Path) -> None:
    dark(world(), "m1", "m2").told(30, SHUTDOWN).check(tmp_path)


def test_lines_that_come_back_with_the_darkness_still_in_their_mouths_are_no_news(tmp_path: Path) -> None:
    """What they saw in silence arrives late; their first tick still says zero."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(20, 40).reach({0: 1.0, 20: 0.0, 41: 1.0})
    made.told(39, SILENT).quiet(*[40 + quarter / 4 for quarter in range(4, 30)]).check(tmp_path)


def test_lines_that_come_back_and_see_more_at_every_tick_were_not_cut_by_evidence(tmp_path: Path) -> None:
    """A few canaries a round are asked: a lit line is dark no longer, though most of what it says is older than that."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(20, 40).reach({0: 1.0, 20: 0.0, 41: 0.1, 42: 0.19, 43: 0.44, 44: 0.7, 45: 1.0})
    made.told(39, SILENT).quiet(*[40 + quarter / 4 for quarter in range(4, 30)]).check(tmp_path)


def test_lines_that_come_back_and_stay_dark_are_evidence(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(20, 40).reach({0: 1.0, 20: 0.0, 41: 0.1})
    made.told(39, SILENT).told(45, SHUTDOWN).check(tmp_path)


# ---------------------------------------------------------------- DidbanBlind, Watchdog


def test_fewer_than_two_controls_for_ten_minutes_are_blindness(tmp_path: Path) -> None:
    made = world()
    for number in (1, 2):
        box(made, f"c{number}").silent(20)
    blind = alert("DidbanBlind", "page")
    gone = [alert("VantageSilent", "ticket", country="DE", network=f"AS{n}", vantage=f"c{n}") for n in (1, 2)]
    made.quiet(29).told(31, *gone).told(35, blind, *gone).check(tmp_path)


def test_a_lone_control_is_not_blind_for_being_alone(tmp_path: Path) -> None:
    made = World().services()
    made.control("c1", "AS1")
    made.quiet(5, 30, 59).check(tmp_path)


def test_a_country_from_which_nobody_delivers_is_dark_to_us(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2", "f1", "f2"):
        box(made, vantage).silent(20)
    silent = [SILENT, alert("NetworkSilent", "page", **ON_TCI), alert("CountrySilent", "page", country="IR")]
    made.told(29, *silent).told(35, alert("DidbanBlind", "page", country="IR"), *silent).check(tmp_path)


def test_the_watchdog_always_fires(tmp_path: Path) -> None:
    made = World()
    made.query(0, 'ALERTS{alertname="Watchdog"}', {
        'ALERTS{alertname="Watchdog", alertstate="firing", family="own", product="didban", severity="none"}': 1
    })  # fmt: skip
    made.check(tmp_path)
