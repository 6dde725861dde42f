"""Whether controls had the chance to see who signs for a name here, and never did. Judges no certificate by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from probes.facts import Walk

_MOST = 8  # a name
_FORMS = set(
    re.findall(
        "[a-z]+", "ab ag bv co company corp corporation gmbh inc kg limited llc llp ltd nv oy plc pty sa sarl spa srl"
    )
)


def plain(organisation: str) -> str:
    """An organisation without what changes while it stays the same: `DigiCert, Inc.`, `DigiCert Inc`."""
    words = re.findall(r"\w+", organisation.casefold().replace("'", "").replace("’", ""))
    return " ".join([word for word in words if word not in _FORMS] or words)


@dataclass(frozen=True, slots=True)
class Signed:
    """What controls saw of one name.

    Attributes:
        issuers: the organisations that sign for it, as `plain` writes them.
        looked_ms: two controls or more authenticated the name then, or later.
    """

    issuers: frozenset[str]
    looked_ms: int


class Issuers:
    """Of one vantage.

    Args:
        keep_ms: how long an issuer is remembered without being met again.
        signed: by name, as controls saw it; empty where they may not be believed.
        at_ms: when that was written; a clock that stands before it is wrong, and teaches nothing.
    """

    def __init__(self, *, keep_ms: float, signed: Mapping[str, Signed] | None = None, at_ms: int = 0) -> None:
        self._keep_ms, self._signed, self._at_ms = keep_ms, signed or {}, at_ms
        self._ordinary = frozenset(issuer for each in self._signed.values() for issuer in each.issuers)
        self._met: dict[str, dict[str, tuple[int, int]]] = {}  # name -> issuer -> since when, and when last

    def learn(self, walks: Iterable[Walk], now_ms: int) -> None:
        if now_ms < self._at_ms:
            return
        for walk in walks:
            for seen in walk.steps:
                if seen.certificate is not None and walk.endpoint.host:
                    self._meet(walk.endpoint.host, plain(seen.certificate.issuer), now_ms)

    def _meet(self, host: str, issuer: str, now_ms: int) -> None:
        met = self._met.setdefault(host, {})
        since_ms, last_ms = met.get(issuer, (now_ms, now_ms))
        met[issuer] = (since_ms if 0 <= now_ms - last_ms <= self._keep_ms else now_ms, now_ms)
        for old in sorted(met, key=lambda each: met[each][1])[:-_MOST]:
            del met[old]

    def unexpected(self, host: str, organisation: str) -> bool:
        """True only where a change of the service's own is no explanation.

        Two controls authenticated the name after this vantage first met that issuer there: had the service changed,
        they would have met it too. And controls saw it sign for no other name either: what is served elsewhere in the
        world by another company is signed by one that signs for many.
        """
        issuer, signed = plain(organisation), self._signed.get(host)
        since = self._met.get(host, {}).get(issuer)
        if not issuer or signed is None or since is None or issuer in self._ordinary:
            return False
        return since[0] < signed.looked_ms

    def memory(self) -> dict[str, dict[str, tuple[int, int]]]:
        """What a restart would forget."""
        return {host: dict(met) for host, met in self._met.items()}

    def recall(self, memory: Mapping[str, Mapping[str, object]]) -> None:
        for host, met in memory.items():
            for issuer, times in met.items():
                match times:
                    case [int(since_ms), int(last_ms)]:
                        self._met.setdefault(host, {})[issuer] = (since_ms, last_ms)

    def inherit(self, before: Issuers) -> None:
        """What a reload would forget."""
        self._met = before._met
