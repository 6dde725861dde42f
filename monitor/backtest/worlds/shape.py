"""The shape of the files of a world: every key, its default and its bounds. What contradicts what is `reading.py`'s."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from monitor.backtest.worlds.alerts import Extent, Severity
from monitor.backtest.worlds.words import At, How, Known, Path, Precision, Set, Sort, Spans, Way, What
from monitor.settings import Region
from probes.doors.schema import Bytes, Country, NetworkId, Seconds, Strict, Word, network
from probes.words import Access, LandmarkKind

EACH = "each"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z")


def at_ms(given: object) -> int:
    """`2022-09-21T15:30Z` in milliseconds. Only UTC, and it says so: a local time here has cost others a night."""
    if isinstance(given, str) and _TIME.fullmatch(given):
        try:
            return round(datetime.datetime.fromisoformat(given).timestamp() * 1000)
        except ValueError:  # the 31st of February
            pass
    raise ValueError(f"must be a minute of UTC such as 2022-09-21T15:30Z, not {str(given)[:40]!r}")


Time = Annotated[int, BeforeValidator(at_ms)]
Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=1000)]
Names = tuple[Word, ...]


def each_or_network(given: str) -> str:
    return given if given == EACH else network(given)


EachOrNetwork = Annotated[str, AfterValidator(each_or_network)]


class Title(Strict):
    en: Text
    fa: Text | None = None


class NetworkRow(Strict):
    """A weight has its own source, or there is none: nobody guesses how many people a network carries."""

    network: NetworkId
    operator: Text
    access: Access
    source: Text
    weight_ratio: Share | None = None
    weight_source: Text | None = None

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if (self.weight_ratio is None) is not (self.weight_source is None):
            raise ValueError("weight_ratio and weight_source go together")
        return self


class StandingRow(Strict):
    """`since`, `until`: in a country file, from when until when; a world has what stands at its beginning."""

    service: Word
    hows: Annotated[tuple[How, ...], Field(min_length=1, alias="how")]
    source: Text
    networks: tuple[NetworkId, ...] = ()
    targets: Names = ()
    since_ms: Annotated[Time | None, Field(alias="since")] = None
    until_ms: Annotated[Time | None, Field(alias="until")] = None


class CountryRow(Strict):
    """Without `networks` those of the shipped file of that country; rows of `standing` are added to its own."""

    country: Country
    time_zone: Text | None = None
    networks: tuple[NetworkRow, ...] = ()
    standing: tuple[StandingRow, ...] = ()


class HomeRow(Strict):
    way: Way
    network: NetworkId | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.way is Way.UPLINK) is (self.network is None):
            raise ValueError("an uplink names the network it crosses, and no other way does")
        return self


class LineRow(Strict):
    """`count` lines alike, called `NAME-1` and so on; without a name, by network."""

    country: Country
    network: NetworkId | None = None
    access: Access | None = None
    name: Word | None = None
    count: Annotated[int, Field(ge=1, le=100)] = 1
    cohort: Word | None = None
    region: Region | None = None
    home: Annotated[tuple[HomeRow, ...], Field(min_length=1)] = (HomeRow(way=Way.FOREIGN),)
    noise: Names | None = None


class ControlRow(Strict):
    id: Word
    country: Country
    network: NetworkId
    noise: Names = ()


class LandmarkRow(Strict):
    country: Country
    network: NetworkId
    kind: LandmarkKind
    hosts: Annotated[int, Field(ge=1, le=100)]
    falls: bool
    answers: bool = True
    source: Text


class WhereRow(Strict):
    country: Country | None = None
    networks: tuple[NetworkId, ...] = ()
    access: Access | None = None
    regions: tuple[Region, ...] = ()
    lines: Names = ()
    controls: Names = ()
    share: Share = 1.0


class DropRow(Strict):
    what: What
    service: Word | None = None
    targets: Names = ()
    how: How | None = None
    share: Share = 1.0
    factor: Annotated[float, Field(gt=1)] | None = None
    stall_bytes: Annotated[Bytes | None, Field(alias="bytes")] = None
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    page: Word | None = None
    delay_s: Annotated[Seconds | None, Field(alias="delay")] = None
    offset_s: Annotated[float | None, Field(alias="offset_seconds")] = None


class PassesRow(Strict):
    services: Names = ()
    canaries: Ratio = 0.0
    hub: bool = False


class RepeatsRow(Strict):
    """The same again: at these times, or every so often, `times` further times; each as long as the first."""

    at: tuple[Time, ...] = ()
    every_s: Annotated[Seconds | None, Field(alias="every")] = None
    times: Annotated[int, Field(ge=1, le=400)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.every_s is None) is not (self.times is None) or bool(self.at) is (self.every_s is not None):
            raise ValueError("needs `at`, or `every` and `times`")
        return self


class CauseRow(Strict):
    id: Word
    from_ms: Annotated[Time, Field(alias="from")]
    until_ms: Annotated[Time | None, Field(alias="until")] = None
    repeats: RepeatsRow | None = None
    precision: Precision
    until_precision: Precision | None = None
    assumed: bool
    source: Text
    where: WhereRow = WhereRow()
    path: Path
    drops: Annotated[tuple[DropRow, ...], Field(min_length=1)]
    passes: PassesRow = PassesRow()
    ramp_s: Annotated[Seconds | None, Field(alias="ramp")] = None
    tail_s: Annotated[Seconds | None, Field(alias="tail")] = None
    spread_s: Annotated[Seconds | None, Field(alias="spread")] = None


class LabelsRow(Strict):
    """`each`, for network or service: one expectation for each that the cause names."""

    country: Country | None = None
    network: EachOrNetwork | None = None
    service: Word | None = None
    vantage: Word | None = None
    extent: Extent | None = None


class NeedsRow(Strict):
    lines: Count = 0
    lines_at_most: Count | None = None
    ways_out: Count = 0
    ways_out_at_most: Count | None = None
    operators: Count = 0
    operators_out: Count = 0
    operators_silent: Count = 0
    operators_silent_at_most: Count | None = None
    landmarks: bool = False
    others: Count = 0


class ExpectRow(Strict):
    """`spans`: of a repeated cause the first, every one, or all but the first."""

    alert: Text
    labels: LabelsRow = LabelsRow()
    severity: Severity
    cause: Word
    at: At = At.ONSET
    onset_ms: Annotated[Time | None, Field(alias="onset")] = None
    spans: Spans = Spans.EACH
    within_s: Annotated[Seconds | None, Field(alias="within")] = None
    precision: Precision | None = None
    assumed: bool | None = None
    known: Known = Known.LIVE
    needs: NeedsRow = NeedsRow()
    why: Text | None = None


class AllowedRow(Strict):
    alert: Text
    labels: LabelsRow = LabelsRow()
    severity: Severity | None = None
    why: Text


class WorldFile(Strict):
    """`scenario` is the name of the file. `history`: how long the hub knows these lines; `fresh: true`: not at all."""

    scenario: Word
    title: Title
    set: Set
    sort: Sort
    source: Text
    from_ms: Annotated[Time, Field(alias="from")]
    until_ms: Annotated[Time, Field(alias="until")]
    history_s: Annotated[Seconds, Field(alias="history")] = 14 * 86400.0
    fresh: bool = False
    countries: Annotated[tuple[CountryRow, ...], Field(min_length=1)]
    services: Annotated[Names, Field(min_length=1)]
    not_walked: Names = ()
    watched: tuple[Country, ...] = ()
    lines: Annotated[tuple[LineRow, ...], Field(min_length=1)]
    controls: tuple[ControlRow, ...] = ()
    landmarks: tuple[LandmarkRow, ...] = ()
    noise: Names = ()
    causes: tuple[CauseRow, ...] = ()
    expect: tuple[ExpectRow, ...] = ()
    allowed: tuple[AllowedRow, ...] = ()
    never: tuple[AllowedRow, ...] = ()
