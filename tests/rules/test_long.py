"""Months in the dark: nobody is told twice, nothing is forgotten, and the end is told with its true beginning."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.peace import IR, ON_MCI, ON_TCI, OVER, SHUTDOWN, box, dark, landmarks, world
from tests.rules.world import MCI, TCI, World, alert

TCI_SHUTDOWN = alert("NetworkShutdown", "page", **ON_TCI)
TCI_SILENT = alert("NetworkSilent", "page", **ON_TCI)
TCI_OVER = alert("ShutdownOver", "info", **ON_TCI)
SOONER = 60  # an hour here is two and a half days of memory


def months(minutes: int) -> World:
    """One network says all the while that it is dark, with an allow-list that comes and goes; the other is silent."""
    made = landmarks(dark(world(), "m1", "m2", until=minutes), {0: 1.0, 22: 0.0, minutes: 1.0}, TCI)
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.0, 120: 0.25, 200: 0.0, 300: 0.25, minutes - 60: 0.5, minutes: 1.0})
    for vantage in ("f1", "f2"):
        box(made, vantage).silent(20, minutes)
    return made


@pytest.mark.parametrize("hours", [8, pytest.param(36, marks=pytest.mark.long)])
def test_a_shutdown_of_months_is_one_message_and_its_end_another(tmp_path: Path, hours: int) -> None:
    """Eight hours are twenty days of memory, 36 are ninety; the first three minutes may say nothing."""
    end = hours * 60
    made = months(end).quiet(22)
    for minute in range(30, end, 10):
        made.told(minute, SHUTDOWN, TCI_SHUTDOWN, TCI_SILENT)
    for minute in (40, end - 5):
        made.query(minute, "didban:network_shutdown:timestamp", {
            f'didban:network_shutdown:timestamp{{country="IR", kind="shutdown", network="{MCI}"}}': 19 * 60,
            f'didban:network_shutdown:timestamp{{country="IR", kind="shutdown", network="{TCI}"}}': 19 * 60,
        })  # fmt: skip
    made.told(end + 10, SHUTDOWN, TCI_SHUTDOWN).told(end + 20, OVER, TCI_OVER).quiet(end + 90)
    made.query(end + 20, "floor(didban:network_last_cut:seconds / 600)", {
        f'{{country="IR", network="{MCI}"}}': (end - 20) // 10,
        f'{{country="IR", network="{TCI}"}}': (end - 20) // 10,
    })  # fmt: skip
    made.check(tmp_path, sooner=SOONER)


def test_silence_of_months_is_one_message(tmp_path: Path) -> None:
    """Nobody watches from outside: a network, not its boxes one by one when memory of two weeks is over."""
    made = world()
    for vantage in ("f1", "f2"):
        box(made, vantage).silent(20)
    made.quiet(22)
    for minute in range(30, 480, 10):
        made.told(minute, TCI_SILENT)
    made.check(tmp_path, sooner=SOONER)


def test_a_network_in_which_no_box_is_left_is_given_up(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2")
    for vantage in ("m1", "m2"):
        box(made, vantage).silent(60).expected = {0: 1.0, 60: None}
    made.told(50, SHUTDOWN).told(70, SHUTDOWN).told(200, SHUTDOWN).quiet(290).check(tmp_path, sooner=SOONER)


def test_a_box_enrolled_in_the_dark_does_not_make_it_over(tmp_path: Path) -> None:
    """A satellite line reaches abroad: the panel is what was there before the cut."""
    made = dark(world(), "m1", "m2")
    for number in range(12):
        late = made.line(f"late{number}")
        late.silent(0, 60).expected = {0: None, 60: 1.0}
    made.told(50, SHUTDOWN)
    for minute in (90, 120, 170):
        made.told(minute, SHUTDOWN)
    made.check(tmp_path, sooner=SOONER)


def test_an_allow_list_and_a_part_that_is_back_stand_in_the_summary(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).reach({0: 1.0, 20: 0.0, 40: 0.25, 60: 0.5})
    labels = {"severity": "page", "product": "didban", "family": "shutdown", **ON_MCI}
    words = {
        "summary_fa": "شبکهٔ \u2068AS197207\u2069 (\u2068IR\u2069) از خارج از کشور قطع است",
        "onset": "1970-01-01 00:19 UTC",
        "onset_local": "1970-01-01 03:49 in IR",
        "confidence": "medium: two or more witnesses agree",
        "not_known": "who did it and why; other cities of that network; whether its subscribers are affected alike",
        "runbook_url": "http://127.0.0.1:9810/runbook/NetworkShutdown",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    }
    consistent = "Consistent with a shutdown of that network's foreign traffic."
    on_two, back = (
        "On 2 lines of ours in AS197207",
        "Our lines in AS197207 reached nothing abroad, and are not yet well again.",
    )
    for minute, tail, seen, lines in (
        (30, "", f"{on_two} nothing abroad answers, while hosts elsewhere in IR do.", "2 of ours in AS197207"),
        (
            50,
            " but for an allow-list",
            f"{on_two} only 25% of what we ask abroad answers, while hosts elsewhere in IR do.",
            "2 of ours in AS197207",
        ),
        (70, "; partly back, not over", back, "no longer cut, not yet well"),
    ):
        said = {"summary": f"AS197207 (IR): cut off from abroad{tail}", "description": f"{seen} {consistent}"}
        made.told(minute, SHUTDOWN).text(minute, "NetworkShutdown", labels, words | said | {"lines": lines})
    made.check(tmp_path)


# ---------------------------------------------------------------- a curfew


CURFEW = alert("RecurringCurfew", "ticket", **ON_MCI)


def test_the_third_evening_at_one_hour_is_a_curfew(tmp_path: Path) -> None:
    """The other network is cut as often, forty minutes later each day. After the second evening nobody knows."""
    made = World().services()
    for vantage, network in (("m1", MCI), ("m2", MCI), ("f1", TCI), ("f2", TCI)):
        made.line(vantage, network).state("whatsapp", {0: "ok"})
    for vantages, later in ((("m1", "m2"), (0, 4, -4)), (("f1", "f2"), (0, 40, 80))):
        steps: dict[int, float | None] = {0: 1.0}
        for day, minutes in enumerate(later):
            steps |= {1440 * day + 60 + minutes: 0.0, 1440 * day + 180 + minutes: 1.0}
        for vantage in vantages:
            box(made, vantage).reach(steps)
    name = 'ALERTS{alertname="RecurringCurfew", alertstate="firing"}'
    fires = (
        f'ALERTS{{alertname="RecurringCurfew", alertstate="firing", country="IR", family="shutdown", network="{MCI}"'
    )
    said = {fires + ', product="didban", severity="ticket"}': 1.0}
    for minute in (80, 1440 + 100, 1440 + 300, 2880 + 56):
        made.query(minute, name, {})
    for minute in (2880 + 70, 2880 + 150, 2880 + 260):
        made.query(minute, name, said)
    made.text(2880 + 70, "RecurringCurfew", {"severity": "ticket", "product": "didban", "family": "shutdown", **ON_MCI}, {
        "summary": "AS197207 (IR): cut at the same hour again, near 00:54 UTC",
        "summary_fa": "شبکهٔ \u2068AS197207\u2069 (\u2068IR\u2069) باز در همان ساعت قطع شد، نزدیک \u206800:54 UTC\u2069",
        "description": "On 3 of seven days AS197207 was lost within ten minutes of 00:54 UTC. It usually lasts 2h 0m 0s; by"
        " that it ends near 1970-01-03 02:54 UTC. Consistent with a curfew. This tells that it recurs: each cut is told by"
        " itself.",
        "onset": "1970-01-03 00:54 UTC (the last one)",
        "onset_local": "1970-01-03 04:24 in IR",
        "confidence": "medium: three or more onsets at one hour",
        "lines": "3 onsets in seven days",
        "not_known": "who does it and why; whether it recurs tomorrow",
        "runbook_url": "http://127.0.0.1:9810/runbook/RecurringCurfew",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-incident?var-country=IR",
    })  # fmt: skip
    made.check(tmp_path, "2m")


# ---------------------------------------------------------------- what stands


def test_what_was_broken_when_we_came_stands_and_pages_nobody(tmp_path: Path) -> None:
    made = world()
    for vantage in ("m1", "m2"):
        box(made, vantage).state("imo", {0: "broken"})
    made.quiet(10, 30).query(30, "didban:service_standing:lines", {
        f'didban:service_standing:lines{{country="IR", network="{MCI}", reason="unreached", service="imo"}}': 2
    }).check(tmp_path)  # fmt: skip


def test_what_a_dated_list_names_stands_though_it_worked_a_while(tmp_path: Path) -> None:
    made = world().say("didban_service_standing", {0: 1.0}, **IR, service="imo")
    for vantage in ("m1", "m2"):
        box(made, vantage).state("imo", {0: "ok", 20: "broken"})
    made.quiet(30, 40).query(30, "didban:service_standing:lines", {
        f'didban:service_standing:lines{{country="IR", network="{MCI}", reason="listed", service="imo"}}': 2
    }).check(tmp_path)  # fmt: skip
