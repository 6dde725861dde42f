"""What Alertmanager has of an alert now: whether it was handed on, to which receivers, or who or what keeps it back.

Its API v2, `GET /api/v2/alerts` (github.com/prometheus/alertmanager, api/v2/openapi.yaml). It keeps no past.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from monitor.decoding import from_json
from monitor.home.querying import Far, Unanswered

_PATIENCE_S = 10.0


class _Receiver(msgspec.Struct):
    name: str


class _Status(msgspec.Struct):
    state: str
    inhibitedBy: list[str]
    silencedBy: list[str]


class _Alert(msgspec.Struct):
    fingerprint: str
    labels: dict[str, str]
    startsAt: str
    receivers: list[_Receiver]
    status: _Status


@dataclass(frozen=True, slots=True)
class Told:
    """One alert in one Alertmanager. `state`: active, suppressed or unprocessed."""

    labels: dict[str, str]
    since: str
    state: str
    receivers: tuple[str, ...]
    muted_by: tuple[str, ...]  # alert names
    silences: tuple[str, ...]


async def told(alertmanager: Far) -> list[Told] | Unanswered:
    """All of Didban's alerts it has."""
    said = await alertmanager.ask("/api/v2/alerts", {"filter": 'product="didban"'}, _PATIENCE_S)
    if isinstance(said, Unanswered):
        return said
    try:
        found = from_json(said, type=list[_Alert])
    except msgspec.DecodeError:
        return Unanswered("it says nothing that Alertmanager would")
    names = {each.fingerprint: each.labels.get("alertname", "") for each in found}
    return [
        Told(
            labels=each.labels,
            since=each.startsAt,
            state=each.status.state,
            receivers=tuple(receiver.name for receiver in each.receivers),
            muted_by=tuple(sorted({names.get(print_, print_) for print_ in each.status.inhibitedBy})),
            silences=tuple(each.status.silencedBy),
        )
        for each in found
    ]
