"""What the house does is told from what the country does, and neither is taken for the other."""

from __future__ import annotations

from msgspec.structs import replace

from monitor.judge import State, judge
from monitor.meaning.evidence import Record
from monitor.meaning.house import Seen, does, ipv6_is_broken
from monitor.meaning.line import Line
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


def asked(took_s: float) -> list[Walk]:
    """The operator's own resolver, as the gateway."""
    at = Endpoint("a.example", 53, Transport.UDP, "5.112.0.53")
    return [Walk("canaries/gateway-1", at, at.address, 0, Reason.DUE, (Observation(Step.RESOLVE, took_s),))]


def test_routes_that_lead_through_others_are_no_tunnel_where_the_operator_itself_is_near() -> None:
    far = abroad(2, connect_s=0.2)
    assert does(Seen(abroad(), far, gateway=asked(0.01))) == set(), "this country's networks meet abroad"
    assert does(Seen(abroad(), far, gateway=asked(0.19))) == {Finding.TUNNELLED_EGRESS}


def proxied(count: int, *, issuers: int = 2, address: str = "5.5.5.5", certificates: int = 99) -> list[Walk]:
    def one(number: int) -> Walk:
        made = walk(to=f"service{number}/web", address=address)
        certificate = Certificate(f"CA {number % issuers}", f"{number % certificates:064}", 4_000_000_000_000)
        steps = tuple(replace(s, certificate=certificate) if s.certificate else s for s in made.steps)
        return replace(made, steps=steps)

    return [one(number) for number in range(count)]


def test_one_address_for_everything_is_a_proxys() -> None:
    assert does(Seen(), proxied(4)) == {Finding.RESOLVER_REWRITE}
    for count in (1, 2, 3):
        assert does(Seen(), proxied(count)) == set(), "one front end may carry several"
    assert does(Seen(), proxied(6, certificates=3)) == set(), "several names of one certificate are one owner's"
    assert does(Seen(), proxied(6, issuers=1)) == set(), "so may one company"
    assert does(Seen(), [replace(each, booked=True) for each in proxied(6)]) == set()


def over(number: int, failed: Failure | None = None, *, v6: bool) -> Walk:
    at = Endpoint(f"h{number}.example", 443, Transport.TCP, v6=v6)
    return walk(at=at, failed=failed, step=Step.HANDSHAKE)


def test_ipv6_is_broken_where_hosts_answer_over_ipv4_alone() -> None:
    dead = [over(number, Failure.TIMEOUT, v6=True) for number in range(3)]
    alive = [over(number, v6=False) for number in range(3)]
    assert ipv6_is_broken([*dead, *alive])
    assert not ipv6_is_broken([*dead[:1], *alive]), "one host is one host"
    assert not ipv6_is_broken([*dead, *alive, over(4, v6=True)]), "it passes to somebody"
    assert not ipv6_is_broken([])


def test_names_that_fail_over_both_say_nothing_of_ipv6() -> None:
    """Instagram and WhatsApp, both blocked: their hosts are the only ones asked for over IPv6."""
    both = [over(number, Failure.TIMEOUT, v6=v6) for number in range(3) for v6 in (False, True)]
    assert not ipv6_is_broken(both)
    assert not ipv6_is_broken([*both, over(9, v6=False)]), "nor does a host that was never asked for over it"


def judged(
    house: frozenset[Finding], failed: Failure | None, spoilt: frozenset[Finding] = frozenset()
) -> tuple[State, tuple[Finding, ...]]:
    line = Line(foreign_seen=True, canaries=10, names_dead=False, house=house, spoilt=spoilt, reach=1.0)
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
    tunnelled = frozenset({Finding.TUNNELLED_EGRESS})
    assert judged(tunnelled, None, tunnelled)[0] is State.INSUFFICIENT
    portal = frozenset({Finding.CAPTIVE_PORTAL})
    assert judged(portal, None) == (State.OK, ()), "the far end proved itself all the same"
