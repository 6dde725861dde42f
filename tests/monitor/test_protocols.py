"""Whether a protocol passes here: said only where its host answers otherwise, and where it passed once."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from monitor.meaning.evidence import Record
from monitor.meaning.line import Line
from monitor.meaning.protocols import Protocols
from probes.facts import Endpoint, Observation, Round, Spoken, Target, Walk
from probes.words import Failure, Finding, Kind, Peer, Protocol, Reason, Step, Transport
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
    before, after = Protocols({QUIC}, {("vpn/one", "a.example:1194/udp")}), Protocols()
    after.recall(before.memory())
    assert after == before
    after.recall({"worked": ["x", ["quic"], ["pigeon", "public"], 5], "passed": [["a"], 7]})
    after.recall(["what an older one kept"])
    assert after == before


# ---------------------------------------------------------------- filtered

SPOKEN = Spoken(Protocol.OPENVPN_UDP, Peer.OWN, "plain")
OK_S, SENT_AGAIN_S = 0.05, 1.06
_STEPS = (Step.RESOLVE, Step.CONNECT, Step.KNOCK)


def asked(
    of: Target, at: tuple[str, str], failed: Failure | None = None, step: Step = Step.KNOCK, at_ms: int = 0
) -> Walk:
    """A knock at (host, address), which got as far as `step`."""
    host, address = at
    endpoint = Endpoint(host, 1194, Transport.UDP)
    taken = _STEPS[: _STEPS.index(step) + 1]
    steps = tuple(Observation(each, OK_S, failed if each is step else None) for each in taken)
    return Walk(of.name, endpoint, "" if step is Step.RESOLVE else address, at_ms, Reason.DUE, steps)


class Hosts:
    """A line on which hosts are asked: by a protocol, and by plain TLS beside it. Everything passed there once."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.protocols = Protocols()
        self.line = LINE

    def add(self, name: str, *walks: Walk) -> None:
        self.records[name].add(Round(name, 0, Reason.DUE, 0, walks), self.line, 0)

    def peer(self, name: str, host: str, address: str, *, once: bool = True, spoken: Spoken = SPOKEN) -> None:
        """One that speaks the protocol, and answers by plain TLS."""
        service = name.partition("/")[0]
        spoken = replace(spoken, beside=f"{name.partition('/')[2]}-plain")
        beside = f"{service}/{spoken.beside}"
        self.records[name] = Record(replace(target(name, kind=Kind.OPENVPN), spoken=spoken))
        self.records[beside] = Record(target(beside))
        self.tls(beside, host, address)
        if once:
            self.add(name, asked(self.records[name].target, (host, address)))
            self.look()

    def tls(
        self, beside: str, host: str, address: str, *, rounds: int = 3, connect_s: float = OK_S, at_ms: int = 0
    ) -> None:
        for _ in range(rounds):
            at = Endpoint(host, 443, Transport.TCP)
            self.add(beside, walk(to=beside, at=at, address=address, connect_s=connect_s, started_ms=at_ms))

    def fails(
        self, name: str, *at: tuple[str, str], rounds: int = 3, failed: Failure = Failure.TIMEOUT, at_ms: int = 0
    ) -> None:
        of = self.records[name].target
        for _ in range(rounds):
            self.add(name, *(asked(of, each, failed=failed, at_ms=at_ms) for each in at))

    def look(self) -> frozenset[str]:
        return self.protocols.filtered(self.records.values(), self.records.get)


ONE, TWO = ("one.example", "185.65.134.10"), ("two.example", "146.70.117.98")


def two_hosts(*, once: bool = True) -> Hosts:
    """Two hosts that speak OpenVPN, both silent for three rounds."""
    line = Hosts()
    for name, at in (("vpn/one", ONE), ("own/two", TWO)):
        line.peer(name, *at, once=once)
        line.fails(name, at)
    return line


def test_a_protocol_that_is_silent_at_two_hosts_which_answer_otherwise_is_filtered() -> None:
    assert two_hosts().look() == {"vpn/one", "own/two"}


def test_a_daemon_that_died_at_one_host_is_no_filter() -> None:
    line = Hosts()
    line.peer("vpn/one", *ONE)
    line.fails("vpn/one", ONE)
    assert line.look() == set()
    line.peer("own/two", *TWO)
    assert line.look() == set(), "it passes there"


@pytest.mark.parametrize(
    "at", [(ONE[0], TWO[1]), (TWO[0], ONE[1])], ids=["two addresses of one host", "two names of one address"]
)
def test_one_host_is_one_host_however_it_is_called(at: tuple[str, str]) -> None:
    line = Hosts()
    for name, where in (("vpn/one", ONE), ("own/two", at)):
        line.peer(name, *where)
        line.fails(name, where)
    assert line.look() == set()


def test_a_host_at_which_it_never_passed_may_never_have_spoken_it() -> None:
    assert two_hosts(once=False).look() == set()
    line = Hosts()
    line.peer("vpn/one", *ONE)
    line.peer("own/two", *TWO, once=False)
    for name, at in (("vpn/one", ONE), ("own/two", TWO)):
        line.fails(name, at)
    assert line.look() == set(), "a second host set up wrongly, and a daemon that died at the first"


def test_what_passed_once_is_known_after_a_restart() -> None:
    before, after = two_hosts(), two_hosts(once=False)
    after.protocols.recall(before.protocols.memory())
    assert after.look() == {"vpn/one", "own/two"}


@pytest.mark.parametrize("failed", [Failure.CONNECTION_REFUSED, Failure.HOST_UNREACHABLE,
                                    Failure.SSL_FAILED_HANDSHAKE, Failure.KNOCK_UNEXPECTED_REPLY])  # fmt: skip
def test_a_no_of_the_host_itself_is_no_silence(failed: Failure) -> None:
    line = two_hosts()
    line.fails("own/two", TWO, rounds=1, failed=failed)
    assert line.look() == set()


@pytest.mark.parametrize("failed", [Failure.EOF, Failure.CONNECTION_ABORTED, Failure.QUIC_INCOMPATIBLE_VERSION])
def test_what_anybody_may_say_in_a_hosts_name_is_as_good_as_silence(failed: Failure) -> None:
    line = two_hosts()
    for name, at in (("vpn/one", ONE), ("own/two", TWO)):
        line.fails(name, at, failed=failed)
    assert line.look() == {"vpn/one", "own/two"}


def test_a_close_by_whoever_has_shown_who_it_is_is_its_own_word() -> None:
    line = two_hosts()
    at = Endpoint(TWO[0], 443, Transport.UDP)
    steps = (Observation(Step.KNOCK, OK_S), Observation(Step.FETCH, OK_S, Failure.CONNECTION_ABORTED))
    line.add("own/two", Walk("own/two", at, TWO[1], 0, Reason.DUE, steps))
    assert line.look() == set()


def test_two_rounds_are_too_few() -> None:
    line = Hosts()
    for name, at, rounds in (("vpn/one", ONE, 3), ("own/two", TWO, 2)):
        line.peer(name, *at)
        line.fails(name, at, rounds=rounds)
    assert line.look() == set()


def test_what_failed_in_the_dark_is_no_filter_when_tls_is_walked_again_first() -> None:
    """The first failures met a line that had just been well, as lines are when an allow-list begins; hours later it ends."""
    line = two_hosts()
    for name, at in (("vpn/one", ONE), ("own/two", TWO)):
        line.add(f"{name}-plain", walk(to=f"{name}-plain", address=at[1], failed=Failure.TIMEOUT, step=Step.CONNECT))
        line.tls(f"{name}-plain", *at, at_ms=8 * 3_600_000)
    assert line.look() == set()
    for name, at in (("vpn/one", ONE), ("own/two", TWO)):
        line.fails(name, at, rounds=2, at_ms=9 * 3_600_000)
    assert line.look() == set()
    for name, at in (("vpn/one", ONE), ("own/two", TWO)):
        line.fails(name, at, rounds=1, at_ms=9 * 3_600_000)
    assert line.look() == {"vpn/one", "own/two"}


def test_what_fails_on_a_bad_line_only_is_no_filter() -> None:
    line = Hosts()
    line.line = replace(LINE, reach=0.6)
    for name, at in (("vpn/one", ONE), ("own/two", TWO)):
        line.peer(name, *at)
        line.fails(name, at, rounds=8)
    assert line.look() == set()


def test_where_plain_tls_fails_too_it_is_the_host_or_the_line() -> None:
    line = two_hosts()
    line.add("own/two-plain", walk(to="own/two-plain", address=TWO[1], failed=Failure.TIMEOUT, step=Step.CONNECT))
    assert line.look() == set()


def test_a_line_that_loses_packets_convicts_nobody() -> None:
    """TCP says again what was lost, a datagram is said twice and that is all: by itself loss looks like a filter of UDP."""
    line = two_hosts()
    line.tls("own/two-plain", *TWO, rounds=1, connect_s=SENT_AGAIN_S)
    assert line.look() == set()
    line.tls("own/two-plain", *TWO, rounds=2)
    assert line.look() == set()
    line.tls("own/two-plain", *TWO, rounds=1)
    assert line.look() == {"vpn/one", "own/two"}


@pytest.mark.parametrize("lost", [0.05, 0.2, 0.4, 0.6])
def test_a_week_of_a_line_that_loses_convicts_nobody(lost: float) -> None:
    """A round every five minutes at two hosts; TCP says its first packet again after 1, 3 and 7 s, a knock once more."""
    line, dice, looked_filtered = Hosts(), random.Random(7), 0

    def arrives() -> bool:
        return dice.random() >= lost and dice.random() >= lost

    for name, at in (("vpn/one", ONE), ("own/two", TWO)):
        line.peer(name, *at)
    for _ in range(7 * 288):
        for name, (host, address) in (("vpn/one", ONE), ("own/two", TWO)):
            came = next((after_s for after_s in (0, 1, 3, 7) if arrives()), None)
            failed = None if came is not None else Failure.TIMEOUT
            tls = Endpoint(host, 443, Transport.TCP)
            step, connect_s = (Step.CONNECT if failed else Step.FETCH), OK_S + (came or 0)
            plain = walk(to=f"{name}-plain", at=tls, address=address, failed=failed, step=step, connect_s=connect_s)
            line.add(f"{name}-plain", plain)
            knocked = arrives() or arrives()
            said = asked(line.records[name].target, (host, address), None if knocked else Failure.TIMEOUT)
            line.add(name, said)
        looked_filtered += all(line.records[name].failed_rounds >= 3 for name in ("vpn/one", "own/two"))
        assert line.look() == set()
    assert lost < 0.4 or looked_filtered > 2, "without TLS to compare with it would have been a filter"


def test_of_one_row_with_two_hosts_only_those_count_that_answer_by_tls() -> None:
    line = Hosts()
    line.peer("protocols/quic", *ONE)
    line.add("protocols/quic", asked(line.records["protocols/quic"].target, TWO))
    line.look()
    line.fails("protocols/quic", ONE, TWO)
    assert line.look() == set()
    line.tls("protocols/quic-plain", *TWO)
    assert line.look() == {"protocols/quic"}


def test_that_a_line_has_no_ipv6_has_a_word_of_its_own() -> None:
    line = Hosts()
    for name, at in (("protocols/ip6", ONE), ("own/ip6", TWO)):
        line.peer(name, *at, spoken=Spoken(Protocol.IP6, Peer.PUBLIC, ""))
        line.fails(name, at)
    assert line.look() == set()


def test_what_is_filtered_is_a_finding_until_it_is_reached() -> None:
    line = two_hosts()
    one = line.records["vpn/one"]
    one.protocol_filtered = True
    assert one.findings() == (Finding.PROTOCOL_FILTERED,)
    line.add("vpn/one", asked(one.target, ONE))
    assert one.findings() == ()
    assert line.look() == set()


# ---------------------------------------------------------------- a service's own protocol

CHAT, PEER = "whatsapp/chat", "witness/whatsapp"
CHATS = (("e1.whatsapp.net", "157.240.1.1"), ("e2.whatsapp.net", "157.240.1.2"))
GREETING = Spoken(Protocol.WHATSAPP, Peer.OWN, "")


def greeted(*, at: tuple[tuple[str, str], ...] = CHATS, once: bool = True, peer: bool = True) -> Hosts:
    """WhatsApp's greeting is silent at WhatsApp's addresses, and at a host that is not WhatsApp's."""
    line = Hosts()
    line.records[CHAT] = Record(target(CHAT, kind=Kind.WHATSAPP))
    if once:
        line.add(CHAT, asked(line.records[CHAT].target, CHATS[0]))
    line.look()
    line.fails(CHAT, *at)
    if peer:
        line.peer(PEER, *ONE, spoken=GREETING)
        line.fails(PEER, ONE)
    return line


def test_a_greeting_that_is_silent_at_its_service_and_at_somebody_elses_is_filtered() -> None:
    assert greeted().look() == {CHAT, PEER}


def test_a_service_that_is_silent_alone_may_be_down() -> None:
    assert greeted(peer=False).look() == set()
    line = greeted(peer=False)
    line.peer(PEER, *ONE, spoken=GREETING)
    assert line.look() == set(), "the greeting passes to somebody else"


def test_a_peer_that_is_silent_alone_may_be_broken() -> None:
    line = greeted()
    line.add(CHAT, asked(line.records[CHAT].target, CHATS[1]))
    assert line.look() == set(), "the greeting passes to WhatsApp"


def test_a_service_whose_addresses_take_no_connection_is_filtered_by_address_or_down() -> None:
    line = greeted()
    chat = line.records[CHAT].target
    line.add(CHAT, asked(chat, CHATS[0], failed=Failure.TIMEOUT, step=Step.CONNECT))
    assert line.look() == set()


def test_a_name_that_did_not_resolve_says_nothing_of_the_greeting() -> None:
    line = greeted()
    line.add(CHAT, asked(line.records[CHAT].target, CHATS[0], failed=Failure.TIMEOUT, step=Step.RESOLVE))
    assert line.look() == {CHAT, PEER}


def test_one_address_of_a_service_is_too_few_and_so_is_one_that_never_passed() -> None:
    assert greeted(at=CHATS[:1]).look() == set()
    assert greeted(once=False).look() == set()


def test_an_odd_answer_of_the_service_is_no_silence() -> None:
    """As when its root key is another by now, and ours is old."""
    line = greeted()
    line.fails(CHAT, CHATS[0], rounds=1, failed=Failure.KNOCK_UNEXPECTED_REPLY)
    assert line.look() == set()


def test_a_peer_that_is_dead_says_nothing_of_the_greeting() -> None:
    line = greeted()
    beside = "witness/whatsapp-plain"
    line.add(beside, walk(to=beside, address=ONE[1], failed=Failure.TIMEOUT, step=Step.CONNECT))
    assert line.look() == set()
