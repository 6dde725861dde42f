"""What one measurement of an app's test may say: it has no control, so that a failure alone is no fact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.judge import State
from monitor.stored.ooni.measurement import judged
from monitor.stored.verdict import Verdict
from probes import known
from probes.words import Failure, Finding, Step
from tests.monitor.evidence.ooni import (
    INJECTED,
    TIMEOUT,
    facebook_messenger,
    measurement,
    openvpn,
    query,
    request,
    signal,
    tcp,
    telegram,
    tls,
    tor,
    whatsapp,
    without,
)

KNOWN = known.load()


def verdict(value: dict[str, Any]) -> Verdict:
    return judged(Path("measurement.json"), 1, value, KNOWN)


@pytest.mark.parametrize(
    ("measured", "rule"),
    [
        (whatsapp(), "doors_open"),
        (telegram(), "doors_open"),
        (signal(), "reached"),
        (facebook_messenger(), "doors_open"),
        (facebook_messenger(dashes=True), "doors_open"),
        (tor(), "doors_open"),
        (openvpn(), "reached"),
    ],
)
def test_what_answered_is_ok_as_far_as_the_test_asks(measured: dict[str, Any], rule: str) -> None:
    found = verdict(measured)
    assert (found.state, found.rule_id, found.broke_at, found.failure) == (State.OK, rule, (), None)
    assert found.walks


@pytest.mark.parametrize(
    ("measured", "steps", "failure"),
    [
        (whatsapp(chat=TIMEOUT), (Step.CONNECT,), Failure.TIMEOUT),
        (whatsapp(pages="connection_reset"), (Step.HANDSHAKE,), Failure.CONNECTION_RESET),
        (telegram(centres=TIMEOUT), (Step.CONNECT,), Failure.TIMEOUT),
        (telegram(page="eof_error"), (Step.HANDSHAKE,), Failure.EOF),
        (signal("ssl_unknown_authority"), (Step.HANDSHAKE,), Failure.SSL_UNKNOWN_AUTHORITY),
        (facebook_messenger(TIMEOUT), (Step.CONNECT,), Failure.TIMEOUT),
        (tor(authorities=TIMEOUT), (Step.CONNECT,), Failure.TIMEOUT),
        (tor(bridges="eof_error"), (Step.CONNECT, Step.KNOCK), Failure.EOF),
        (openvpn(TIMEOUT), (Step.KNOCK,), Failure.TIMEOUT),
        (openvpn(connect="connection_refused"), (Step.CONNECT,), Failure.CONNECTION_REFUSED),
    ],
)
def test_one_failure_without_a_control_is_not_a_fact(
    measured: dict[str, Any], steps: tuple[Step, ...], failure: Failure
) -> None:
    found = verdict(measured)
    assert (found.state, found.rule_id) == (State.INSUFFICIENT, "no_control")
    assert (found.broke_at, found.failure) == (steps, failure)


def test_many_names_answered_by_a_known_forgery_are_a_proof_by_themselves() -> None:
    found = verdict(whatsapp(chat=TIMEOUT, answer=INJECTED))
    assert (found.state, found.rule_id) == (State.INTERFERED, "lie_upon_lie")
    assert found.findings == (Finding.FORGED_DNS_ANSWER,)
    assert found.broke_at == (Step.RESOLVE,)


def test_a_known_forgery_in_public_space_may_be_somebody_s_host_and_is_no_proof_alone() -> None:
    found = verdict(whatsapp(chat=TIMEOUT, answer="93.46.8.89"))
    assert (found.state, found.rule_id) == (State.INSUFFICIENT, "lie_alone")
    assert found.findings == (Finding.FORGED_DNS_ANSWER,)


def test_chat_servers_whose_names_were_not_kept_are_known_by_being_nobody_else_s() -> None:
    measured = whatsapp(chat=TIMEOUT)
    measured["test_keys"]["queries"] = [each for each in measured["test_keys"]["queries"] if each["hostname"][0] != "e"]
    found = verdict(measured)
    assert (found.state, found.broke_at) == (State.INSUFFICIENT, (Step.CONNECT,))


def test_one_name_answered_so_is_one_look() -> None:
    measured = telegram()
    measured["test_keys"] |= {
        "queries": [query("web.telegram.org", INJECTED)],
        "requests": [each for each in measured["test_keys"]["requests"] if "web" not in each["request"]["url"]]
        + [request("https://web.telegram.org/", failure=TIMEOUT)],
        "tls_handshakes": [],
    }
    found = verdict(measured)
    assert (found.state, found.rule_id) == (State.INSUFFICIENT, "lie_alone")
    assert found.findings == (Finding.FORGED_DNS_ANSWER,)


def test_a_port_that_opens_at_a_forged_address_opens_no_door() -> None:
    """OONI's own test passes any host that listens."""
    assert verdict(whatsapp(answer=INJECTED)).state is State.INTERFERED


def test_signal_s_word_on_its_own_outages_is_no_forged_answer() -> None:
    assert Finding.FORGED_DNS_ANSWER not in verdict(signal(TIMEOUT)).findings


def test_a_censor_s_page_in_the_place_of_whatsapp_s_is_seen_in_clear() -> None:
    measured = whatsapp(pages="connection_reset")
    page = '<iframe src="http://10.10.34.35?type=Invalid Site"></iframe>'
    measured["test_keys"]["requests"][2] = request("http://web.whatsapp.com/", 403, page)
    assert verdict(measured).rule_id == "block_page"


@pytest.mark.parametrize("measured", [whatsapp(), telegram(), signal(), facebook_messenger(), tor(), openvpn()])
def test_what_ooni_concluded_without_the_facts_is_not_believed(measured: dict[str, Any]) -> None:
    facts = ("queries", "requests", "tcp_connect", "tls_handshakes", "targets", "openvpn_handshake")
    found = verdict(without(measured, *facts))
    assert (found.state, found.rule_id) == (State.INSUFFICIENT, "nothing_walked")


def test_some_of_tor_s_authorities_are_always_away() -> None:
    assert verdict(tor()).state is State.OK


def test_over_udp_openvpn_has_no_connection_to_open() -> None:
    measured = openvpn(TIMEOUT)
    measured["test_keys"]["tcp_connect"] = None
    measured["test_keys"]["openvpn_handshake"][0] |= {"transport": "udp", "endpoint": "openvpn://51.15.187.53:1194/udp"}
    (walk,) = verdict(measured).walks
    assert str(walk.endpoint) == "51.15.187.53:1194/udp"
    assert [seen.step for seen in walk.steps] == [Step.KNOCK]


def test_a_first_generation_without_handshakes_is_read_by_its_requests() -> None:
    measured = without(whatsapp(), "tls_handshakes", "network_events")
    assert verdict(measured).state is State.OK
    blocked = without(whatsapp(pages="ssl_invalid_hostname"), "tls_handshakes")
    assert verdict(blocked).broke_at == (Step.HANDSHAKE,)


def test_a_name_that_was_not_resolved_ends_the_walk_there() -> None:
    host = "b-api.facebook.com"
    measured = measurement(
        "facebook_messenger",
        {"queries": [query(host, failure="dns_nxdomain_error")], "tcp_connect": [tcp("31.13.86.1")]},
    )
    found = verdict(measured)
    assert (found.state, found.broke_at, found.failure) == (
        State.INSUFFICIENT,
        (Step.RESOLVE,),
        Failure.DNS_NXDOMAIN,
    )
    assert [walk.endpoint.host for walk in found.walks] == [host]


def test_a_greeting_by_another_s_address_is_not_this_walk_s() -> None:
    measured = signal("connection_reset")
    measured["test_keys"]["tls_handshakes"] = [tls("192.0.2.77", "chat.signal.org")]
    assert verdict(measured).state is State.INSUFFICIENT
