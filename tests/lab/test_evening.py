"""The whole line, end to end: from packets that cross the liar to a real mailbox and a real webhook, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboards.grafana import queries
from tests.lab import enter, evening, world
from tests.lab.evening import EVENING, LOOK_ALIKES, Evening, Key, blocked, on
from tests.lab.lab import Lab, scratch
from tests.lab.world import FIXED, MOBILE

pytestmark = [
    pytest.mark.evening,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

ALL_OF_IRAN = {"country": "IR", "network": ".*", "service": ".*"}
SHOWN = {"Networks", "Where services are blocked", "Boxes heard", "Alerting", "variable country", "variable network"}
CUT = next(step for step in EVENING if "cut off" in step.title)


class Noted:
    """What was seen while the evening went on."""

    def __init__(self) -> None:
        self.in_the_dark: dict[Key, str] = {}  # alert -> Alertmanager's state for it, once the shutdown was told
        self.verdicts_in_the_dark: dict[tuple[str, str], str] = {}

    def __call__(self, now: Evening) -> None:
        shutdown = on(MOBILE, "NetworkShutdown")
        if now.step is CUT and any(told.key == shutdown for told in now.told):
            for alert in now.lab.alerts():
                self.in_the_dark[evening.key(alert["labels"])] = alert["status"]["state"]
            self.verdicts_in_the_dark = evening.verdicts(now.lab)


@pytest.fixture(scope="module")
def lived() -> Iterator[tuple[Evening, Noted]]:
    """The look-alikes first, then the evening itself, in one laboratory."""
    noted = Noted()
    with scratch() as folder, Lab(folder) as lab:
        lab.start_hub()
        for box in world.VANTAGES:
            lab.start_vantage(box)
        one = Evening(lab, show=noted)
        one.live(LOOK_ALIKES + EVENING[1:])
        yield one, noted


EXPECTED = [(step.title, step.expects) for step in LOOK_ALIKES + EVENING[1:] if step.expects]


def test_everything_that_had_to_be_told_arrived_by_mail_and_by_webhook(lived: tuple[Evening, Noted]) -> None:
    assert lived[0].late == []


def test_it_arrived_in_the_order_in_which_it_happened(lived: tuple[Evening, Noted]) -> None:
    for by in ("smtp", "webhook"):
        order = [told.step for told in lived[0].told if told.by == by]
        assert list(dict.fromkeys(order)) == [title for title, _ in EXPECTED]


def test_nothing_else_arrived(lived: tuple[Evening, Noted]) -> None:
    """No ServiceBlocked for what is down everywhere, no NetworkShutdown for an unplugged box, and nothing unforeseen."""
    allowed = {each for step in LOOK_ALIKES + EVENING for each in step.expects | step.may}
    arrived = {each for message in lived[0].messages for each in message.alerts}
    assert arrived <= allowed, arrived - allowed


def test_each_step_was_told_in_its_own_step(lived: tuple[Evening, Noted]) -> None:
    for title, expects in EXPECTED:
        told = {each.key for each in lived[0].told if each.step == title}
        assert expects <= told


def test_no_message_repeats_what_was_told(lived: tuple[Evening, Noted]) -> None:
    for message in lived[0].messages:
        assert message.news, "\n".join(str(each) for each in lived[0].messages)


def test_each_step_is_one_message(lived: tuple[Evening, Noted]) -> None:
    """A block on two networks is one message; where two things happen at once, each is one.

    Once in an evening two networks may be found further apart than Alertmanager waits for company: a third of a second,
    thirty times faster than life. The second then follows in a message of its own.
    """
    for by in ("smtp", "webhook"):
        followed = 0
        for title, expects in EXPECTED:
            things = {dict(each)["alertname"] for each in expects}
            told = {each.key for each in lived[0].told if each.step == title} & expects
            messages = [m.summary for m in lived[0].messages if m.by == by and m.news & told]
            followed += len(messages) - len(things)
            assert 0 <= followed <= 1, messages


def test_blocks_on_living_lines_stay_told_and_those_of_the_dead_network_are_muted(
    lived: tuple[Evening, Noted],
) -> None:
    states = lived[1].in_the_dark
    assert states[on(MOBILE, "NetworkShutdown")] == "active"
    for service in ("instagram", "whatsapp"):
        assert states[on(FIXED, "ServiceBlocked", service=service)] == "active"
        assert states[on(MOBILE, "ServiceBlocked", service=service)] == "suppressed"
    assert blocked("instagram") | blocked("whatsapp") <= set(states)


def test_in_the_dark_the_verdicts_say_what_can_be_said(lived: tuple[Evening, Noted]) -> None:
    seen = lived[1].verdicts_in_the_dark
    assert {seen[(MOBILE, service)] for service in evening.SERVICES} == {"cut_off"}
    assert seen[(FIXED, "instagram")] == seen[(FIXED, "whatsapp")] == "blocked"
    assert seen[(FIXED, "imo")] == "ok"


def test_messages_say_what_where_since_when_how_sure_and_what_to_do(lived: tuple[Evening, Noted]) -> None:
    mails = [m for m in lived[0].lab.inbox() if m["by"] == "smtp"]
    shutdown = next(m for m in mails if "cut off" in m["subject"])
    assert shutdown["subject"] == f"[PAGE] {MOBILE} (IR): cut off from abroad"
    assert shutdown["to"] == ["oncall@example.org"]
    for word in ("Since:", " UTC", " in IR", "Confidence: ", "Lines:", "Not known:", "runbook/NetworkShutdown", "قطع"):
        assert word in shutdown["text"]


def test_every_packet_between_inside_and_abroad_crossed_the_middlebox(lived: tuple[Evening, Noted]) -> None:
    stats = lived[0].lab.stats()
    for box in world.INSIDE:
        assert stats["crossed"][box.address] > 1000
    for lie in ("dns_forgery", "dns_silence", "cut_foreign"):
        assert stats["lied"][lie] > 0


def test_no_address_of_a_vantage_reached_the_hub(lived: tuple[Evening, Noted]) -> None:
    labels = {value for row in lived[0].lab.query('{__name__=~"didban.+"}') for value in row["metric"].values()}
    addresses = {box.address for box in world.VANTAGES}
    assert not [value for value in labels if any(address in value for address in addresses)]


def test_every_query_of_the_dashboard_finds_something(lived: tuple[Evening, Noted]) -> None:
    asked = [each for each in queries.of("didban-overview", ALL_OF_IRAN) if each.where in SHOWN]
    assert {each.where for each in asked} == SHOWN
    for each in asked:
        assert lived[0].lab.query(each.expr), f"{each}: {each.expr} found nothing"
