"""What one control saw in its last days, as the book gives it to boxes inside. Pure: walks in, a book of one out.

Into it go names, addresses and issuers of services; nothing of the control, and nothing that stands inside a country:
no landmark, no domestic host, no server of the operator's own.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from probes.facts import Endpoint, Service, Target, Walk
from probes.kinds import TRAITS
from probes.seen import MOST, Looks, Name, Seen, Sight, words
from probes.seenfile import printable
from probes.words import INTERFERENCE, Reason, Scope

LOOKED_BACK_MS = 7 * 86_400_000  # addresses and issuers
_DAY_MS = 86_400_000  # that an endpoint must be dead
_SLOT_MS = 3_600_000
_QUARTERS = 4  # of that day: each must have seen a failure while this control was well
_WELL = 0.8  # of the international canaries walked within an hour; the hub's measure of a healthy control


@dataclass(slots=True)
class _Heard:
    """One name: what it was met with, and when last."""

    addresses: dict[str, int] = field(default_factory=dict)
    issuers: dict[str, int] = field(default_factory=dict)
    last_ms: int = 0

    def as_name(self) -> Name:
        return Name(1, self.last_ms, _newest(self.addresses), _newest(self.issuers))


@dataclass(slots=True)
class Sights:
    """Takes in the walks of one control, oldest first.

    Args:
        services: as it is configured to walk them.
        responder: a server of the operator's own, which is no boxes' business.
    """

    services: Iterable[Service]
    responder: str
    now_ms: int
    _targets: dict[str, Target] = field(init=False)
    _heard: defaultdict[tuple[str, str], _Heard] = field(default_factory=lambda: defaultdict(_Heard))
    _looks: defaultdict[tuple[str, Endpoint], list[tuple[int, bool]]] = field(default_factory=lambda: defaultdict(list))
    _canaries: defaultdict[int, list[bool]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._targets = {target.name: target for service in self.services for target in service.targets}

    def add(self, walk: Walk) -> None:
        target = self._targets.get(walk.target)
        if target is None or walk.reason is Reason.COMPARE or walk.started_ms > self.now_ms:
            return
        reached = walk.reached and (walk.authenticated or not TRAITS[target.kind].proves)
        if target.scope is Scope.INTERNATIONAL:
            self._canaries[walk.started_ms // _SLOT_MS].append(reached)
        if not self._may_be_told(target, walk.endpoint):
            return
        if walk.endpoint in target.endpoints and walk.started_ms > self.now_ms - _DAY_MS:
            self._looks[(target.name, walk.endpoint)].append((walk.started_ms, reached))
        proven = walk.authenticated and TRAITS[target.kind].proves and INTERFERENCE.isdisjoint(walk.findings)
        if proven and walk.endpoint.host:
            self._hear(target, walk)

    def _may_be_told(self, target: Target, endpoint: Endpoint) -> bool:
        if target.scope is not None or target.about is not None or target.secrets:
            return False
        return not self.responder or self.responder not in (endpoint.host, endpoint.address)

    def _hear(self, target: Target, walk: Walk) -> None:
        heard = self._heard[(target.service, walk.endpoint.host)]
        heard.last_ms = max(heard.last_ms, walk.started_ms)
        if walk.address and not walk.endpoint.address and _is_public(walk.address):
            heard.addresses[walk.address] = walk.started_ms
        for seen in walk.steps:
            if seen.certificate is not None and seen.certificate.issuer and "roots" not in target.options:
                heard.issuers[printable(seen.certificate.issuer)] = walk.started_ms

    def remember(self, book: object) -> None:
        """What the daemon's own good book holds beyond the spool, of names that were walked."""
        for (_, host), heard in self._heard.items():
            for address, at_ms in _known(book, host):
                if self.now_ms - LOOKED_BACK_MS <= at_ms <= self.now_ms and _is_public(address):
                    heard.addresses[address] = max(at_ms, heard.addresses.get(address, 0))

    def book(self) -> Seen:
        services: defaultdict[str, dict[str, Name]] = defaultdict(dict)
        for (service, host), heard in self._heard.items():
            services[service][host] = heard.as_name()
        endpoints: defaultdict[str, dict[str, Looks]] = defaultdict(dict)
        for (target, endpoint), looks in self._looks.items():
            reached = any(well for _, well in looks)
            endpoints[target][words(endpoint)] = Looks(int(reached), int(not reached and self._is_dead(looks)))
        return Seen(self.now_ms, 1, services, endpoints)

    def _is_dead(self, looks: Iterable[tuple[int, bool]]) -> bool:
        """Not reached for a day, in every quarter of which it was walked while this control reached abroad well."""
        began_ms = self.now_ms - _DAY_MS
        failed = {(at_ms - began_ms) * _QUARTERS // _DAY_MS for at_ms, _ in looks if self._was_well(at_ms)}
        return failed.issuperset(range(_QUARTERS))

    def _was_well(self, at_ms: int) -> bool:
        canaries = self._canaries.get(at_ms // _SLOT_MS, [])
        return bool(canaries) and sum(canaries) / len(canaries) >= _WELL


def _newest(heard: Mapping[str, int]) -> dict[str, Sight]:
    kept = sorted(heard, key=lambda key: (-heard[key], key))[:MOST]
    return {key: Sight(1, heard[key]) for key in kept}


def _known(book: object, host: str) -> Iterable[tuple[str, int]]:
    match book:
        case dict() if isinstance(known := book.get(host), dict):
            return [(str(address), at_ms) for address, at_ms in known.items() if isinstance(at_ms, int)]
    return []


def _is_public(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return ip.is_global and not ip.is_multicast
