"""What the house does is told from what the country does, and neither is taken for the other."""

from __future__ import annotations

from dataclasses import replace

from monitor.judge import State, judge
from monitor.meaning.evidence import Line, Record
from monitor.meaning.house import Seen, does, ipv6_is_broken
from probes.facts import Certificate, Endpoint, Observation, Round, Walk
from probes.words import Failure, Finding, Reason, Step, Transport
from tests.monitor.facts import target, walk

PORTAL = "0a1b2c"


def abroad(count: int = 6, failed: Failure | None = None, *, connect_s: float = 0.1) -> list[Walk]:
    return [
        walk(to=f"canaries/c{number}", step=Step.HANDSHAKE, failed=failed, connect_s=connect_s)
        for number in range(count)
    ]


def led(elsewhere: str | None, status: int = 302) -> Walk:
    at = Endpoint("a.example", 80, Transport.TCP, "193.0.11.24")
    page = Observation(Step.FETCH, 0.1, status=status, elsewhere=elsewhere)
    return Walk("canaries/c1", at, at.address, 0, Reason.COMPARE, (Observation(Step.CONNECT, 0.1), page))


def test_a_healthy_line_is_left_in_peace() -> None:
    assert does(Seen(abroad(), abroad(3, connect_s=0.02))) == set()
    assert does(Seen()) == set()


def test_wrong_certificates_for_all_that_have_nothing_in_common_are_a_portals() -> None:
    wrong = abroad(failed=Failure.SSL_UNKNOWN_AUTHORITY)
    assert does(Seen(wrong)) == {Finding.CAPTIVE_PORTAL}
    assert does(Seen(wrong, abroad(2))) == {Finding.WALLED_GARDEN}, "what is at home answers for itself"
    one_works = [*wrong, *abroad(1)]
    assert does(Seen(one_works)) == set(), "a portal lets none through"


def test_redirects_to_one_place_are_a_portals_and_to_several_are_not() -> None:
    dead = abroad(failed=Failure.TIMEOUT)
    assert does(Seen(dead, clear=[led(PORTAL), led(PORTAL)])) == {Finding.CAPTIVE_PORTAL}
    assert does(Seen(dead, clear=[led(None, 511), led(None, 511)])) == {Finding.CAPTIVE_PORTAL}
    assert does(Seen(dead, clear=[led(PORTAL), led("ffffff"), led(None)])) == set(), "a cut that spares clear text"
    assert does(Seen(dead)) == set(), "silence is no portal"


def test_dates_that_are_wrong_everywhere_are_our_own_clock() -> None:
    misdated = abroad(4, Failure.SSL_INVALID_CERTIFICATE)
    assert does(Seen([*misdated, *abroad(4)])) == {Finding.CLOCK_WRONG}
    assert does(Seen([*misdated[:1], *abroad(8)])) == set(), "one may have forgotten to renew"


def test_a_country_that_is_farther_away_than_the_world_is_seen_from_outside() -> None:
    assert does(Seen(abroad(), abroad(2, connect_s=0.2))) == {Finding.TUNNELLED_EGRESS}
    assert does(Seen(abroad(connect_s=0.9), abroad(2, connect_s=0.2))) == set(), "congestion at the border is not"
    assert does(Seen(abroad(), abroad(1, connect_s=0.2))) == set(), "nor is one slow host"


def proxied(count: int, *, issuers: int = 2, address: str = "5.5.5.5") -> list[Walk]:
    def one(number: int) -> Walk:
        made = walk(to=f"service{number}/web", address=address)
        certificate = Certificate(f"CA {number % issuers}", "0" * 64, 4_000_000_000_000)
        steps = tuple(replace(s, certificate=certificate) if s.certificate else s for s in made.steps)
        return replace(made, steps=steps)

    return [one(number) for number in range(count)]


def test_one_address_for_everything_is_a_proxys() -> None:
    assert does(Seen(), proxied(4)) == {Finding.RESOLVER_REWRITE}
    assert does(Seen(), proxied(3)) == set(), "one front end may carry several"
    assert does(Seen(), proxied(6, issuers=1)) == set(), "so may one company"
    assert does(Seen(), [replace(each, booked=True) for each in proxied(6)]) == set()


def test_ipv6_is_broken_where_no_host_answers_over_it() -> None:
    def v6(number: int, failed: Failure | None) -> Walk:
        at = Endpoint(f"h{number}.example", 443, Transport.TCP, v6=True)
        return walk(at=at, failed=failed, step=Step.CONNECT)

    dead = [v6(number, Failure.TIMEOUT) for number in range(3)]
    assert ipv6_is_broken(dead)
    assert not ipv6_is_broken(dead[:1]), "one host is one host"
    assert not ipv6_is_broken([*dead, v6(4, None)])
    assert not ipv6_is_broken([])


def judged(house: frozenset[Finding], failed: Failure | None) -> tuple[State, tuple[Finding, ...]]:
    line = Line(foreign_seen=True, canaries=10, names_dead=False, house=house, reach=1.0)
    record = Record(target())
    for number in range(8):
        seen = walk(failed=failed, step=Step.HANDSHAKE if failed else Step.FETCH, address=f"157.240.1.{number}")
        record.add(Round("instagram/web", number, Reason.DUE, 0, (seen,)), line, 0)
    state = judge(record.evidence(line, 0, 180)).state
    return state, record.findings()


def test_what_the_house_does_makes_insufficient_and_never_broken() -> None:
    for finding in (Finding.CAPTIVE_PORTAL, Finding.CLOCK_WRONG, Finding.TUNNELLED_EGRESS, Finding.IPV6_BROKEN):
        assert judged(frozenset({finding}), Failure.TIMEOUT) == (State.INSUFFICIENT, (finding,))
    assert judged(frozenset(), Failure.TIMEOUT)[0] is State.BROKEN


def test_what_is_reached_from_another_country_says_nothing_of_this_one() -> None:
    assert judged(frozenset({Finding.TUNNELLED_EGRESS}), None)[0] is State.INSUFFICIENT
    assert judged(frozenset({Finding.CLOCK_WRONG}), None) == (State.OK, ()), "the far end proved itself all the same"
