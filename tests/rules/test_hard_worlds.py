"""Worlds that an adversary, a careless hand or bad luck made: the rules must neither fall silent nor cry wolf."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.peace import (
    BLOCKED_MCI,
    IR,
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
from tests.rules.world import IRANCELL, MCI, RIGHTEL, TCI, World, alert

BLIND_IR = alert("DidbanBlind", "page", **IR)
SILENT_TICKET = alert("NetworkSilent", "ticket", **ON_MCI)

# ---------------------------------------------------------------- boxes that contradict themselves


def test_two_cohorts_of_one_box_do_not_stop_the_comparison(tmp_path: Path) -> None:
    """For minutes after an edit of the registry both are there: everything that counts lines must go on counting."""
    made = dark(world(), "m1", "m2")
    for vantage, cohort in (("f2", "a"), ("f2", "b"), ("m1", "k1")):
        box(made, vantage).send("didban_vantage_cohort", {0: 1}, cohort=cohort)
    made.told(25, SHUTDOWN).check(tmp_path)


def test_a_box_that_moved_to_another_network_does_not_stop_the_watch_for_silence(tmp_path: Path) -> None:
    made = world()
    made.line("x", "AS9").silent(10)
    made.boxes[-1].expected = {0: 1.0, 10: None}
    made.line("x", "AS10").silent(0, 10)
    made.boxes[-1].expected = {0: None, 10: 1.0}
    made.boxes[-1].silent(40)
    box(made, "f1").send("didban_vantage_stopping", {0: None, 5: 1.0, 6: None}).silent(6)
    on_10 = alert("NetworkSilent", "ticket", **IR, network="AS10")
    made.quiet(30).told(45, on_10).check(tmp_path)


def test_a_home_without_power_stays_one_line(tmp_path: Path) -> None:
    """Its cohort, told by the registry or by itself, is remembered when the box no longer speaks."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(20).send("didban_vantage_cohort", {0: 1.0}, cohort="k2")
    made.told(24, SILENT_TICKET).told(27, SILENT_TICKET).told(35, SILENT_TICKET).check(tmp_path)


def test_a_control_that_is_cut_off_itself_is_no_witness_of_landmarks(tmp_path: Path) -> None:
    made = world()
    for number in (1, 2, 3):
        box(made, f"c{number}").send(
            "didban_landmarks_ratio", {0: 1.0}, about_country="IR", about_network=MCI, kind="access"
        )
    box(made, "c1").reach({0: 1.0, 20: 0.0}).send(
        "didban_landmarks_ratio", {0: 1.0, 20: 0.0}, about_country="IR", about_network=MCI, kind="access"
    )
    for number in (2, 3):
        box(made, f"c{number}").silent(20)
    made.query(25, 'didban:network_reach:ratio{source="landmarks"}', {})
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(20)
    made.query(25, "didban:network_shutdown:timestamp", {}).check(tmp_path)


# ---------------------------------------------------------------- a hub that dies, or is born late


def test_a_hub_that_dies_is_told_though_the_watchdog_smiles(tmp_path: Path) -> None:
    made = world()
    for each in made.boxes:
        each.silent(20)
        each.expected = {0: 1.0, 20: None}
    made.extra = {name: {0: 1.0, 20: None} for name in made.extra}
    made.quiet(20, 28).told(36, alert("DidbanBlind", "page")).told(90, alert("DidbanBlind", "page")).check(tmp_path)


def test_a_shutdown_the_hub_was_born_into_ends_too(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 0.0, 60: 1.0})
    made.told(30, SHUTDOWN).told(58, SHUTDOWN).told(78, OVER).quiet(150, 200).check(tmp_path)


@pytest.mark.long
def test_what_was_told_before_the_hub_was_deaf_is_not_told_anew(tmp_path: Path) -> None:
    """A page must not become a ticket, end, or fire again, because everybody's writes were refused for a while."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken"})
    for each in made.boxes:
        each.silent(40, 52)
        each.expected = {0: 1.0, 40: None, 52: 1.0}
    made.extra = {name: {0: next(iter(steps.values())), 40: None, 52: next(iter(steps.values()))}
                  for name, steps in made.extra.items()}  # fmt: skip
    for minute in (30, 42, 44, 46, 49, 51, 52, 53, 56, 60):
        made.told(minute, BLOCKED_MCI)
    made.check(tmp_path)


@pytest.mark.long
def test_a_silence_told_before_the_hub_was_deaf_holds_through_it(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(20)
    for vantage in ("f1", "f2", "c1", "c2", "c3"):
        box(made, vantage).silent(60, 66)
    for minute in (30, 59, 62, 64, 66, 67, 68, 70, 75):
        made.told(minute, SILENT)
    made.check(tmp_path)


# ---------------------------------------------------------------- over, again, and how long


def test_over_is_not_said_where_nothing_was_cut(tmp_path: Path) -> None:
    """After a shutdown that is over, a box is unplugged for a while and comes back: that ended nothing."""
    made = dark(world(), "m1", "m2", until=60)
    box(made, "m1").silent(200, 212)
    made.told(80, OVER).quiet(180, 226, 228, 240).check(tmp_path)


def test_a_spike_does_not_shorten_a_shutdown(tmp_path: Path) -> None:
    """Its onset stays what it was, and so does its length."""
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.0, 65: 1.0, 75: 0.0, 195: 1.0})
    onset = {f'didban:network_shutdown:timestamp{{country="IR", kind="shutdown", network="{MCI}"}}': 19 * 60}
    for minute in (30, 70, 80, 120, 194):
        made.query(minute, "didban:network_shutdown:timestamp", onset)
    made.told(215, OVER).check(tmp_path)


def test_newcomers_do_not_stand_in_for_those_who_are_missing(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2", until=60)
    box(made, "m2").silent(60)
    for number in (3, 4, 5):
        made.line(f"m{number}").silent(0, 65)
        made.boxes[-1].expected = {0: None, 65: 1.0}
    made.told(85, SHUTDOWN).told(110, SHUTDOWN).check(tmp_path)


def test_who_said_a_last_word_is_not_waited_for(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2", until=60)
    box(made, "m2").silent(41).send("didban_vantage_stopping", {0: None, 40: 1.0, 41: None})
    made.told(50, SHUTDOWN).told(78, OVER).check(tmp_path)


# ---------------------------------------------------------------- one message


BLOCKED_TCI = alert("ServiceBlocked", "page", **ON_TCI, service="instagram")


def test_networks_that_notice_a_block_one_after_the_other_are_told_together(tmp_path: Path) -> None:
    made = world()
    for vantage, since in (("m1", 21), ("m2", 21), ("f1", 22), ("f2", 23)):
        box(made, vantage).state("instagram", {0: "ok", 20: "insufficient", since: "broken"})
    made.quiet(20, 22, 22.75).told(23.25, BLOCKED_MCI, BLOCKED_TCI).told(40, BLOCKED_MCI, BLOCKED_TCI).check(tmp_path)


@pytest.mark.long
def test_a_line_that_never_makes_up_its_mind_does_not_hold_the_message(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken"})
    box(made, "f1").state("instagram", {n: "ok" if n % 4 else "insufficient" for n in range(61)})
    made.told(26, BLOCKED_MCI)
    for minute in range(27, 60):
        made.told(minute, BLOCKED_MCI)
    made.check(tmp_path)


# ---------------------------------------------------------------- a door left ajar


def test_an_allow_list_is_a_shutdown_and_its_summary_says_so(tmp_path: Path) -> None:
    """November 2019 and January 2026: a few foreign hosts went on answering."""
    made = world()
    for vantage in ("m1", "m2"):
        each = box(made, vantage).reach({0: 1.0, 20: 0.25, 90: 1.0})
        for service in ("whatsapp", "instagram", "imo"):
            each.state(service, {0: "ok", 20: "insufficient", 90: "ok"})
    made.quiet(20, 22).told(25, SHUTDOWN).told(80, SHUTDOWN).told(110, OVER)
    made.query(40, f'count by (verdict) (didban:service_verdict{{network="{MCI}"}})', {'{verdict="cut_off"}': 3})
    made.check(tmp_path)


def test_a_network_that_never_reached_much_is_not_cut_for_reaching_as_much(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 0.5, 20: 0.22})
    made.quiet(30, 50).check(tmp_path)


# ---------------------------------------------------------------- two hours that were measured


UNBLOCKED = alert("ServiceUnblocked", "info", **ON_MCI, service="instagram")


@pytest.mark.long
def test_two_hours_in_which_nobody_looked_are_no_two_hours(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken", 60: "ok"}).silent(60, 200)
    made.query(205, 'ALERTS{alertname="ServiceUnblocked"}', {})
    made.told(330, UNBLOCKED).quiet(400).check(tmp_path)


@pytest.mark.long
def test_a_moment_of_doubt_delays_the_good_news_and_does_not_swallow_it(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("instagram", {0: "ok", 20: "broken", 60: "ok", 150: "insufficient", 152: "ok"})
    made.quiet(185, 265).told(280, UNBLOCKED).quiet(350, 420).check(tmp_path)


# ---------------------------------------------------------------- what is not known


def test_where_no_domestic_host_is_known_an_outage_says_so(tmp_path: Path) -> None:
    """Other countries than Iran ship no domestic canaries yet: no data is not "domestic dead"."""
    made = World().services()
    for vantage in ("t1", "t2"):
        line = made.line(vantage, "AS9121", country="TR")
        line.series = {name: steps for name, steps in line.series.items() if "domestic" not in name}
        line.reach({0: 1.0, 20: 0.0})
        for service in ("whatsapp", "instagram", "imo"):
            line.state(service, {0: "ok", 20: "cut_off"})
    made.controls()
    made.told(30, alert("NetworkOutage", "page", country="TR", network="AS9121")).check(tmp_path)


def test_some_of_the_country_answers_that_is_enough_for_a_shutdown(tmp_path: Path) -> None:
    dark(world(), "m1", "m2", domestic=0.33).told(30, SHUTDOWN).check(tmp_path)


def test_one_control_alone_cannot_tell_a_block_from_anything(tmp_path: Path) -> None:
    made = World().services()
    for vantage in ("m1", "m2"):
        made.line(vantage).state("instagram", {0: "ok", 20: "broken"})
    made.control("c1", "AS1")
    made.query(30, 'didban:service_verdict{service="instagram"}', {
        f'didban:service_verdict{{country="IR", network="{MCI}", service="instagram", verdict="unknown"}}': 1
    }).quiet(30).check(tmp_path)  # fmt: skip


def test_weights_known_of_some_networks_only_do_not_hide_a_country(tmp_path: Path) -> None:
    made = World().services()
    networks = (MCI, TCI, IRANCELL, RIGHTEL)
    for number, network in enumerate(networks):
        for line in (1, 2):
            made.line(f"v{number}{line}", network)
    made.controls()
    made.say("didban_network_weight_ratio", {0: 0.01}, country="IR", network=RIGHTEL, operator="rightel")
    dark(made, *(f"v{number}{line}" for number in (0, 1, 2) for line in (1, 2)))
    shutdowns = [alert("NetworkShutdown", "page", **IR, network=each) for each in networks[:3]]
    extents = [alert("CountryShutdown", "page", **IR, extent=extent) for extent in ("networks", "majority")]
    made.told(30, *shutdowns, *extents).check(tmp_path)


def test_landmarks_alone_page_nobody(tmp_path: Path) -> None:
    landmarks(world(), {0: 1.0, 20: 0.0}).quiet(25, 40).check(tmp_path)


def test_a_country_gone_dark_is_one_blindness_and_its_silent_networks(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2", "f1", "f2"):
        box(made, vantage).silent(20)
    silent_tci = alert("NetworkSilent", "page", **ON_TCI)
    made.told(35, SILENT, silent_tci, alert("CountrySilent", "page", **IR), BLIND_IR).check(tmp_path)


# ---------------------------------------------------------------- what people read


def test_a_shutdown_is_told_in_these_words(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2")
    labels = {"severity": "page", "product": "didban", "family": "shutdown", **ON_MCI}
    made.text(30, "NetworkShutdown", labels, {
        "summary": "AS197207 (IR): cut off from abroad",
        "summary_fa": "شبکهٔ \u2068AS197207\u2069 (\u2068IR\u2069) از خارج از کشور قطع است",
        "description": "On 2 lines of ours in AS197207 nothing abroad answers, while hosts elsewhere in IR do. Consistent"
        " with a shutdown of that network's foreign traffic.",
        "onset": "1970-01-01 00:19 UTC",
        "onset_local": "1970-01-01 03:49 in IR",
        "confidence": "medium: two or more witnesses agree",
        "lines": "2 of ours in AS197207",
        "not_known": "who did it and why; other cities of that network; whether its subscribers are affected alike",
        "runbook_url": "http://127.0.0.1:9810/runbook/NetworkShutdown",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    }).check(tmp_path)  # fmt: skip


@pytest.mark.parametrize(
    ("later", "seen", "lines", "onset"),
    [
        (
            "broken",
            "On 1 line of ours in AS197207, which reaches abroad, instagram cannot be reached",
            "1 of ours in AS197207",
            ("00:19", "03:49"),
        ),
        (
            "ok",
            "Until less than half an hour ago instagram could not be reached on lines of ours in AS197207",
            "none of ours in AS197207 speaks now",
            ("00:42", "04:12"),
        ),
        (
            None,
            "When last heard, lines of ours in AS197207 could not reach instagram",
            "none of ours in AS197207 speaks now",
            ("00:19", "03:49"),
        ),
    ],
)
def test_a_block_on_one_line_is_told_in_these_words(
    tmp_path: Path, later: str | None, seen: str, lines: str, onset: tuple[str, str]
) -> None:
    made = World().services()
    m1 = made.line("m1").state("instagram", {0: "ok", 20: "broken", 30: later or "broken"})
    if later is None:
        m1.silent(30)
    made.controls()
    labels = {"severity": "ticket", "product": "didban", "family": "service", **ON_MCI, "service": "instagram"}
    made.text(42, "ServiceBlocked", labels, {
        "summary": "instagram blocked on AS197207 (IR)",
        "summary_fa": "\u2068instagram\u2069 روی شبکهٔ \u2068AS197207\u2069 (\u2068IR\u2069) بسته شده است",
        "description": f"{seen}; controls outside IR reach it, and it worked here before. Consistent with a block between"
        " these lines and the service.",
        "onset": f"1970-01-01 {onset[0]} UTC (last reached)",
        "onset_local": f"1970-01-01 {onset[1]} in IR",
        "confidence": "low: one line, no proof of interference",
        "lines": lines,
        "not_known": "who blocks and why; other cities of that network",
        "runbook_url": "http://127.0.0.1:9810/runbook/ServiceBlocked",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    }).check(tmp_path)  # fmt: skip


def test_blindness_is_told_in_these_words(tmp_path: Path) -> None:
    made = world()
    for vantage in ("c1", "c2"):
        box(made, vantage).silent(20)
    made.text(35, "DidbanBlind", {"severity": "page", "product": "didban", "family": "own"}, {
        "summary": "Didban is blind: 1 control delivers",
        "summary_fa": "دیدبان نابیناست: \u20681\u2069 دستگاه شاهد گزارش می\u200cدهد",
        "description": "For ten minutes fewer than two controls have delivered. Nothing can be said of a block, or of a"
        " service that is down for everyone, until they do.",
        "onset": "1970-01-01 00:19 UTC (last heard)",
        "confidence": "high",
        "lines": "1 deliver",
        "not_known": "everything that only controls can tell",
        "runbook_url": "http://127.0.0.1:9810/runbook/DidbanBlind",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-itself",
    }).check(tmp_path)  # fmt: skip
