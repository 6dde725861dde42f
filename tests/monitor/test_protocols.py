"""Whether a protocol passes here: said only where its host answers otherwise, and where it passed once."""

from __future__ import annotations

from dataclasses import replace

from monitor.evidence import Line, Record
from monitor.protocols import Protocols
from probes.facts import Round, Spoken
from probes.words import Failure, Peer, Protocol, Reason
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
