"""The files beside the worlds: the networks of a country and what stood there before us, and profiles of noise."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

from pydantic import Field

from monitor.backtest.worlds.noise import Away, Bursts, Card, Evening, Noise, RateLimit
from monitor.backtest.worlds.shape import NetworkRow, Ratio, Share, StandingRow, Text
from probes.doors.schema import Country, Seconds, Strict, Word, fit
from probes.doors.yamlfile import Mistake, read

SCENARIOS = Path(__file__).parents[2] / "scenarios"


class CountryFile(Strict):
    """`monitor/scenarios/countries/IR.yml`."""

    country: Country
    time_zone: Text
    networks: Annotated[tuple[NetworkRow, ...], Field(min_length=1)]
    standing: tuple[StandingRow, ...] = ()


class BurstsRow(Strict):
    good_s: Annotated[Seconds, Field(alias="good")]
    bad_s: Annotated[Seconds, Field(alias="bad")]
    lost_good: Ratio
    lost_bad: Ratio
    in_common: Ratio = 0.0
    source: Text


class EveningRow(Strict):
    from_hour: Annotated[int, Field(ge=0, le=23)]
    until_hour: Annotated[int, Field(ge=1, le=24)]
    lost: Ratio
    delay_s: Annotated[Seconds, Field(alias="delay")]
    slower: Annotated[float, Field(ge=1)]
    source: Text


class RateLimitRow(Strict):
    service: Word
    status: Annotated[int, Field(ge=200, le=599)]
    share: Share
    source: Text


class AwayRow(Strict):
    per_week: Annotated[float, Field(gt=0, le=10_000)]
    for_s: Annotated[Seconds, Field(alias="for")]
    farewell: Ratio
    in_common: Ratio = 0.0
    source: Text


class CardRow(Strict):
    after_s: Annotated[Seconds, Field(alias="after")]
    stalls_per_day: Annotated[float, Field(gt=0, le=10_000)]
    for_s: Annotated[Seconds, Field(alias="for")]
    dead_after_s: Annotated[Seconds | None, Field(alias="dead_after")] = None
    source: Text


class NoiseFile(Strict):
    """`monitor/scenarios/noise/ordinary.yml`."""

    noise: Word
    title: Text
    bursts: BurstsRow | None = None
    evening: EveningRow | None = None
    limits: tuple[RateLimitRow, ...] = ()
    away: tuple[AwayRow, ...] = ()
    card: CardRow | None = None


@functools.cache
def country_file(code: str, folder: Path = SCENARIOS) -> tuple[CountryFile | None, tuple[Mistake, ...]] | None:
    """What is shipped of that country, or every mistake in it; None: nothing is."""
    path = folder / "countries" / f"{code.lower()}.yml"
    return fit(read(path), CountryFile) if path.is_file() else None


@functools.cache
def noise_file(name: str, folder: Path = SCENARIOS) -> tuple[Noise | None, tuple[Mistake, ...]] | None:
    """The profile of that name, or every mistake in it; None: there is none."""
    path = folder / "noise" / f"{name}.yml"
    if not path.is_file():
        return None
    file, mistakes = fit(read(path), NoiseFile)
    return (None if file is None else _noise(file)), mistakes


def _noise(file: NoiseFile) -> Noise:
    return Noise(
        name=file.noise,
        title=file.title,
        bursts=Bursts(**dict(file.bursts)) if file.bursts else None,
        evening=_evening(file.evening) if file.evening else None,
        limits=tuple(RateLimit(**dict(row)) for row in file.limits),
        away=tuple(Away(**dict(row)) for row in file.away),
        card=Card(**dict(file.card)) if file.card else None,
    )


def _evening(row: EveningRow) -> Evening:
    return Evening(row.from_hour, row.until_hour, row.lost, row.delay_s * 1000, row.slower, row.source)
