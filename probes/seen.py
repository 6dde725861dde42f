"""What controls saw, as boxes inside are given it: addresses and issuers by name, and endpoints that died. Pure.

It says how many controls saw a thing and when the last of them did; which of them, and where they stand, it never says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from probes.facts import Endpoint
from probes.issuers import Signed, plain

AGREE = 2  # controls: one may stand behind somebody who lies itself
MOST = 8  # addresses of a name, and issuers

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sight:
    """How many controls saw it, and when the last of them did."""

    controls: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Name:
    """One name that authenticated.

    Attributes:
        controls: that saw it do so.
        last_ms: when the second of them last did; the only one, where there is but one.
    """

    controls: int
    last_ms: int
    addresses: Mapping[str, Sight] = field(default_factory=dict)
    issuers: Mapping[str, Sight] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Looks:
    """One endpoint over a day: how many controls reached it, and at how many it was dead while they were well."""

    reached: int = 0
    dead: int = 0

    @property
    def quarantined(self) -> bool:
        return self.dead >= AGREE and not self.reached


@dataclass(frozen=True, slots=True)
class Seen:
    """The book of some controls.

    Attributes:
        at_ms: when it was written; the oldest of them, where several were put together.
        services: service -> name -> what was seen of it.
        endpoints: full id of a target -> `words` of an endpoint -> what came of it.
    """

    at_ms: int
    controls: int = 1
    services: Mapping[str, Mapping[str, Name]] = field(default_factory=dict)
    endpoints: Mapping[str, Mapping[str, Looks]] = field(default_factory=dict)

    def names(self) -> Iterator[tuple[str, Name]]:
        """A name may stand in more than one service."""
        for names in self.services.values():
            yield from names.items()

    def addresses(self) -> dict[str, tuple[str, ...]]:
        """By name, those that most controls saw first."""
        found: defaultdict[str, dict[str, Sight]] = defaultdict(dict)
        for host, name in self.names():
            found[host].update(name.addresses)
        return {host: tuple(_best(sights)) for host, sights in found.items() if sights}

    def signed(self) -> dict[str, Signed]:
        """By name, who signs for it; of names that two controls saw."""
        issuers: defaultdict[str, set[str]] = defaultdict(set)
        looked_ms: dict[str, int] = {}
        for host, name in self.names():
            issuers[host].update(map(plain, name.issuers))
            if name.controls >= AGREE:
                looked_ms[host] = max(name.last_ms, looked_ms.get(host, 0))
        return {host: Signed(frozenset(issuers[host]), at_ms) for host, at_ms in looked_ms.items() if issuers[host]}

    def dead(self) -> dict[str, frozenset[str]]:
        """Full id of a target -> its endpoints that are to be left alone."""
        quarantined = {
            target: frozenset(words for words, looks in endpoints.items() if looks.quarantined)
            for target, endpoints in self.endpoints.items()
        }
        return {target: words for target, words in quarantined.items() if words}


def words(endpoint: Endpoint) -> str:
    """An endpoint as the book names it: `e1.whatsapp.net:443/tcp`, `... at 157.240.1.60`, `... over ip6`."""
    at = f" at {endpoint.address}" if endpoint.address and endpoint.host else ""
    return f"{endpoint}{at}{' over ip6' if endpoint.v6 and not endpoint.address else ''}"


def merged(books: Sequence[Seen]) -> Seen:
    """The books of several controls, each of one, as one."""
    services = {
        service: {host: _name(_of(host, [book.services.get(service, {}) for book in books])) for host in hosts}
        for service, hosts in _keys(book.services for book in books).items()
    }
    endpoints = {
        target: {each: _looks(_of(each, [book.endpoints.get(target, {}) for book in books])) for each in those}
        for target, those in _keys(book.endpoints for book in books).items()
    }
    return Seen(min(book.at_ms for book in books), sum(book.controls for book in books), services, endpoints)


def _keys(folders: Iterable[Mapping[str, Mapping[str, object]]]) -> dict[str, dict[str, None]]:
    """Every key of the first level with every key below it, in the order they were met."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for folder in folders:
        for key, below in folder.items():
            found[key].update(dict.fromkeys(below))
    return found


def _of(key: str, folders: Iterable[Mapping[str, T]]) -> list[T]:
    return [folder[key] for folder in folders if key in folder]


def _name(seen: Sequence[Name]) -> Name:
    lasts = sorted((each.last_ms for each in seen), reverse=True)
    return Name(
        controls=sum(each.controls for each in seen),
        last_ms=lasts[min(AGREE, len(lasts)) - 1],
        addresses=_sights([each.addresses for each in seen]),
        issuers=_sights([each.issuers for each in seen]),
    )


def _sights(folders: Sequence[Mapping[str, Sight]]) -> dict[str, Sight]:
    together = {
        key: Sight(sum(each.controls for each in sights), max(each.last_ms for each in sights))
        for key in dict.fromkeys(key for folder in folders for key in folder)
        if (sights := _of(key, folders))
    }
    return {key: together[key] for key in _best(together)[:MOST]}


def _best(sights: Mapping[str, Sight]) -> list[str]:
    """Those that most controls saw, and saw last, first."""
    return sorted(sights, key=lambda key: (-sights[key].controls, -sights[key].last_ms, key))


def _looks(of: Sequence[Looks]) -> Looks:
    return Looks(sum(each.reached for each in of), sum(each.dead for each in of))
