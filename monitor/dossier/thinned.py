"""The public form: the same, coarse and late enough that it finds no household. The rules are those of `public.py`.

Ten minutes are said of what three lines agree on; of the rest whole hours, a day later. Shares are to a tenth. Every
count is `three or more`, or is not said. Nothing depends on more of the window than the hour it stands in: the
difference between two such reports says nothing either of them does not say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urlsplit

from dashboards.report.model import Alternative as Other
from dashboards.report.model import Event, Evidence, Kind, SeenDay, Sure
from dashboards.report.proof import Broke, Found, Proof
from monitor.dossier.grid import HOUR_MS, NOTHING, SLOT_MS, Cell, Grid
from monitor.evidence.forms import public
from monitor.evidence.forms.public import Row
from monitor.evidence.window import Window
from probes.words import LOCAL, Finding

S = TypeVar("S")
T = TypeVar("T")

DAY_MS = 86_400_000
FEWEST = 3
_HIDDEN = "few_lines"
_PROVEN = "lie"
_OF_A_HOME = LOCAL | {Finding.IPV6_BROKEN}


def few(count: int | None) -> int | None:
    """Three, where there are as many or more."""
    return FEWEST if count is not None and count >= FEWEST else None


def window_of(window: Window, slot_ms: int) -> Window:
    """Whole slots, inward: half of one would say when somebody asked."""
    return Window(-(-window.since_ms // slot_ms) * slot_ms, window.until_ms // slot_ms * slot_ms)


# ---------------------------------------------------------------- by slot


def grid(whole: Grid, now_ms: int) -> Grid:
    made = Grid(whole.since_ms, whole.until_ms, whole.slot_ms)
    for network, reach in whole.reach.items():
        agreed = [count >= FEWEST for count in whole.lines[network]]
        coarse = _by_hour(whole, now_ms, reach, _mean)
        made.reach[network] = [_tenth(reach[n]) if agreed[n] else coarse[n] for n in range(len(reach))]
        made.lines[network] = [few(count) or 0 for count in whole.lines[network]]
    for network, seen in whole.outside.items():  # by controls: of nobody's home
        made.outside[network] = [_tenth(each) for each in seen]
    for key, cells in whole.cells.items():
        hours = _by_hour(whole, now_ms, cells, _usual)
        made.cells[key] = [
            Cell(cell.verdict, FEWEST) if cell.lines >= FEWEST else Cell(hours[n] or "", 0)
            for n, cell in enumerate(cells)
        ]
    for service, share in whole.control.items():
        networks = whole.control_networks[service]
        abroad = _by_hour(whole, now_ms, share, _mean)
        made.control[service] = [_tenth(each) if networks[n] >= FEWEST else abroad[n] for n, each in enumerate(share)]
        made.control_networks[service] = [few(each) or 0 for each in networks]
    return made


def _by_hour(whole: Grid, now_ms: int, values: Sequence[S], of: Callable[[list[S]], T]) -> list[T | None]:
    """Of each slot what its whole hour says, once that is a day old and wholly in the window."""
    length_ms = max(HOUR_MS, whole.slot_ms)
    found: list[T | None] = []
    for at_ms in whole.slots:
        hour_ms = at_ms // length_ms * length_ms
        old = hour_ms + length_ms + DAY_MS <= now_ms
        known = old and hour_ms >= whole.since_ms and hour_ms + length_ms <= whole.until_ms
        slots = range(hour_ms, hour_ms + length_ms, whole.slot_ms)
        found.append(of([values[whole.at(each)] for each in slots]) if known else None)
    return found


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _tenth(sum(known) / len(known)) if known else None


def _tenth(value: float | None) -> float | None:
    return round(value, 1) if value is not None else None


def _usual(cells: Iterable[Cell]) -> str:
    said = Counter(cell.verdict for cell in cells if cell != NOTHING)
    return max(said, key=lambda word: (said[word], word != "ok", word)) if said else ""


# ---------------------------------------------------------------- events


def events(whole: Sequence[Event], window: Window, now_ms: int) -> list[Event]:
    """Rounded outward; what fewer than three lines showed is of whole hours, and said a day after it was over."""
    found = [_rounded(each, window, now_ms) for each in whole]
    return sorted((each for each in found if each), key=lambda each: (each.from_ms, each.service, each.network))


def _rounded(event: Event, window: Window, now_ms: int) -> Event | None:
    agreed = few(event.lines) is not None
    step_ms = SLOT_MS if agreed else HOUR_MS
    end_ms = event.until_ms or window.until_ms
    if not agreed and end_ms + DAY_MS > now_ms // HOUR_MS * HOUR_MS:
        return None
    until_ms = -(-event.until_ms // step_ms) * step_ms if event.until_ms is not None else None
    sure, why = (event.sure, event.why_sure) if agreed else _hidden(event)
    return replace(
        event, from_ms=max(window.since_ms, event.from_ms // step_ms * step_ms), until_ms=until_ms,
        lines=few(event.lines), controls=few(event.controls), sure=sure, why_sure=why, fine=agreed,
        low=_tenth(event.low),
    )  # fmt: skip


def _hidden(event: Event) -> tuple[Sure, str]:
    """One line or two is not said; that a lie was seen, or that controls fail, is about no line."""
    if event.why_sure == _PROVEN or event.kind is Kind.DOWN:
        return event.sure, event.why_sure
    return Sure.LOW, _HIDDEN


# ---------------------------------------------------------------- proof


def proofs(rows: Sequence[Row], shown: Sequence[Event], found: Iterable[Proof], until_ms: int) -> list[Proof]:
    """Of the shares that may be shown to everybody; no exhibit."""
    settled = {(each.network, each.service): each.found for each in found}
    keys = dict.fromkeys((each.network, each.service) for each in shown if each.service)
    return [
        _proof(key, rows, [e for e in shown if (e.network, e.service) == key], settled.get(key, ()), until_ms)
        for key in keys
    ]


def _proof(
    key: tuple[str, str], rows: Sequence[Row], spans: Sequence[Event], settled: Iterable[Found], until_ms: int
) -> Proof:
    network, service = key
    mine = [
        row
        for row in rows
        if row.place.network == network and row.place.role == "inside" and row.place.target.partition("/")[0] == service
        and any(each.from_ms <= row.at_ms < (each.until_ms or until_ms) for each in spans)
    ]  # fmt: skip
    hours = {(row.at_ms, row.minutes, row.place.target) for row in mine}
    whole = max((row.minutes for row in mine), default=0)  # an hour where there is one, else what ten minutes say
    cells = sum(minutes == whole for _, minutes, _ in hours)
    shares: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    for row in mine:
        if row.minutes == whole:
            shares[(row.outcome.kind, row.outcome.step, row.outcome.failure)] += row.share / cells
    broke = [
        Broke(step, failure, round(share, 1), None)
        for (kind, step, failure), share in shares.items()
        if kind == public.FAILED
    ]
    reached = round(shares[(public.OK, "", "")], 1) if cells else None
    return Proof(
        service,
        network,
        None,
        reached,
        tuple(sorted((b for b in broke if b.share), key=lambda b: -b.share)),
        tuple(_found(settled, shares)),
    )


def _found(settled: Iterable[Found], shares: Mapping[tuple[str, str, str], float]) -> Iterator[Found]:
    """What is a matter of one home is not said."""
    for each in settled:
        if each.finding not in _OF_A_HOME:
            share = round(shares.get((public.FOUND, "", each.finding), 0.0), 1) or None
            yield Found(each.finding, few(each.lines), share)


def evidence(whole: Evidence) -> Evidence:
    """The root, the days, and hosts of authorities that saw every head of a day: no head, no box, no time."""
    seen = tuple(SeenDay(each.day, tuple(sorted({_host(url) for url in each.authorities}))) for each in whole.seen)
    hosts = tuple(sorted({host for each in seen for host in each.authorities}))
    return Evidence(whole.root, (), "", None, None, whole.days, whole.stamped_days, hosts, seen)


def _host(url: str) -> str:
    """A name and a password may stand before it, and whose it is behind it."""
    return urlsplit(url).hostname or "–"


def others(whole: Iterable[Other]) -> list[Other]:
    """Without their numbers: those would be of the whole window."""
    return [Other(each.key, each.holds, {}) for each in whole]
