"""Who would have been written to, and when: Alertmanager's ways, read from the shipped configuration."""

from __future__ import annotations

from monitor.backtest.told.messages import Message, Routing, messages
from monitor.backtest.trial import ROUTING
from monitor.promql.alerting import Change

SECOND_MS, MINUTE_MS, HOUR_MS = 1_000, 60_000, 3_600_000


def change(at_ms: int, alert: str, *, fires: bool = True, severity: str = "page", **labels: str) -> Change:
    whole = {"alertname": alert, "severity": severity, "product": "didban", "family": "shutdown", **labels}
    return Change(at_ms, alert, tuple(sorted(whole.items())), fires, 1.0)


def sent(*changes: Change, but: frozenset[str] = frozenset(), until_ms: int = HOUR_MS) -> list[Message]:
    return list(messages(changes, Routing.read(ROUTING), until_ms=until_ms, but=but))


def said(message: Message) -> list[str]:
    return [dict(each)["alertname"] + " " + dict(each).get("network", "") for each in message.news]


def test_the_first_of_a_group_is_sent_ten_seconds_later() -> None:
    first, *_ = sent(change(MINUTE_MS, "NetworkShutdown", country="IR", network="AS1"))
    assert [(m.at_ms, m.receiver) for m in [first]] == [(MINUTE_MS + 10 * SECOND_MS, "pages")]


def test_another_of_the_group_waits_for_its_interval() -> None:
    first, second, *_ = sent(
        change(0, "NetworkShutdown", country="IR", network="AS1"),
        change(15 * SECOND_MS, "NetworkShutdown", country="IR", network="AS2"),
    )
    assert (first.at_ms, second.at_ms) == (10 * SECOND_MS, 40 * SECOND_MS)
    assert said(second) == ["NetworkShutdown AS2"]


def test_a_parent_mutes_its_children_of_the_same_country_only() -> None:
    found = sent(
        change(0, "CountryShutdown", country="IR", extent="networks"),
        change(0, "NetworkShutdown", country="IR", network="AS1"),
        change(0, "NetworkShutdown", country="UG", network="AS9"),
    )
    assert sorted(each for message in found for each in said(message)) == ["CountryShutdown ", "NetworkShutdown AS9"]


def test_a_child_is_told_of_when_its_parent_is_over_first() -> None:
    found = sent(
        change(0, "CountryShutdown", country="IR", extent="networks"),
        change(0, "NetworkShutdown", country="IR", network="AS1"),
        change(MINUTE_MS, "CountryShutdown", fires=False, country="IR", extent="networks"),
    )
    assert said(found[1]) == ["NetworkShutdown AS1"]


def test_a_shutdown_that_lasts_is_said_again_after_a_week() -> None:
    found = sent(
        change(0, "NetworkShutdown", country="IR", network="AS1"),
        until_ms=200 * HOUR_MS,
    )
    assert [message.at_ms // HOUR_MS for message in found] == [0, 7 * 24]
    assert found[1].news == ()


def test_one_that_came_and_went_within_the_wait_is_never_sent() -> None:
    found = sent(
        change(0, "NetworkShutdown", country="IR", network="AS1"),
        change(5 * SECOND_MS, "NetworkShutdown", fires=False, country="IR", network="AS1"),
    )
    assert found == []


def test_one_that_comes_back_when_all_was_over_is_said_anew() -> None:
    found = sent(
        change(0, "NetworkShutdown", country="IR", network="AS1"),
        change(5 * MINUTE_MS, "NetworkShutdown", fires=False, country="IR", network="AS1"),
        change(9 * MINUTE_MS, "NetworkShutdown", country="IR", network="AS1"),
    )
    assert [said(message) for message in found] == [["NetworkShutdown AS1"], ["NetworkShutdown AS1"]]


def test_what_is_muted_to_the_end_is_never_said() -> None:
    """A block in a network that is cut: another family, so a group of its own, that is looked at and never sent."""
    found = sent(
        change(0, "NetworkShutdown", country="IR", network="AS1"),
        change(0, "ServiceBlocked", country="IR", network="AS1", service="whatsapp", family="service"),
    )
    assert [each for message in found for each in said(message)] == ["NetworkShutdown AS1"]


def test_a_rule_that_is_off_neither_speaks_nor_mutes() -> None:
    found = sent(
        change(0, "CountryShutdown", country="IR", extent="networks"),
        change(0, "NetworkShutdown", country="IR", network="AS1"),
        but=frozenset({"CountryShutdown"}),
    )
    assert [said(message) for message in found] == [["NetworkShutdown AS1"]]
