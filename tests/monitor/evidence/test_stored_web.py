"""What one web_connectivity measurement may say, generation by generation, and what must never convict anybody."""

from __future__ import annotations

import base64
import itertools
from pathlib import Path
from typing import Any

import pytest

from monitor.judge import State
from monitor.stored.ooni.measurement import judged
from monitor.stored.ooni.words import failure_of
from monitor.stored.verdict import RULES, Control, Evidence, Verdict, rule_for
from probes import known
from probes.words import Failure, Finding, Step
from tests.monitor.evidence.ooni import (
    HOST,
    INJECTED,
    PAGE,
    REAL,
    TIMEOUT,
    control,
    legacy,
    measurement,
    query,
    request,
    tcp,
    tls,
    web_04,
    web_05,
    without,
)

KNOWN = known.load()
CLEAR = "http://www.example.org/"
IFRAME = '<html><iframe src="http://10.10.34.34?type=Invalid Site" style="width: 100%"></iframe></html>'
ARTICLE = "<title>Example news</title>" + "words " * 500


def verdict(value: dict[str, Any]) -> Verdict:
    return judged(Path("measurement.json"), 1, value, KNOWN)


def says(value: dict[str, Any]) -> tuple[State, str]:
    found = verdict(value)
    return found.state, found.rule_id


# ---------------------------------------------------------------- reached


@pytest.mark.parametrize(
    "reached",
    [
        web_04(),
        legacy(),
        web_05(
            queries=[query(HOST, REAL)],
            tcps=[tcp(REAL)],
            tlss=[tls(REAL, HOST)],
            requests=[request(PAGE, address=f"{REAL}:443")],
        ),
        web_04(code=429),
        web_04(code=503),
        web_04(code=400),
        web_04(code=403, body="Access Denied"),
        web_04(at_control={}, control_failure="connection_reset"),
    ],
)
def test_a_page_over_tls_is_reached_whatever_its_status_and_whatever_became_of_the_control(
    reached: dict[str, Any],
) -> None:
    found = verdict(reached)
    assert (found.state, found.rule_id) == (State.OK, "reached")
    assert (found.broke_at, found.failure) == ((), None)


def test_every_step_of_a_walk_is_kept_with_its_length() -> None:
    measured = web_05(
        queries=[query(HOST, REAL)],
        tcps=[tcp(REAL)],
        tlss=[tls(REAL, HOST)],
        requests=[request(PAGE, address=f"{REAL}:443", t0=0.3)],
    )
    (walk,) = verdict(measured).walks
    assert [seen.step for seen in walk.steps] == [Step.RESOLVE, Step.CONNECT, Step.HANDSHAKE, Step.FETCH]
    assert [round(seen.took_s, 2) for seen in walk.steps] == [0.05, 0.05, 0.09, 0.6]
    assert walk.steps[0].answers == (REAL,)
    assert walk.started_ms == 1_663_848_000_000


def test_the_real_service_that_will_not_serve_refuses() -> None:
    page = "Unavailable: this content is not available in your country."
    found = verdict(web_04(code=451, body=page))
    assert (found.state, found.findings) == (State.REFUSED, (Finding.PROVIDER_REFUSAL,))
    packed = {"format": "base64", "data": base64.b64encode(page.encode()).decode()}
    assert says(web_04(code=403, body=packed)) == (State.REFUSED, "refusal")


def test_a_refusal_in_clear_proves_nothing_for_anybody_may_have_written_it() -> None:
    measured = web_04(url=CLEAR, code=451, body="not available in your country")
    assert says(measured) == (State.INSUFFICIENT, "unproven_page")


# ---------------------------------------------------------------- a lie in hand


@pytest.mark.parametrize(
    "lied_to",
    [
        web_04(answers=(INJECTED,), connect=TIMEOUT),
        web_04(answers=("d0::11",), connect="network_unreachable"),
        web_04(answers=("64:ff9b::a0a:2224",), connect=TIMEOUT),
        web_04(answers=("10.200.0.1",), connect=TIMEOUT),
        web_04(answers=("159.106.121.75",), connect=TIMEOUT),
    ],
)
def test_a_forged_answer_beside_a_control_that_reached_it_is_interference(lied_to: dict[str, Any]) -> None:
    found = verdict(lied_to)
    assert (found.state, found.rule_id) == (State.INTERFERED, "lie_beside_control")
    assert found.findings == (Finding.FORGED_DNS_ANSWER,)
    assert found.broke_at == (Step.RESOLVE,)


def test_a_page_that_came_by_the_control_s_addresses_does_not_undo_the_lie_people_get() -> None:
    measured = web_05(
        queries=[query(HOST, INJECTED), query(HOST, REAL, engine="udp")],
        tcps=[tcp(INJECTED, failure=TIMEOUT), tcp(REAL)],
        tlss=[tls(REAL, HOST)],
        requests=[request(PAGE, address=f"{REAL}:443")],
    )
    assert says(measured) == (State.INTERFERED, "lie_beside_control")


def test_an_injector_that_answers_a_resolver_abroad_as_well_is_no_filter_in_the_house() -> None:
    both = [query(HOST, "127.0.0.1"), query(HOST, "127.0.0.1", engine="udp")]
    refused = [tcp("127.0.0.1", failure="connection_refused")]
    failed = [request(PAGE, failure="connection_refused")]
    injected = web_05(queries=both, tcps=refused, tlss=[], requests=failed)
    assert says(injected) == (State.INTERFERED, "lie_beside_control")
    at_home = web_05(queries=both[:1], tcps=refused, tlss=[], requests=failed)
    assert says(at_home) == (State.BROKEN, "reserved_answer")


def test_a_resolver_in_the_house_that_answers_nothing_says_nothing_of_the_country() -> None:
    at_home = query(HOST, "0.0.0.0", resolver_address="192.168.1.1:53")
    measured = web_05(queries=[at_home], tcps=[], tlss=[], requests=[request(PAGE, failure="connection_refused")])
    found = verdict(measured)
    assert (found.state, found.rule_id, found.findings) == (
        State.INSUFFICIENT,
        "local_cause",
        (Finding.LOCAL_SINKHOLE,),
    )


def test_a_name_that_leads_nowhere_at_the_control_too_is_nobody_s_lie() -> None:
    measured = web_04(answers=("10.200.0.1",), connect=TIMEOUT, at_control=control("127.0.0.1"))
    assert says(measured) == (State.BROKEN, "control_reached")


def test_a_body_that_is_no_base64_is_no_body() -> None:
    assert says(web_04(code=403, body={"format": "base64", "data": "not base64!"})) == (State.OK, "reached")
    assert says(web_04(code=403, body={"format": "hex"})) == (State.OK, "reached")


def test_an_injected_answer_of_a_resolver_abroad_counts_where_people_got_none_at_all() -> None:
    abroad = query(HOST, INJECTED, engine="udp")
    failed = [request(PAGE, failure="dns_nxdomain_error")]
    none = web_05(queries=[query(HOST, failure="dns_nxdomain_error"), abroad], tcps=[], tlss=[], requests=failed)
    assert says(none) == (State.INTERFERED, "lie_beside_control")
    alive = web_04(url=CLEAR, body=ARTICLE, at_control=control(REAL, title="Example news"))
    alive["test_keys"]["queries"].append(abroad)
    assert says(alive) == (State.OK, "like_control")


def test_an_answer_that_shows_a_wrong_certificate_while_another_address_proves_itself_is_forged() -> None:
    stranger = "203.0.113.80"
    public = "185.88.153.1"
    for address, state in ((public, State.INTERFERED), (stranger, State.INTERFERED)):
        measured = web_05(
            queries=[query(HOST, address)],
            tcps=[tcp(address), tcp(REAL)],
            tlss=[tls(address, HOST, "ssl_invalid_hostname"), tls(REAL, HOST)],
            requests=[request(PAGE, failure="ssl_invalid_hostname")],
        )
        assert verdict(measured).state is state


def test_a_censor_s_page_in_clear_is_interference_also_without_a_control() -> None:
    found = verdict(web_04(url=CLEAR, code=403, body=IFRAME))
    assert (found.state, found.findings, found.broke_at) == (State.INTERFERED, (Finding.BLOCK_PAGE,), (Step.FETCH,))
    assert says(without(web_04(url=CLEAR, code=403, body=IFRAME), "control")) == (State.INTERFERED, "block_page")


def test_the_same_words_over_tls_are_the_site_s_own() -> None:
    assert says(web_04(code=403, body=IFRAME)) == (State.OK, "reached")


# ---------------------------------------------------------------- what must never convict


@pytest.mark.parametrize(
    ("title", "measured", "state", "rule"),
    [
        ("another node of the same CDN", web_04(answers=("151.101.1.1",)), State.OK, "reached"),
        (
            "another node, and it does not answer",
            web_04(answers=("151.101.1.1",), connect=TIMEOUT),
            State.BROKEN,
            "control_reached",
        ),
        ("DNS64", web_04(answers=("64:ff9b::6810:101",)), State.OK, "reached"),
        (
            "DNS64, and it does not answer",
            web_04(answers=("64:ff9b::6810:101",), connect=TIMEOUT),
            State.BROKEN,
            "control_reached",
        ),
        (
            "safe search, with the certificate of another name",
            web_04(answers=("216.239.38.120",), greeting="ssl_invalid_hostname"),
            State.BROKEN,
            "control_reached",
        ),
        (
            "an address known as a forgery that proves itself",
            web_04(answers=("75.2.41.216",)),
            State.OK,
            "reached",
        ),
        (
            "an address known as a forgery that the control was given too",
            web_04(answers=("75.2.41.216",), connect=TIMEOUT, at_control=control("75.2.41.216")),
            State.BROKEN,
            "control_reached",
        ),
        (
            "no such name, here and at the control",
            web_04(dns="dns_nxdomain_error", at_control=control(failure="dns_name_error")),
            State.INSUFFICIENT,
            "control_failed",
        ),
        (
            "the control did not answer",
            web_04(answers=("151.101.1.1",), connect=TIMEOUT, at_control={}, control_failure=TIMEOUT),
            State.INSUFFICIENT,
            "control_failed",
        ),
        (
            "a forged answer, and the control did not answer",
            web_04(answers=(INJECTED,), connect=TIMEOUT, at_control={}, control_failure=TIMEOUT),
            State.INSUFFICIENT,
            "lie_alone",
        ),
        ("no control at all", without(web_04(connect=TIMEOUT), "control"), State.INSUFFICIENT, "no_control"),
        (
            "a failure without a name",
            web_04(fetch="unknown_failure: lookup www.example.org: something odd"),
            State.INSUFFICIENT,
            "unnamed_failure",
        ),
        ("a filter in the house", web_04(answers=("0.0.0.0",), connect="connection_refused"), State.BROKEN, "reserved_answer"),
        ("a reset", web_04(greeting="connection_reset"), State.BROKEN, "control_reached"),
        ("a page in clear like the control's",
         web_04(url=CLEAR, body=ARTICLE, at_control=control(REAL, title="Example news")), State.OK, "like_control"),
        ("a page in clear of another length",
         web_04(url=CLEAR, body="short", at_control=control(REAL, length=9000)), State.INSUFFICIENT, "unproven_page"),
        ("a page in clear that leads to a stranger's over TLS",
         web_04(url=CLEAR, requests=[request("https://elsewhere.example/"), request(CLEAR, 302)]),
         State.INSUFFICIENT, "unproven_page"),
        ("old, and no control", legacy("tcp_timed_out_error", with_control=False), State.INSUFFICIENT, "control_failed"),
        ("nothing in it", measurement("web_connectivity", {}, input=PAGE), State.INSUFFICIENT, "nothing_walked"),
        ("no test keys", measurement("web_connectivity", {}, input=PAGE) | {"test_keys": None},
         State.INSUFFICIENT, "nothing_walked"),
        ("no address", measurement("web_connectivity", {}, input="ftp://[::"), State.INSUFFICIENT, "unreadable"),
        ("another test", measurement("ndt", {}), State.INSUFFICIENT, "unread_test"),
    ],
)  # fmt: skip
def test_what_looks_like_blocking_and_is_not(title: str, measured: dict[str, Any], state: State, rule: str) -> None:
    assert says(measured) == (state, rule), title


def test_what_ooni_concluded_changes_no_word_of_ours() -> None:
    accused = web_04()
    accused["test_keys"] |= {
        "blocking": "dns",
        "accessible": False,
        "dns_consistency": "inconsistent",
        "x_blocking_flags": 64,
    }
    assert says(accused) == says(web_04())
    absolved = web_04(connect=TIMEOUT)
    absolved["test_keys"] |= {"blocking": False, "accessible": True}
    assert says(absolved) == (State.BROKEN, "control_reached")


@pytest.mark.parametrize(
    ("measured", "step", "failure"),
    [
        (web_04(dns="dns_nxdomain_error"), Step.RESOLVE, Failure.DNS_NXDOMAIN),
        (web_04(connect=TIMEOUT), Step.CONNECT, Failure.TIMEOUT),
        (web_04(greeting="connection_reset"), Step.HANDSHAKE, Failure.CONNECTION_RESET),
        (web_04(fetch="eof_error"), Step.FETCH, Failure.EOF),
        (legacy("connection_refused_error"), Step.CONNECT, Failure.CONNECTION_REFUSED),
        (legacy("dns_lookup_error", step="resolve"), Step.RESOLVE, Failure.DNS_NO_ANSWER),
        (legacy("response_never_received", step="fetch"), Step.FETCH, Failure.HTTP_REQUEST_FAILED),
    ],
)
def test_it_says_where_it_broke(measured: dict[str, Any], step: Step, failure: Failure) -> None:
    found = verdict(measured)
    assert (found.state, found.broke_at, found.failure) == (State.BROKEN, (step,), failure)


def test_a_redirect_that_ends_in_a_failure_was_not_reached() -> None:
    chain = [request("https://www.example.net/", failure="connection_reset"), request(PAGE, 301)]
    assert says(web_04(requests=chain)) == (State.BROKEN, "control_reached")


def test_a_line_without_ipv6_is_not_what_broke() -> None:
    here = "2606:2800:220:1::1"
    both: dict[str, Any] = {"queries": [query(HOST, REAL), query(HOST, here, query_type="AAAA")]}
    none = tcp(here, failure="network_unreachable")
    assert (
        verdict(web_04(connect=TIMEOUT, **both, tcp_connect=[none, tcp(REAL, failure=TIMEOUT)])).failure
        is Failure.TIMEOUT
    )
    unnamed = web_04(fetch="unknown_failure: something odd", **both, tcp_connect=[none, tcp(REAL)])
    assert says(unnamed) == (State.INSUFFICIENT, "unnamed_failure")
    only: dict[str, Any] = {"queries": [query(HOST, here)], "tcp_connect": [none]}
    assert verdict(web_04(connect="network_unreachable", **only)).failure is Failure.NETWORK_UNREACHABLE


def test_what_went_through_tor_is_no_line_of_anybody_s() -> None:
    assert says(legacy("connection_refused_error")) == (State.BROKEN, "control_reached")


def test_a_certificate_that_was_not_looked_at_proves_nothing() -> None:
    measured = web_05(
        queries=[query(HOST, REAL)],
        tcps=[tcp(REAL)],
        tlss=[tls(REAL, HOST, no_tls_verify=True)],
        requests=[request(PAGE, 200, "x", address=f"{REAL}:443")],
    )
    assert says(measured) == (State.INSUFFICIENT, "unproven_page")


@pytest.mark.parametrize("word", Failure)
def test_every_word_of_ours_is_read_as_it_is(word: Failure) -> None:
    assert failure_of(word.value) is word


def test_no_failure_is_no_failure_in_every_generation() -> None:
    assert [failure_of(said) for said in (None, False, "")] == [None, None, None]
    assert failure_of("unknown_failure 10054 [Errno 104]") is Failure.UNKNOWN
    assert failure_of(True) is Failure.UNKNOWN


def test_the_table_is_in_order() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES), "an id stands for one meaning"
    assert RULES[0].state is State.INSUFFICIENT
    assert RULES[-1].state is State.INSUFFICIENT
    assert all(rule.why for rule in RULES)
    assert RULES[-1].fits(Evidence(walked=True, control=Control.REACHED, named=False)), "which always fits"


def test_every_rule_speaks_for_some_evidence_and_none_convicts_what_was_reached() -> None:
    spoke = set()
    for flags in itertools.product([False, True], repeat=10):
        walked, reached, proven, in_clear, alike, refusal, local, page, reserved, named = flags
        for (forged, lies), seen_by_control in itertools.product([(False, 0), (True, 0), (True, 3)], Control):
            evidence = Evidence(
                walked=walked,
                reached=reached,
                proven=proven,
                in_clear=in_clear,
                alike=alike,
                refusal=refusal,
                local=local,
                block_page=page and not reached,
                forged=forged,
                lies=lies,
                reserved=reserved,
                named=named,
                control=seen_by_control,
            )
            rule = rule_for(evidence)
            spoke.add(rule.id)
            if rule.state in (State.BROKEN, State.INTERFERED):
                assert walked
                assert not reached
                assert not local
                assert seen_by_control is Control.REACHED or page or lies >= 3
    assert spoke == {rule.id for rule in RULES}
