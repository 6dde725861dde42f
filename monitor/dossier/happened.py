"""What was not as it should be, for a while: events with their times, lines and how sure they are, as the rules say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from dashboards.report.model import Event, Kind, Sure
from monitor.dossier import played
from monitor.dossier.played import Played, Told
from monitor.evidence.window import Window

_OF_NETWORKS = ((Kind.SHUTDOWN, played.SHUTDOWN), (Kind.OUTAGE, played.OUTAGE), (Kind.SILENCE, played.SILENCE))
_OF_SERVICES = (Kind.BLOCKED, Kind.DOWN, Kind.REFUSED)
_SOON_MS = 120_000  # two turns of a box: what is not said for so long is not said any more
_HOLE_MS, _SHORTEST_MS = 600_000, 300_000
_WELL = 0.8  # of neutral hosts abroad: above it nobody speaks of a cut (the contract's ShutdownOver)
_BEGINS_MS = 300_000  # what is so in the first minutes of the window was so before


def events(found: Played, networks: Iterable[str], window: Window) -> list[Event]:
    """In the order they began."""
    cuts = [event for each in networks for event in _cuts(found, each, window)]
    services = [event for each in networks for event in _services(found, each, window)]
    return sorted([*cuts, *services], key=lambda each: (each.from_ms, each.service, each.network))


# ---------------------------------------------------------------- whole networks


def _cuts(found: Played, network: str, window: Window) -> Iterator[Event]:
    for kind, name in _OF_NETWORKS:
        for told in found.of(name, network=network):
            for from_ms, until_ms in told.runs(window.since_ms, window.until_ms, _SOON_MS):
                yield _cut(found, kind, network, window, _onset(told, from_ms, until_ms, window), until_ms)


def _onset(told: Told, from_ms: int, until_ms: int, window: Window) -> int:
    """What the rules remember as its beginning."""
    return max(window.since_ms, min(from_ms, int(told.within(from_ms, until_ms)[0] * 1000)))


def _cut(found: Played, kind: Kind, network: str, window: Window, from_ms: int, until_ms: int) -> Event:
    """It is over for us when neutral hosts abroad answered again; the rules wait a quarter of an hour to say so."""
    reach = list(found.of(played.REACH, network=network, source="inside"))
    dark = [at_ms for each in reach for at_ms, value in _pairs(each, from_ms, until_ms) if value <= _WELL]
    ended = max(dark, default=until_ms) + played.TURN_MS
    lines = played.SILENT_LINES if kind is Kind.SILENCE else played.CUT_LINES
    sure, why = _sure_of_cut(found, kind, network, from_ms, until_ms)
    return Event(
        kind, network, "", from_ms, None if until_ms >= window.until_ms else min(ended, until_ms),
        from_ms <= window.since_ms, _most(found.of(lines, network=network), from_ms, until_ms), None, sure, why,
        low=_least(reach, from_ms, until_ms),
    )  # fmt: skip


def _sure_of_cut(found: Played, kind: Kind, network: str, from_ms: int, until_ms: int) -> tuple[Sure, str]:
    """The words of the alerts' annotations (monitor/rules/didban.yml)."""
    if kind is Kind.SHUTDOWN and _there(found.of(played.LANDMARKS, network=network), from_ms, until_ms):
        return Sure.HIGH, "landmarks"
    if kind is Kind.SHUTDOWN and _there(found.of(played.SURE, network=network), from_ms, until_ms):
        return Sure.MEDIUM, "witnesses"
    if kind is Kind.OUTAGE:
        return Sure.MEDIUM, "witnesses"
    silent = _most(found.of(played.SILENT_LINES, network=network), from_ms, until_ms) or 0
    return (Sure.MEDIUM, "together") if kind is Kind.SILENCE and silent > 1 else (Sure.LOW, "one_line")


# ---------------------------------------------------------------- services


def _services(found: Played, network: str, window: Window) -> Iterator[Event]:
    said = list(found.of(played.VERDICT, network=network))
    for kind in _OF_SERVICES:
        for told in (each for each in said if each.labels.get("verdict") == kind):
            service = told.labels.get("service", "")
            others = [e for e in said if e.labels.get("service") == service and e.labels.get("verdict") != kind]
            runs = _joined(list(told.runs(window.since_ms, window.until_ms, _HOLE_MS)), others)
            yield from (_event(found, kind, network, service, window, run) for run in runs if _long(told, run))


def _joined(runs: Sequence[tuple[int, int]], others: Iterable[Told]) -> list[tuple[int, int]]:
    """Two of them are one where nothing was said in between but that the network was cut, or that it is unclear."""
    plain = [each for each in others if each.labels.get("verdict") in ("ok", "refused", "down", "blocked")]
    found: list[tuple[int, int]] = []
    for run in runs:
        if found and sum(len(each.within(found[-1][1], run[0])) for each in plain) * played.TURN_MS < _SHORTEST_MS:
            found[-1] = (found[-1][0], run[1])
        else:
            found.append(run)
    return found


def _long(told: Told, run: tuple[int, int]) -> bool:
    return len(told.within(*run)) * played.TURN_MS >= _SHORTEST_MS


def _event(found: Played, kind: Kind, network: str, service: str, window: Window, run: tuple[int, int]) -> Event:
    from_ms, until_ms = run
    what = {"network": network, "service": service}
    sure, why = _sure_of_service(found, kind, what, from_ms, until_ms)
    lines = _most(found.of(played.VERDICT_LINES, verdict=kind.value, **what), from_ms, until_ms)
    controls = _usual(found.of(played.CONTROL_OK, service=service), from_ms, until_ms)
    return Event(
        kind, network, service, from_ms, None if until_ms >= window.until_ms - _SOON_MS else until_ms,
        from_ms <= window.since_ms + _BEGINS_MS, lines, controls, sure, why,
    )  # fmt: skip


def _sure_of_service(found: Played, kind: Kind, what: dict[str, str], from_ms: int, until_ms: int) -> tuple[Sure, str]:
    if kind is Kind.DOWN:
        return Sure.HIGH, "controls_fail"
    if kind is Kind.REFUSED:
        return Sure.MEDIUM, "says_so"
    if _there(found.of(played.PROOF, role="inside", **what), from_ms, until_ms):
        return Sure.HIGH, "lie"
    if _there(found.of(played.BLOCK_SURE, **what), from_ms, until_ms):
        return Sure.MEDIUM, "lines_agree"
    return Sure.LOW, "one_line_no_proof"


# ---------------------------------------------------------------- of series


def _pairs(told: Told, from_ms: int, until_ms: int) -> Iterator[tuple[int, float]]:
    low, high = np.searchsorted(told.times_ms, [from_ms, until_ms], "left")
    yield from zip(told.times_ms[low:high].tolist(), told.values[low:high].tolist(), strict=True)


def _there(told: Iterable[Told], from_ms: int, until_ms: int) -> bool:
    return any(len(each.within(from_ms, until_ms)) for each in told)


def _most(told: Iterable[Told], from_ms: int, until_ms: int) -> int | None:
    values = [each.within(from_ms, until_ms) for each in told]
    return max((round(float(each.max())) for each in values if len(each)), default=None)


def _least(told: Iterable[Told], from_ms: int, until_ms: int) -> float | None:
    values = [each.within(from_ms, until_ms) for each in told]
    return min((float(each.min()) for each in values if len(each)), default=None)


def _usual(told: Iterable[Told], from_ms: int, until_ms: int) -> int | None:
    """The middle of what was said."""
    values = [each.within(from_ms, until_ms) for each in told]
    every = np.concatenate(values) if values else np.empty(0)
    return round(float(np.median(every))) if len(every) else None
