"""The monitor's own health: when somebody is told that it cannot see, cannot keep, or cannot tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.lines import Steps
from tests.rules.peace import ON_MCI, SHUTDOWN, box, dark, world
from tests.rules.world import MCI, World, alert

BROKEN = alert("DidbanAlertingBroken", "page")
M1 = {**ON_MCI, "vantage": "m1"}
STALE = alert("DidbanStale", "ticket", **M1)
CLOCK = alert("DidbanClockWrong", "ticket", **M1)
FILLING = alert("DidbanSpoolFilling", "ticket", **M1)
QUARANTINE = alert("DidbanShipQuarantine", "ticket", **M1)
SERVICES = ("whatsapp", "instagram", "imo")

# ---------------------------------------------------------------- DidbanAlertingBroken


def counted(*until: tuple[int, int]) -> Steps:
    """A counter that grows by one a minute from each first minute to its second, and else stands still."""
    value, steps = 0.0, {0: 0.0}
    for since, end in until:
        for minute in range(since, end):
            value += 1
            steps[minute] = value
    return steps


GROUP = "/etc/prometheus/didban/rules/didban.yml;didban"
LASTS, ONCE = counted((20, 60)), counted((20, 21))


@pytest.mark.parametrize(
    ("name", "labels", "lasting", "passing"),
    [
        ("prometheus_rule_evaluation_failures_total", {"rule_group": GROUP}, LASTS, ONCE),
        ("prometheus_rule_group_iterations_missed_total", {"rule_group": GROUP}, LASTS, ONCE),
        ("prometheus_config_last_reload_successful", {}, {0: 1, 20: 0}, {0: 1, 20: 0, 22: 1}),
        ("prometheus_notifications_errors_total", {"alertmanager": "a"}, LASTS, ONCE),
        ("prometheus_notifications_dropped_total", {}, LASTS, ONCE),
        ("prometheus_notifications_alertmanagers_discovered", {}, {0: 1, 20: 0}, {0: 1, 20: 0, 22: 1}),
        ("alertmanager_config_last_reload_successful", {}, {0: 1, 20: 0}, {0: 1, 20: 0, 22: 1}),
        ("alertmanager_cluster_failed_peers", {}, {0: 0, 20: 1}, {0: 0, 20: 1, 22: 0}),
        ("alertmanager_notification_requests_failed_total", {"integration": "email"}, LASTS, ONCE),
        ("prometheus_http_requests_total", {"handler": "/api/v1/write", "code": "500"}, LASTS, ONCE),
        ("vmalert_execution_errors_total", {}, LASTS, ONCE),
        ("vmalert_alerts_send_errors_total", {"addr": "a"}, LASTS, ONCE),
        ("vmalert_remotewrite_errors_total", {}, LASTS, ONCE),
        ("vmalert_config_last_reload_successful", {}, {0: 1, 20: 0}, {0: 1, 20: 0, 22: 1}),
    ],
)
def test_trouble_that_lasts_is_a_page_and_what_passes_is_none(
    tmp_path: Path, name: str, labels: dict[str, str], lasting: Steps, passing: Steps
) -> None:
    for number, (steps, told) in enumerate(((lasting, [BROKEN]), (passing, []))):
        made = World().say(name, steps, job="own", instance="127.0.0.1:9090", **labels)
        made.quiet(19, 22, 25).told(40, *told)
        (folder := tmp_path / str(number)).mkdir()
        made.check(folder)


def test_a_queue_that_is_full_is_trouble(tmp_path: Path) -> None:
    made = World().say("prometheus_notifications_queue_length", {0: 0, 20: 9000})
    made.say("prometheus_notifications_queue_capacity", {0: 10000})
    made.quiet(22, 25).told(30, BROKEN).check(tmp_path)


def test_writes_that_are_refused_among_others_that_are_taken_are_a_backlogs_affair(tmp_path: Path) -> None:
    made = World().say("prometheus_http_requests_total", LASTS, handler="/api/v1/write", code="500")
    made.say("prometheus_http_requests_total", counted((1, 60)), handler="/api/v1/write", code="204")
    made.quiet(22, 30, 50).check(tmp_path)


def test_a_hub_whose_queue_stands_still_is_trouble_and_one_that_works_it_off_is_none(tmp_path: Path) -> None:
    made = World().say("didban_hub_queue_samples", {0: 500}, hub="a")
    made.say("didban_hub_queue_oldest_timestamp_seconds", {0: 0, 1: 30, **{n: 60 * n for n in range(2, 40)}}, hub="a")
    made.quiet(39, 50).told(63, BROKEN)
    made.text(63, "DidbanAlertingBroken", {"severity": "page", "product": "didban", "family": "own"}, {
        "summary": "Didban's alerting is broken: a hub's queue stands still",
        "summary_fa": "هشداردهی دیدبان خراب است",
        "description": (
            "For six minutes and more, what turns measurements into messages has not worked as it should. While it lasts, a "
            "shutdown may be seen and nobody told, or not be seen. That this message arrived says only that one way is open."
        ),
        "onset": "1970-01-01 00:54 UTC (last well)",
        "onset_local": "your own clock; this is about the hub, and about no country",
        "confidence": "high",
        "lines": "none; Prometheus, Alertmanager and the hub say so of themselves",
        "not_known": "what was not told since",
        "runbook_url": "http://127.0.0.1:9810/runbook/DidbanAlertingBroken",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-itself",
    })  # fmt: skip
    made.check(tmp_path)


def relayed(state: str, steps: Steps) -> World:
    return World().say("didban_hub_relay_messages", steps, hub="a", way="signal", state=state)


def test_a_message_that_waits_at_the_relay_is_trouble_and_one_that_waited_is_none(tmp_path: Path) -> None:
    (lasts := tmp_path / "lasts").mkdir()
    relayed("waiting", {0: 0, 20: 2, 30: 1}).quiet(30, 38).told(45, BROKEN).check(lasts)
    (passes := tmp_path / "passes").mkdir()
    relayed("waiting", {0: 0, 20: 1, 30: 0, 33: 1, 40: 0}).quiet(45, 60).check(passes)


@pytest.mark.parametrize("state", ["refused", "given_up"])
def test_a_message_the_relay_gave_up_is_told_for_an_hour_and_is_then_old_news(tmp_path: Path, state: str) -> None:
    made = relayed(state, {0: None, 20: 1, 150: 2}).quiet(20, 24).told(28, BROKEN).told(75, BROKEN).quiet(90, 149)
    made.told(160, BROKEN).quiet(220).check(tmp_path)


def test_rules_of_others_are_not_ours(tmp_path: Path) -> None:
    name = "prometheus_rule_evaluation_failures_total"
    World().say(name, LASTS, rule_group="/etc/prometheus/node.yml;node").quiet(30, 50).check(tmp_path)


# ---------------------------------------------------------------- DidbanStale


def insufficient(made: World, *vantages: str, steps: dict[int, str]) -> World:
    for vantage in vantages:
        for service in SERVICES:
            box(made, vantage).state(service, steps)
    return made


def stale_text(whose: str) -> dict[str, str]:
    return {
        "summary": f"m1 in {MCI} (IR) reports, and sees nothing",
        "summary_fa": f"دستگاه ⁨m1⁩ در ⁨{MCI}⁩ (⁨IR⁩) گزارش می‌دهد ولی چیزی نمی‌بیند",
        "description": (
            f"For a quarter of an hour this box has delivered, and every service it watches is insufficient. {whose} "
            "nowhere until it sees again."
        ),
        "onset": "1970-01-01 00:19 UTC (last useful)",
        "onset_local": "1970-01-01 03:49 in IR",
        "confidence": "high",
        "lines": "one box",
        "not_known": "what happened on that line since",
        "runbook_url": "http://127.0.0.1:9810/runbook/DidbanStale",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-vantage?var-vantage=m1",
    }


def test_a_box_that_can_say_nothing_of_anything_is_told_of_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    made = insufficient(world(), "m1", steps={0: "ok", 20: "insufficient", 60: "ok"})
    made.quiet(20, 30, 34).told(37, STALE).told(59, STALE).quiet(62)
    made.text(50, "DidbanStale", {"severity": "ticket", "product": "didban", "family": "own", **M1}, stale_text(
        "That is the box, its house or its configuration, and says nothing of the country. It counts"
    ))  # fmt: skip
    made.check(tmp_path)


def test_where_several_lines_of_a_network_can_say_nothing_it_may_be_that_network(tmp_path: Path) -> None:
    """Its resolver is dead."""
    made = insufficient(world(), "m1", steps={0: "ok", 20: "insufficient"})
    insufficient(made, "m2", steps={0: "ok", 40: "insufficient"}).told(50, STALE)
    made.text(50, "DidbanStale", {"severity": "ticket", "product": "didban", "family": "own", **M1}, stale_text(
        f"So it is on 2 lines of ours in {MCI} at once: it may be that network (its resolvers, a login page of the "
        "operator's), and not these houses. They count"
    ))  # fmt: skip
    made.check(tmp_path)


def test_a_box_whose_walks_stand_still_while_it_delivers_is_stale(tmp_path: Path) -> None:
    made = world()
    m1 = box(made, "m1")
    m1.heartbeat = False
    m1.send("didban_heartbeat_timestamp_seconds", {n: 60.0 * min(n, 20) for n in range(90)})
    made.quiet(36, 45).told(53, STALE).told(80, STALE).check(tmp_path)


def test_a_box_that_still_says_something_of_one_service_or_has_no_line_is_not_stale(tmp_path: Path) -> None:
    made = world()
    for service in SERVICES[:2]:
        box(made, "m1").state(service, {0: "ok", 20: "insufficient"})
    insufficient(made, "f1", steps={0: "ok", 20: "insufficient"})
    box(made, "f1").reach({0: 1.0, 20: 0.4})
    made.quiet(37, 60).check(tmp_path)


def test_a_cut_is_no_stale_box_and_neither_is_silence(tmp_path: Path) -> None:
    made = dark(world(), "m1", "m2", since=20)
    made.told(30, SHUTDOWN).told(60, SHUTDOWN).check(tmp_path)


# ---------------------------------------------------------------- DidbanClockWrong


@pytest.mark.parametrize("offset", [130.0, -4000.0])
def test_a_clock_two_minutes_off_is_told_of_after_ten(tmp_path: Path, offset: float) -> None:
    made = world()
    box(made, "m1").send("didban_clock_offset_seconds", {0: 0.4, 20: offset, 60: 0.5})
    made.quiet(21, 29).told(32, CLOCK).told(59, CLOCK).quiet(62).check(tmp_path)


def test_certificates_that_mind_our_date_are_told_of(tmp_path: Path) -> None:
    made = world()
    labels = {"service": "canaries", "target": "a", "finding": "clock_wrong"}
    box(made, "m1").send("didban_target_finding", {0: None, 20: 1}, **labels)
    made.quiet(29).told(32, CLOCK).check(tmp_path)


def test_a_clock_that_drifts_by_seconds_or_was_off_for_a_moment_is_right(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").send("didban_clock_offset_seconds", {0: 100})
    box(made, "f1").send("didban_clock_offset_seconds", {0: 0, 20: 500, 25: 0})
    made.quiet(24, 32, 60).check(tmp_path)


# ---------------------------------------------------------------- DidbanSpoolFilling


def test_nothing_can_be_written(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").send("didban_spool_waiting_writes", {0: 0, 10: 3, 11: 0, 20: 5})
    made.quiet(13, 20, 23).told(27, FILLING).check(tmp_path)


def test_one_word_of_a_box_that_has_just_come_back_is_no_trouble_yet(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").send("didban_spool_waiting_writes", {20: 3, 22: 0})
    made.quiet(20, 21, 22, 24, 27).check(tmp_path)


def test_what_was_owed_had_to_go(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").send("didban_spool_lost_total", {0: 0, 20: 400}, what="unsent")
    box(made, "f1").send("didban_spool_lost_total", {0: 0, 20: 400}, what="thinned")
    box(made, "f2").send("didban_spool_lost_total", {0: 400}, what="unsent")  # last year's
    made.quiet(19).told(22, FILLING).check(tmp_path)


def test_a_spool_that_is_full_in_three_days_is_told_of_and_one_that_is_full_or_stands_is_not(tmp_path: Path) -> None:
    hours = 20
    growing = {60 * hour: 800e6 + 3e6 * hour for hour in range(hours)}
    standing = {60 * hour: 800e6 - 1e5 * (hour % 2) for hour in range(hours)}
    full = {60 * hour: 995e6 + 1e5 * hour for hour in range(hours)}
    made = World()
    for vantage, sizes in (("m1", growing), ("m2", standing), ("f1", full)):
        made.line(vantage).send("didban_spool_bytes", sizes).send("didban_spool_limit_bytes", {0: 1e9})
    early, late = 11 * 60, 13 * 60
    mine = 'ALERTS{alertstate="firing", alertname="DidbanSpoolFilling"}'
    labels = f'alertname="DidbanSpoolFilling", alertstate="firing", country="IR", family="own", network="{MCI}"'
    told = f'{{__name__="ALERTS", {labels}, product="didban", severity="ticket", vantage="m1"}}'
    made.query(early, mine, {}).query(late, mine, {told: 1}).check(tmp_path, "2m")


# ---------------------------------------------------------------- DidbanShipQuarantine


def test_samples_nobody_takes_are_told_of_while_they_grow_and_old_ones_are_not(tmp_path: Path) -> None:
    made = world()
    box(made, "m1").send("didban_ship_quarantined_total", {0: 7, 20: 12}, destination="hub", reason="refused")
    box(made, "f1").send("didban_ship_quarantined_total", {0: 900}, destination="hub", reason="too_old")
    made.quiet(19).told(22, QUARANTINE).told(300, QUARANTINE).quiet(390).check(tmp_path, "2m")


def test_samples_of_a_hub_nobody_takes_are_told_of(tmp_path: Path) -> None:
    made = World().say("didban_hub_quarantined_total", {0: 0, 20: 3}, hub="a", reason="refused")
    made.quiet(19).told(22, alert("DidbanShipQuarantine", "ticket")).check(tmp_path)
