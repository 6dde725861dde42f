"""The rows of a scenario file -> a World: repeats have all their spans, every `each` its own expectation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitor.backtest.worlds.beside import CountryFile, noise_file
from monitor.backtest.worlds.draft import ids_of
from monitor.backtest.worlds.expected import Allowed, Expect, Needs
from monitor.backtest.worlds.noise import Noise
from monitor.backtest.worlds.shape import (
    EACH,
    AllowedRow,
    CauseRow,
    CountryRow,
    DropRow,
    ExpectRow,
    LabelsRow,
    LandmarkRow,
    LineRow,
    NeedsRow,
    NetworkRow,
    StandingRow,
    WhereRow,
    WorldFile,
)
from monitor.backtest.worlds.spans import spans
from monitor.backtest.worlds.words import At, Spans, Way
from monitor.backtest.worlds.world import (
    Cause,
    Control,
    Country,
    Drop,
    Home,
    Landmark,
    Line,
    Network,
    Passes,
    Span,
    Standing,
    Where,
    World,
)
from probes.words import Access

# three providers that rent to anybody, in three countries: where controls of ours would stand
_CONTROLS = (
    Control("control-de", "DE", "AS24940"),
    Control("control-fr", "FR", "AS16276"),
    Control("control-us", "US", "AS14061"),
)
_GRACE_MS = 3_600_000  # an end may be told of an hour late: `over` waits a quarter of one by itself


def world(file: WorldFile, shipped: Mapping[str, CountryFile]) -> World:
    noise = _noises(file.noise)
    countries = tuple(_country(row, shipped.get(row.country), file.from_ms) for row in file.countries)
    accesses = {each.network: each.access for country in countries for each in country.networks}
    causes = tuple(_cause(row, file.until_ms) for row in file.causes)
    by_id = {each.id: each for each in causes}
    return World(
        name=file.scenario,
        title={key: value for key, value in file.title if value is not None},
        set=file.set,
        sort=file.sort,
        source=file.source,
        from_ms=file.from_ms,
        until_ms=file.until_ms,
        history_s=0.0 if file.fresh else file.history_s,
        countries=countries,
        services=file.services,
        not_walked=file.not_walked,
        watched=file.watched,
        lines=tuple(line for row in file.lines for line in _lines(row, file, accesses, noise)),
        controls=tuple(_controls(file)),
        landmarks=tuple(
            Landmark(row.country, row.network, row.kind, row.hosts, row.falls, row.answers) for row in file.landmarks
        ),
        noise=noise,
        causes=causes,
        expect=tuple(
            sorted(
                (each for row in file.expect for each in _expected(row, by_id[row.cause], countries)),
                key=lambda each: (each.onset_ms, each.alert),
            )
        ),
        allowed=tuple(_allowed(row) for row in file.allowed),
        never=tuple(_allowed(row) for row in file.never),
    )


def _country(row: CountryRow, shipped: CountryFile | None, at_ms: int) -> Country:
    standing = (*(_standing_at(shipped.standing, at_ms) if shipped else ()), *row.standing)
    networks = row.networks or (shipped.networks if shipped else ())
    return Country(
        row.country,
        row.time_zone or (shipped.time_zone if shipped else "UTC"),
        tuple(_network(each) for each in networks),
        tuple(Standing(each.service, each.hows, each.source, each.networks, each.targets) for each in standing),
    )


def _network(row: NetworkRow) -> Network:
    return Network(row.network, row.operator, row.access, row.source, row.weight_ratio, row.weight_source or "")


def _standing_at(rows: tuple[StandingRow, ...], at_ms: int) -> Iterator[StandingRow]:
    for row in rows:
        if (row.since_ms is None or row.since_ms <= at_ms) and (row.until_ms is None or at_ms < row.until_ms):
            yield row


def _lines(row: LineRow, file: WorldFile, accesses: Mapping[str, Access], noise: tuple[Noise, ...]) -> Iterator[Line]:
    access = row.access or accesses.get(row.network or "", Access.FIXED)
    for id in ids_of(row, list(file.lines)):
        yield Line(
            id=id,
            country=row.country,
            network=row.network or "",
            access=access,
            home=tuple(Home(each.way, _crossed(each.way, each.network, row)) for each in row.home),
            cohort=row.cohort or "",
            region=row.region or "",
            noise=noise if row.noise is None else _noises(row.noise),
        )


def _crossed(way: Way, named: str | None, row: LineRow) -> str:
    """Whose foreign path it crosses."""
    return "" if way is Way.SATELLITE else named or row.network or ""


def _controls(file: WorldFile) -> Iterator[Control]:
    if not file.controls:
        yield from _CONTROLS
    for row in file.controls:
        yield Control(row.id, row.country, row.network, _noises(row.noise))


def _landmark(row: LandmarkRow) -> Landmark:
    return Landmark(row.country, row.network, row.kind, row.hosts, row.falls, row.answers)


def _noises(names: tuple[str, ...]) -> tuple[Noise, ...]:
    found = (noise_file(name) for name in names)
    return tuple(noise for each in found if each is not None and (noise := each[0]) is not None)


def _cause(row: CauseRow, until_ms: int) -> Cause:
    return Cause(
        id=row.id,
        spans=spans(row, until_ms),
        precision=row.precision,
        until_precision=row.until_precision or row.precision,
        assumed=row.assumed,
        source=row.source,
        where=_where(row.where),
        path=row.path,
        drops=tuple(_drop(each) for each in row.drops),
        passes=Passes(row.passes.services, row.passes.canaries, row.passes.hub),
        ramp_s=row.ramp_s or 0.0,
        tail_s=row.tail_s or 0.0,
        spread_s=row.spread_s or 0.0,
    )


def _where(row: WhereRow) -> Where:
    return Where(row.country or "", row.networks, row.access, row.regions, row.lines, row.controls, row.share)


def _drop(row: DropRow) -> Drop:
    return Drop(
        what=row.what,
        service=row.service or "",
        targets=row.targets,
        how=row.how,
        share=row.share,
        factor=row.factor or 1.0,
        stall_bytes=row.stall_bytes or 0,
        status=row.status or 0,
        page=row.page or "",
        delay_ms=(row.delay_s or 0.0) * 1000,
        offset_s=row.offset_s or 0.0,
    )


def _expected(row: ExpectRow, cause: Cause, countries: tuple[Country, ...]) -> Iterator[Expect]:
    """One for each span, network and service that it stands for."""
    networks = _touched(cause.where, countries) if row.labels.network == EACH else (row.labels.network,)
    named = tuple(dict.fromkeys(drop.service for drop in cause.drops if drop.service))
    services = named if row.labels.service == EACH else (row.labels.service,)
    for span in _spans(row, cause):
        onset_ms = row.onset_ms if row.onset_ms is not None else (span.until_ms if row.at is At.END else span.from_ms)
        precision = cause.until_precision if row.at is At.END else cause.precision
        for network in networks:
            for service in services:
                yield Expect(
                    alert=row.alert,
                    labels=_labels(row.labels, network, service),
                    severity=row.severity,
                    onset_ms=onset_ms,
                    until_ms=_until_ms(row, onset_ms, span),
                    precision=row.precision or precision,
                    assumed=cause.assumed if row.assumed is None else row.assumed,
                    cause=row.cause,
                    at=row.at,
                    known=row.known,
                    needs=_needs(row.needs),
                    why=row.why or "",
                )


def _touched(where: Where, countries: tuple[Country, ...]) -> tuple[str, ...]:
    """Those it names, else all of its country of that kind, whether or not a line of ours stands there."""
    if where.networks:
        return where.networks
    return tuple(
        each.network
        for country in countries
        if country.country == where.country
        for each in country.networks
        if where.access in (None, each.access)
    )


def _spans(row: ExpectRow, cause: Cause) -> tuple[Span, ...]:
    if row.onset_ms is not None:
        at_ms = row.onset_ms
        return tuple(span for span in cause.spans if span.from_ms <= at_ms <= span.until_ms)[-1:]
    match row.spans:
        case Spans.FIRST:
            return cause.spans[:1]
        case Spans.LATER:
            return cause.spans[1:]
    return cause.spans


def _until_ms(row: ExpectRow, onset_ms: int, span: Span) -> int:
    if row.within_s is not None:
        return onset_ms + round(row.within_s * 1000)
    return onset_ms + _GRACE_MS if row.at is At.END else span.until_ms


def _labels(row: LabelsRow, network: str | None, service: str | None) -> dict[str, str]:
    given = {
        "country": row.country,
        "network": network,
        "service": service,
        "vantage": row.vantage,
        "extent": row.extent,
    }
    return {key: str(value) for key, value in given.items() if value is not None}


def _needs(row: NeedsRow) -> Needs:
    return Needs(**dict(row))


def _allowed(row: AllowedRow) -> Allowed:
    return Allowed(row.alert, _labels(row.labels, row.labels.network, row.labels.service), row.severity, row.why)
