"""A regular round goes on in turn; a confirming one takes addresses that have not failed, or none."""

from __future__ import annotations

from dataclasses import replace

from monitor.beat.turns import Turns
from probes.facts import Endpoint, Observation, Round, Target, Walk
from probes.words import Failure, Kind, Reason, Step, Transport
from tests.monitor.facts import target


def done(to: Target, endpoint: Endpoint, answers: tuple[str, ...], address: str, failed: Failure | None) -> Round:
    steps = [Observation(Step.RESOLVE, 0.01, answers=answers), Observation(Step.CONNECT, 0.01, failed)]
    return Round(to.name, 1, Reason.DUE, 0, (Walk(to.name, endpoint, address, 0, Reason.DUE, tuple(steps)),))


def test_every_endpoint_has_its_turn() -> None:
    turns = Turns(target(endpoints=5, sample=2))
    hosts = [each.endpoint.host for _ in range(5) for each in turns.regular(0)]
    assert sorted(hosts) == sorted(hosts[:5] * 2)
    assert len(set(hosts[:5])) == 5


def test_each_turn_takes_the_next_address_of_a_name() -> None:
    turns = Turns(target(endpoints=2))
    assert [each.turn for _ in range(4) for each in turns.regular(0)] == [0, 0, 1, 1]


def test_a_confirming_walk_takes_another_address_and_stops_when_there_is_none() -> None:
    to = target(endpoints=1)
    turns, (endpoint,) = Turns(to), to.endpoints
    turns.note(done(to, endpoint, ("1.1.1.1", "2.2.2.2"), "1.1.1.1", Failure.TIMEOUT), 0, 90)
    assert [each.turn for each in turns.others(0)] == [1]
    turns.note(done(to, endpoint, ("1.1.1.1", "2.2.2.2"), "2.2.2.2", Failure.TIMEOUT), 0, 90)
    assert turns.others(0) == []
    turns.note(done(to, endpoint, ("1.1.1.1",), "1.1.1.1", None), 0, 90)
    assert [each.turn for each in turns.others(0)] == [0], "reached: nothing is spared any more"


def test_a_name_that_did_not_resolve_is_asked_again() -> None:
    to = target(endpoints=1)
    turns, (endpoint,) = Turns(to), to.endpoints
    steps = (Observation(Step.RESOLVE, 0.01, Failure.DNS_NXDOMAIN),)
    walk = Walk(to.name, endpoint, "", 0, Reason.DUE, steps)
    turns.note(Round(to.name, 1, Reason.DUE, 0, (walk,)), 0, 90)
    assert [each.endpoint for each in turns.others(0)] == [endpoint]


def test_an_address_spoken_to_in_another_tongue_rests() -> None:
    """On TCP 443 a protocol filter drops what is no TLS for 60 s, and each further try renews it."""
    to = replace(
        target("vpn/openvpn-tcp", kind=Kind.OPENVPN, endpoints=1),
        endpoints=(Endpoint("", 443, Transport.TCP, "1.1.1.1"),),
    )
    turns, (endpoint,) = Turns(to), to.endpoints
    steps = (Observation(Step.CONNECT, 0.01), Observation(Step.KNOCK, 0.01, Failure.TIMEOUT))
    turns.note(Round(to.name, 1, Reason.DUE, 0, (Walk(to.name, endpoint, "1.1.1.1", 0, Reason.DUE, steps),)), 100.0, 90)
    assert turns.regular(189.9) == []
    assert len(turns.regular(190.0)) == 1
