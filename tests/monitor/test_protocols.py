"""Whether a protocol passes here: said only where its host answers otherwise, and where it passed once."""

from __future__ import annotations

from dataclasses import replace

from monitor.meaning.evidence import Line, Record
from monitor.meaning.protocols import Protocols
from probes.facts import Round, Spoken
from probes.words import Failure, Finding, Peer, Protocol, Reason, Step
from tests.monitor.facts import target, walk

QUIC = (Protocol.QUIC, Peer.PUBLIC)
LINE = Line(foreign_seen=True, canaries=10, names_dead=False, reach=1.0)


def record(name: str, failed: Failure | None, spoken: Spoken | None = None) -> Record:
    made = Record(replace(target(name), spoken=spoken))
    made.add(Round(name, 0, Reason.DUE, 0, (walk(to=name, failed=failed),)), LINE, 0)
    return made


def up(protocols: Protocols, quic: Failure | None, plain: Failure | str | None = None) -> dict[object, bool]:
    speaks = record("protocols/quic", quic, Spoken(*QUIC, "plain"))
    fresh = {"protocols/quic": speaks}
    if not isinstance(plain, str) or isinstance(plain, Failure):
        fresh["protocols/plain"] = record("protocols/plain", plain)
    return dict(protocols.up(fresh.values(), fresh.get))


def test_a_protocol_that_never_passed_here_says_nothing() -> None:
    assert up(Protocols(), Failure.TIMEOUT) == {}


def test_one_that_passed_once_is_up_or_down() -> None:
    protocols = Protocols()
    assert up(protocols, None) == {QUIC: True}
    assert up(protocols, Failure.TIMEOUT) == {QUIC: False}


def test_where_its_host_does_not_answer_at_all_it_is_the_host() -> None:
    protocols = Protocols({QUIC})
    assert up(protocols, Failure.TIMEOUT, Failure.TIMEOUT) == {}
    assert up(protocols, Failure.TIMEOUT, "not walked lately") == {}


def test_one_host_that_lets_it_pass_is_enough() -> None:
    protocols = Protocols()
    spoken = Spoken(*QUIC, "plain")
    rows = [record("protocols/a", None, spoken), record("protocols/b", Failure.TIMEOUT, spoken)]
    plain = record("protocols/plain", None)
    for order in (rows, rows[::-1]):
        assert dict(protocols.up(order, lambda name: plain)) == {QUIC: True}


def test_what_passed_outlives_a_restart_and_a_strange_memory_is_forgotten() -> None:
    before, after = Protocols({QUIC}), Protocols()
    after.recall([*before.memory(), "x", ["quic"], ["pigeon", "public"], 5])
    assert after.worked == {QUIC}


def openvpn(name: str, address: str, failed: Failure | None, rounds: int = 3) -> Record:
    made = Record(replace(target(name), spoken=Spoken(Protocol.OPENVPN_UDP, Peer.PUBLIC, "plain")))
    for number in range(rounds):
        seen = walk(to=name, failed=failed, step=Step.CONNECT if failed else Step.FETCH, address=address)
        made.add(Round(name, number, Reason.DUE, 0, (seen,)), LINE, 0)
    return made


def filtered(*rows: Record, worked: bool = True, plain: Failure | None = None) -> frozenset[str]:
    protocols = Protocols({(Protocol.OPENVPN_UDP, Peer.OWN)} if worked else set())
    return protocols.filtered(rows, lambda name: record(name, plain))


def test_a_protocol_that_fails_at_two_hosts_which_answer_otherwise_is_filtered() -> None:
    one = openvpn("vpn/one", "185.65.134.10", Failure.TIMEOUT)
    two = openvpn("vpn/two", "146.70.117.98", Failure.TIMEOUT)
    assert filtered(one, two) == {"vpn/one", "vpn/two"}
    assert filtered(one) == set(), "one host may have stopped speaking it"
    assert filtered(one, openvpn("vpn/two", "185.65.134.10", Failure.TIMEOUT)) == set(), "so may one address"
    assert filtered(one, two, worked=False) == set(), "it never passed here: it may never have been spoken there"
    assert filtered(one, two, plain=Failure.TIMEOUT) == set(), "the hosts are dead"
    assert filtered(one, openvpn("vpn/two", "146.70.117.98", Failure.TIMEOUT, rounds=2)) == set(), "too few rounds"
    assert filtered(one, two, openvpn("vpn/three", "9.9.9.9", None)) == set(), "it does pass"


def test_what_is_filtered_is_a_finding_until_it_is_reached() -> None:
    one = openvpn("vpn/one", "185.65.134.10", Failure.TIMEOUT)
    one.protocol_filtered = True
    assert one.findings() == (Finding.PROTOCOL_FILTERED,)
    assert openvpn("vpn/one", "185.65.134.10", None).findings() == ()
