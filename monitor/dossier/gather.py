"""Puts a dossier together: from spools, through the shipped rules, to what is shown. Reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dashboards.report.model import (
    Alternative,
    Control,
    Counts,
    Dossier,
    Event,
    Evidence,
    Form,
    Method,
    Network,
    Service,
    Strip,
)
from dashboards.report.proof import Broke, Found, Proof
from monitor import __version__, judge
from monitor.dossier import grid as grids
from monitor.dossier import happened, heads, others, played, thinned, walked
from monitor.dossier.exhibits import exhibit
from monitor.dossier.grid import Grid
from monitor.dossier.named import country_title, operators, services_named
from monitor.dossier.played import Played
from monitor.dossier.walked import Walks
from monitor.evidence.export import SIMULATED, Stamped
from monitor.evidence.forms import public
from monitor.evidence.lines import Box
from monitor.evidence.progress import Progress
from monitor.evidence.window import Window
from monitor.stored.committed import Record
from monitor.telling.localtime import zone_of

_MOST_BROKE = 8  # ways to fail that are listed of one service in one network


@dataclass(frozen=True, slots=True)
class Asked:
    """`folder`: of the evidence beside the dossier. `weights`: by network, a share of users and who says so."""

    country: str
    window: Window
    form: Form
    at_ms: int
    folder: str = ""
    weights: Mapping[str, tuple[float, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything that was made out, before it is thinned or not."""

    grid: Grid
    played: Played
    events: tuple[Event, ...]
    walks: Walks
    proofs: tuple[Proof, ...]


def mine(boxes: Sequence[Box], country: str) -> list[Box]:
    """Of the country, and controls wherever they stand."""
    return [each for each in boxes if each.role != "inside" or each.country == country]


def gathered(asked: Asked, boxes: Sequence[Box], progress: Progress, stamped: Stamped) -> Dossier:
    """Raises Unusable where a spool cannot be read."""
    slot_ms = grids.slot_of(asked.window)
    window = thinned.window_of(asked.window, slot_ms) if asked.form is Form.PUBLIC else asked.window
    inside = [each for each in boxes if each.role == "inside"]
    found = _made_out(asked, boxes, inside, window, progress)
    return _public(asked, boxes, found, window, stamped, progress) if asked.form is Form.PUBLIC else _sealed(
        asked, boxes, found, window, stamped
    )  # fmt: skip


def _made_out(asked: Asked, boxes: Sequence[Box], inside: Sequence[Box], window: Window, progress: Progress) -> Whole:
    told = played.played(boxes, window, progress)
    grid = grids.grid(boxes, told, window)
    people_use = {service for _, service in grid.cells}
    every = happened.events(told, grid.lines, window)
    events = [each for each in every if not each.service or each.service in people_use]

    def source(box: Box) -> Iterable[Record]:
        timed = (each for each in box.kept.records(window.since_ms, window.until_ms) if each.between is None)
        return progress.over(timed, f"walks, {box.name}", box.kept.count(window.since_ms, window.until_ms))

    walks = walked.walks(boxes, events, window.until_ms, source)
    return Whole(grid, told, tuple(events), walks, tuple(_proofs(inside, told, events, walks, window)))


# ---------------------------------------------------------------- where and how


def _proofs(
    inside: Sequence[Box], told: Played, events: Sequence[Event], walks: Walks, window: Window
) -> Iterable[Proof]:
    picked = [each for shelf in walks.shelves.values() for each in shelf.picked()]
    opened = heads.commitments(picked, window)
    line_of = {each.identity.get("vantage", ""): each.line for each in inside}
    for (network, service), seen in walks.seen.items():
        spans = [each for each in events if (each.network, each.service) == (network, service)]
        broke = tuple(
            Broke(step, failure, count / seen.attempts, count)
            for (step, failure), count in seen.broke.most_common(_MOST_BROKE)
        )
        shown = tuple(exhibit(each, opened) for each in walks.shelves[(network, service)].picked())
        reached = seen.reached / seen.attempts if seen.attempts else None
        found = tuple(_found(told, (network, service), spans, line_of, seen, window.until_ms))
        yield Proof(service, network, seen.attempts, reached, broke, found, shown)


def _found(
    told: Played,
    key: tuple[str, str],
    spans: Sequence[Event],
    line_of: Mapping[str, str],
    seen: walked.Seen,
    until_ms: int,
) -> Iterable[Found]:
    """What the judge had in hand meanwhile, by how many lines; and in how many walks it stood itself."""
    lines: dict[str, set[str]] = {}
    for each in told.of(played.FINDING, network=key[0], service=key[1], role="inside"):
        if any(len(each.within(span.from_ms, span.until_ms or until_ms)) for span in spans):
            vantage = each.labels.get("vantage", "")
            lines.setdefault(each.labels.get("finding", ""), set()).add(line_of.get(vantage, vantage))
    met = {finding.value: count for finding, count in seen.found.items()}
    for finding in sorted({*lines, *met}, key=lambda word: (-len(lines.get(word, ())), word)):
        share = met[finding] / seen.attempts if finding in met and seen.attempts else None
        yield Found(finding, len(lines.get(finding, ())) or None, share)


# ---------------------------------------------------------------- the two forms


def _sealed(asked: Asked, boxes: Sequence[Box], found: Whole, window: Window, stamped: Stamped) -> Dossier:
    inside, controls = _split(boxes)
    lines = len({each.line for each in inside})
    counts = Counts(
        len(boxes), lines, len(found.grid.lines), len(controls), len({each.network for each in controls}),
        found.walks.written, _hours_without(found.grid),
    )  # fmt: skip
    made = others.alternatives(found.events, found.grid, found.played, found.walks, lines)
    evidence = heads.evidence(heads.heads(boxes, window, stamped), asked.folder, found.walks.written, None)
    line_counts = {network: len({e.line for e in inside if e.network == network}) for network in found.grid.lines}
    return _dossier(
        asked, window, found.grid, boxes, line_counts.get, counts=counts, events=found.events, proofs=found.proofs,
        others=tuple(made), evidence=evidence, written_ms=asked.at_ms, rules=found.played.rules,
    )  # fmt: skip


def _public(
    asked: Asked, boxes: Sequence[Box], found: Whole, window: Window, stamped: Stamped, progress: Progress
) -> Dossier:
    inside, controls = _split(boxes)
    thin = thinned.grid(found.grid, asked.at_ms)
    everybodys = services_known()
    thin.cells = {key: cells for key, cells in thin.cells.items() if key[1] in everybodys}
    events = [e for e in thinned.events(found.events, window, asked.at_ms) if not e.service or e.service in everybodys]
    rows = list(
        public.rows(
            boxes, window, asked.at_ms, public.shown(),
            lambda box, since, until: progress.over(box.kept.few_records(since, until), "shares", 0),
        )
    )  # fmt: skip
    proofs = thinned.proofs(rows, events, found.proofs, window.until_ms)
    lines, networks = {each.line for each in inside}, {each.network for each in controls}
    counts = Counts(
        None, thinned.few(len(lines)), thinned.few(len(thin.lines)), thinned.few(len(controls)),
        thinned.few(len(networks)), None, None,
    )  # fmt: skip
    made = thinned.others(others.alternatives(events, thin, found.played, found.walks, counts.lines or 0))
    whole = heads.evidence(heads.heads(boxes, window, stamped), "", None, None)
    evidence = thinned.evidence(whole)
    shown = {n: thinned.few(len({e.line for e in inside if e.network == n})) for n in thin.lines}
    return _dossier(
        asked, window, thin, boxes, shown.get, counts=counts, events=tuple(events), proofs=tuple(proofs),
        others=tuple(made), evidence=evidence, written_ms=asked.at_ms // thinned.DAY_MS * thinned.DAY_MS,
        rules=found.played.rules,
    )  # fmt: skip


def simulated(boxes: Sequence[Box]) -> str:
    """The scenario, where one of them is no box but a simulation that wrote a spool; it says so in its memory."""
    said = (each.kept.memory(SIMULATED) for each in boxes)
    return next((name for name in said if isinstance(name, str)), "")


def services_known() -> frozenset[str]:
    """Those everybody's Didban walks: one of an operator's own would name its operator."""
    return frozenset(name.partition("/")[0] for name in public.shown())


def _split(boxes: Sequence[Box]) -> tuple[list[Box], list[Box]]:
    return [b for b in boxes if b.role == "inside"], [b for b in boxes if b.role != "inside"]


def _hours_without(grid: Grid) -> int:
    """In which no line inside said anything."""
    empty = [n for n in range(len(grid.slots)) if not any(each[n] for each in grid.lines.values())]
    return round(len(empty) * grid.slot_ms / grids.HOUR_MS)


def _dossier(
    asked: Asked, window: Window, grid: Grid, boxes: Sequence[Box], lines: Callable[[str], int | None], *,
    counts: Counts, events: tuple[Event, ...], proofs: tuple[Proof, ...], others: tuple[Alternative, ...],
    evidence: Evidence,
    written_ms: int, rules: str,
) -> Dossier:  # fmt: skip
    whose, named = operators(asked.country), services_named(sorted({service for _, service in grid.cells}))
    access = {each.network: each.identity.get("access", "") for each in boxes if each.role == "inside"}
    networks = tuple(
        Network(
            n, whose.get(n, ""), access.get(n, ""), lines(n), tuple(reach), tuple(grid.outside.get(n, ())),
            *asked.weights.get(n, (None, "")),
        )
        for n, reach in grid.reach.items()
    )  # fmt: skip
    return Dossier(
        asked.form, asked.country, country_title(asked.country), zone_of(asked.country), window.since_ms,
        window.until_ms, written_ms, simulated(boxes), grid.slot_ms, counts, events, networks,
        tuple(_services(grid, named)), proofs, others, _method(boxes, rules, asked.form), evidence,
    )  # fmt: skip


def _services(grid: Grid, named: Mapping[str, Service]) -> Iterable[Service]:
    for service, known in named.items():
        strips = tuple(
            Strip(n, tuple(c.verdict for c in cells)) for (n, s), cells in grid.cells.items() if s == service
        )
        control = Control(tuple(grid.control.get(service, ())))
        yield Service(service, known.title, known.depth, known.not_seen, strips, control)


def _method(boxes: Sequence[Box], rules: str, form: Form) -> Method:
    said = [labels for each in boxes for name, labels in each.kept.series().values() if name == "didban_method_info"]
    judges = sorted({each["judge"] for each in said if "judge" in each} or {str(judge.VERSION)})
    catalogues = sorted({each["catalogue"] for each in said if "catalogue" in each})
    ticks, walks_ = (
        {each for each in found if each} for found in zip(*((b.ticks, b.walks) for b in boxes), strict=True)
    )
    bare = sum(each.walks is None for each in boxes)
    return Method(
        __version__, tuple(judges), rules, tuple(catalogues), tuple(sorted(ticks)), tuple(sorted(walks_)),
        bare if form is Form.SEALED and bare else None,
    )  # fmt: skip
