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
from probes.words import Peer, Protocol

_FEWEST_ADDRESSES = 2

Key = tuple[Protocol, Peer]


@dataclass(slots=True)
class Protocols:
    """`worked`: those that ever passed on this line."""

    worked: set[Key] = field(default_factory=set)

    def up(self, fresh: Iterable[Record], beside: Callable[[str], Record | None]) -> Iterator[tuple[Key, bool]]:
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

    def filtered(self, fresh: Iterable[Record], beside: Callable[[str], Record | None]) -> frozenset[str]:
        """The targets whose protocol is filtered: it fails at two addresses that answer plain TLS, and at every other.

        That is the contract's 2x2 with a protocol in the place of the name. It counts only where the protocol once
        passed, and three straight rounds agree.
        """
        reached: set[Protocol] = set()
        failing: defaultdict[Protocol, dict[str, set[str]]] = defaultdict(dict)
        for record in fresh:
            spoken, target = record.target.spoken, record.target
            if spoken is None:
                continue
            other = beside(f"{target.service}/{spoken.beside}")
            if record.reached:
                reached.add(spoken.protocol)
            elif record.failed_rounds >= WINDOWS and other is not None and other.reached:
                addresses = {walk.address for walk in record.failed_walks() if walk.address}
                failing[spoken.protocol][target.name] = addresses
        once = {protocol for protocol, _ in self.worked}
        return frozenset(
            name
            for protocol, targets in failing.items()
            if protocol in once - reached and len(set().union(*targets.values())) >= _FEWEST_ADDRESSES
            for name in targets
        )

    def memory(self) -> list[list[str]]:
        """What a restart would forget."""
        return sorted([protocol.value, peer.value] for protocol, peer in self.worked)

    def recall(self, memory: Iterable[object]) -> None:
        known: Mapping[tuple[str, str], Key] = {(a.value, b.value): (a, b) for a in Protocol for b in Peer}
        for kept in memory:
            if isinstance(kept, list) and len(kept) == 2 and (key := known.get((kept[0], kept[1]))) is not None:
                self.worked.add(key)
