"""Whether a protocol passes on this line, against hosts that are no watched service. Pure; says nothing of hosts.

A protocol that never worked here says nothing: absent, not 0. Nor does one fail whose host does not answer by plain TLS
over IPv4 either: that is the host, or the line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from monitor.meaning.cause import WINDOWS
from monitor.meaning.evidence import Record
from probes.facts import Target, Walk
from probes.words import Failure, Kind, Peer, Protocol, Step

_FEWEST_ADDRESSES = 2
_SILENCED = frozenset({Failure.TIMEOUT, Failure.CONNECTION_RESET})  # a refusal or an odd answer is the host's own word
# nor is this, as long as the host has not shown who it is: none of it is signed
_SAID_BY_ANYBODY = frozenset({Failure.EOF, Failure.CONNECTION_ABORTED, Failure.QUIC_INCOMPATIBLE_VERSION})
_OWN_WORD = frozenset({Protocol.IP6})  # a line without it is `ipv6_broken`
_SPOKEN_BY_SERVICES: Mapping[Kind, Protocol] = {Kind.WHATSAPP: Protocol.WHATSAPP}

Key = tuple[Protocol, Peer]
Beside = Callable[[str], Record | None]


@dataclass(frozen=True, slots=True)
class Silence:
    """A protocol met with silence at a host that answers otherwise. `watched`: it is the protocol's own service."""

    target: str
    host: str
    address: str
    watched: bool

    def apart(self, other: Silence) -> bool:
        return self.host != other.host and self.address != other.address


@dataclass(slots=True)
class Protocols:
    """`worked`: those that ever passed on this line; `passed`: at which endpoint of which target."""

    worked: set[Key] = field(default_factory=set)
    passed: set[tuple[str, str]] = field(default_factory=set)

    def up(self, fresh: Iterable[Record], beside: Beside) -> Iterator[tuple[Key, bool]]:
        """Every protocol of which something can be said now.

        Args:
            fresh: the records of targets that were walked lately.
            beside: the fresh record of a target by its name.
        """
        passed: dict[Key, bool] = {}
        for record in fresh:
            spoken = record.target.spoken
            if spoken is None:
                continue
            key = (spoken.protocol, spoken.peer)
            if record.reached:
                passed[key] = True
                self.worked.add(key)
            elif (other := beside(f"{record.target.service}/{spoken.beside}")) is not None and other.reached:
                passed.setdefault(key, False)
        return ((key, up) for key, up in sorted(passed.items()) if key in self.worked)

    def filtered(self, fresh: Iterable[Record], beside: Beside) -> frozenset[str]:
        """The targets whose protocol is filtered: silenced at two hosts that answer otherwise, and reached at none.

        That is the contract's 2x2 with a protocol in the place of the name. A host counts where the protocol passed
        once, plain TLS to the same host passed three straight times without a packet lost on the way to it (a datagram
        that a bad line lost is not said again as TCP's are), and three rounds of the protocol on a line that was well
        failed since: of what failed in the dark TLS is walked again first, and that is no comparison. One of the two
        must be no watched service; the other may be the service whose own protocol it is, where its addresses take
        connections.
        """
        reached: set[Protocol] = set()
        silent: defaultdict[Protocol, list[Silence]] = defaultdict(list)
        for record in fresh:
            protocol = _protocol(record.target)
            if protocol is None or protocol in _OWN_WORD:
                continue
            self._learn(record)
            if record.reached:
                reached.add(protocol)
            else:
                silent[protocol] += self._silences(record, beside)
        return frozenset(
            each.target
            for protocol, found in silent.items()
            if protocol not in reached and _at_two_hosts(found)
            for each in found
        )

    def _learn(self, record: Record) -> None:
        walks = record.latest.values()
        proven = (each for each in walks if each.reached and each.authenticated)
        self.passed |= {(record.target.name, str(each.endpoint)) for each in proven}

    def _silences(self, record: Record, beside: Beside) -> list[Silence]:
        """Where it was met with silence, round after round; nothing if anything else came in between."""
        target = record.target
        walks = [walk for walk in record.failed_walks() if walk.address]
        if record.well.rounds < WINDOWS or not all(map(_is_silenced, walks)):
            return []
        if target.spoken is None:
            return [*self._of_service(target, walks)]
        other = beside(f"{target.service}/{target.spoken.beside}")
        if other is None or _failed_since(other.clean_since_ms, record) < WINDOWS:
            return []
        alive = _answering(other)
        return [
            Silence(target.name, _host(walk), walk.address, watched=False)
            for walk in walks
            if _host(walk) in alive and (target.name, str(walk.endpoint)) in self.passed
        ]

    def _of_service(self, target: Target, walks: Iterable[Walk]) -> Iterator[Silence]:
        """Of a service that was reached here once: every connection was taken, and what was said in it met silence."""
        found = [Silence(target.name, _host(walk), walk.address, watched=True) for walk in walks]
        taken = all(walk.last.step is Step.KNOCK for walk in walks)
        once = any(name == target.name for name, _ in self.passed)
        if taken and once and len({each.address for each in found}) >= _FEWEST_ADDRESSES:
            yield from found

    # ---------------------------------------------------------------- over a restart

    def memory(self) -> dict[str, list[list[str]]]:
        """What a restart would forget."""
        worked = sorted([protocol.value, peer.value] for protocol, peer in self.worked)
        return {"worked": worked, "passed": sorted([name, endpoint] for name, endpoint in self.passed)}

    def recall(self, memory: object) -> None:
        known: Mapping[tuple[str, str], Key] = {(a.value, b.value): (a, b) for a in Protocol for b in Peer}
        match memory:
            case {"worked": worked, "passed": passed}:
                self.worked |= {known[pair] for pair in _pairs(worked) if pair in known}
                self.passed |= set(_pairs(passed))


def _protocol(target: Target) -> Protocol | None:
    """What is spoken with it that others may speak as well."""
    return target.spoken.protocol if target.spoken is not None else _SPOKEN_BY_SERVICES.get(target.kind)


def _is_silenced(walk: Walk) -> bool:
    failure = walk.last.failure
    return failure in _SILENCED or (failure in _SAID_BY_ANYBODY and not walk.authenticated)


def _host(walk: Walk) -> str:
    return walk.endpoint.host or walk.address


def _answering(other: Record) -> frozenset[str]:
    """The hosts that answer by plain TLS, on a line that loses nothing on the way there."""
    if other.clean_rounds < WINDOWS:
        return frozenset()
    return frozenset(_host(walk) for walk in other.latest.values() if walk.reached)


def _failed_since(since_ms: int, record: Record) -> int:
    """How many rounds; as far as they are remembered."""
    return sum(done.walks[0].started_ms >= since_ms for done in record.failed)


def _at_two_hosts(found: Iterable[Silence]) -> bool:
    """Two names for one host are one host, and so are two of its addresses."""
    every = tuple(found)
    return any(one.apart(two) for one in every if not one.watched for two in every)


def _pairs(kept: object) -> Iterator[tuple[str, str]]:
    for pair in kept if isinstance(kept, list) else ():
        match pair:
            case [str(first), str(second)]:
                yield first, second
