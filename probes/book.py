"""The good book: addresses at which a name proved itself lately. An address nobody authenticated never enters it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from probes.facts import Walk
from probes.issuers import Issuers

_MOST = 8  # a name


class Book:
    """Of one vantage.

    Args:
        keep_ms: how long an address is believed in without proving itself again: addresses rotate.
        shipped: name -> addresses at which controls saw it authenticate (`book:`); believed last.
        issuers: who signs for the names, which the same walks teach.
    """

    def __init__(
        self,
        *,
        keep_ms: float,
        shipped: Mapping[str, tuple[str, ...]] | None = None,
        issuers: Issuers | None = None,
    ) -> None:
        self._keep_ms, self._shipped = keep_ms, shipped or {}
        self.issuers = issuers or Issuers(keep_ms=keep_ms)
        self._seen: dict[str, dict[str, int]] = {}  # name -> address -> when it last proved itself
        self._now_ms = 0

    def learn(self, walks: Iterable[Walk], now_ms: int) -> None:
        self._now_ms, walks = now_ms, list(walks)
        self.issuers.learn(walks, now_ms)
        for walk in walks:
            if walk.authenticated and walk.address and walk.endpoint.host:
                known = self._seen.setdefault(walk.endpoint.host, {})
                known[walk.address] = now_ms
                for old in sorted(known, key=known.__getitem__)[:-_MOST]:
                    del known[old]

    def addresses(self, host: str, v6: bool) -> tuple[str, ...]:
        """Of that family, those that proved themselves last first."""
        known = self._seen.get(host, {})
        lately = [a for a in sorted(known, key=known.__getitem__, reverse=True) if self._is_good(known[a])]
        together = dict.fromkeys([*lately, *self._shipped.get(host, ())])
        return tuple(address for address in together if (":" in address) is v6)

    def _is_good(self, seen_ms: int) -> bool:
        return self._now_ms - seen_ms <= self._keep_ms

    def memory(self) -> dict[str, dict[str, int]]:
        """What a restart would forget."""
        return {host: dict(known) for host, known in self._seen.items()}

    def recall(self, memory: Mapping[str, Mapping[str, object]]) -> None:
        for host, known in memory.items():
            self._seen[host] = {address: at for address, at in known.items() if isinstance(at, int)}

    def inherit(self, before: Book) -> None:
        """What a reload would forget."""
        self._seen, self._now_ms = before._seen, before._now_ms
        self.issuers.inherit(before.issuers)
