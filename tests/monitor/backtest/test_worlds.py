"""The worlds that are shipped: every one can be read, stands on sources, keeps its times, and covers the record."""

from __future__ import annotations

import datetime
import functools
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.backtest.worlds import reading
from monitor.backtest.worlds.alerts import ALERTS, Severity
from monitor.backtest.worlds.beside import SCENARIOS, country_file, noise_file
from monitor.backtest.worlds.expected import Expect, Needs
from monitor.backtest.worlds.shape import at_ms
from monitor.backtest.worlds.words import At, Precision, Set, Sort
from monitor.backtest.worlds.words import Path as On
from monitor.backtest.worlds.world import World
from probes.doors.yamlfile import read

RECORD = Path(__file__).parent / "record"
RULES = Path(reading.__file__).parents[2] / "rules"
NAMES = reading.shipped()
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000


@functools.cache
def world(name: str) -> World:
    found, mistakes = reading.load(SCENARIOS / f"{name}.yml")
    assert found is not None, "\n".join(map(str, mistakes))
    return found


def rows(path: Path, key: str) -> list[dict[str, Any]]:
    value = read(path).value
    assert isinstance(value, dict)
    found = value[key]
    assert isinstance(found, list)
    return [each for each in found if isinstance(each, dict)]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_world_can_be_read(name: str) -> None:
    found = world(name)
    assert found.name == name
    assert found.title["en"]
    assert len({each.network for each in found.controls}) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_its_times_are_utc_and_within_it(name: str) -> None:
    given = re.findall(r"\d{4}-\d{2}-\d{2}T[0-9:.+Z-]*", (SCENARIOS / f"{name}.yml").read_text())
    assert given
    assert all(re.fullmatch(r"[0-9-]{10}T[0-9]{2}:[0-9]{2}Z", each) for each in given)
    found = world(name)
    for cause in found.causes:
        assert all(found.from_ms <= span.from_ms < span.until_ms <= found.until_ms for span in cause.spans)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_expected_of_it_but_from_a_cause_while_it_stands(name: str) -> None:
    found = world(name)
    for row in found.expect:
        spans = found.cause(row.cause).spans
        if row.at is At.END:
            assert row.onset_ms in {span.until_ms for span in spans}
        else:
            assert any(span.from_ms <= row.onset_ms < span.until_ms for span in spans)
        assert row.onset_ms < row.until_ms
        if row.timed:
            cause = found.cause(row.cause)
            assert Precision.MINUTE in (cause.precision, cause.until_precision)
            assert not cause.assumed


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_assumed_or_only_remembered_says_so_where_its_source_stands(name: str) -> None:
    found = world(name)
    assert found.source
    for cause in found.causes:
        assert cause.source
        assert not cause.assumed or "assumed" in cause.source or "(memory)" in cause.source, cause.id


@pytest.mark.parametrize("name", NAMES)
def test_whoever_begins_it_finds_the_standing_blocks_of_the_country(name: str) -> None:
    found = world(name)
    for country in found.countries:
        shipped = country_file(country.country)
        assert shipped is not None
        file, _ = shipped
        assert file is not None
        then = {
            row.service
            for row in file.standing
            if (row.since_ms or 0) <= found.from_ms and (row.until_ms is None or found.from_ms < row.until_ms)
        }
        assert {each.service for each in country.standing} == then


@pytest.mark.parametrize("name", NAMES)
def test_whether_it_was_tuned_on_follows_from_its_year_and_its_name(name: str) -> None:
    """DECISIONS.md: all from 2025 on are held out; before, all of Iran is tuned, of the rest a digest decides."""
    found = world(name)
    first = re.search(r"^from: (\d{4})", (SCENARIOS / f"{name}.yml").read_text(), re.M)
    assert first is not None
    odd = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 1
    held_out = int(first[1]) >= 2025 or (odd and not name.startswith("iran-"))
    assert found.set is (Set.HELD_OUT if held_out else Set.TUNED)


def test_both_sets_have_worlds_of_every_sort() -> None:
    found = [world(name) for name in NAMES]
    assert {(each.set, each.sort) for each in found} == {(of, sort) for of in Set for sort in Sort}


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_paged_for_a_shutdown_where_there_was_none(name: str) -> None:
    found = world(name)
    loud = [row for row in found.expect if row.severity is Severity.PAGE]
    if found.sort is Sort.QUIET:
        assert not found.expect
        assert not found.causes
    if found.sort is Sort.LOOKALIKE:
        assert not {row.alert for row in loud} & {"NetworkShutdown", "CountryShutdown"}
        assert found.never, "it says what would be the wrong class"


@pytest.mark.parametrize("name", NAMES)
def test_what_may_never_come_is_neither_expected_nor_allowed(name: str) -> None:
    found = world(name)
    for never in found.never:
        said = [(row.alert, row.labels) for row in found.expect] + [(row.alert, row.labels) for row in found.allowed]
        for alert, labels in said:
            fits = all(labels.get(key, value) == value for key, value in never.labels.items())
            assert not (alert == never.alert and fits), f"{alert} {dict(labels)}"


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_is_heard_by_silence_or_by_a_line_with_another_way_home(name: str) -> None:
    """A line whose every way is cut tells nobody: who expects evidence says that it got out, live."""
    for row in world(name).expect:
        if row.alert in ("NetworkShutdown", "NetworkOutage") and row.known == "live" and row.at is At.ONSET:
            passes = world(name).cause(row.cause).passes.hub
            assert passes or row.needs.ways_out >= 1 or row.needs.landmarks
        if row.alert in ("NetworkSilent", "CountrySilent"):
            assert row.needs.ways_out == 0
            assert row.needs.lines >= 1 or row.needs.operators_silent >= 2
        if row.alert == "NetworkSilent" and row.severity is Severity.PAGE:
            assert row.needs.lines >= 2


@pytest.mark.parametrize(
    "row", rows(RECORD / "iran_2022_09.yml", "rows"), ids=lambda row: f"{row['from']} {row['who']}"
)
def test_every_row_of_september_2022_is_a_cause_with_its_precision(row: dict[str, Any]) -> None:
    found = world("iran-2022-09")
    causes = [found.cause(id) for id in row["causes"]]
    assert causes[0].precision is Precision(row["precision"])
    begins = {span.from_ms for cause in causes for span in cause.spans}
    if row["precision"] == "day":
        day_ms = at_ms(row["from"]) // _DAY_MS * _DAY_MS
        assert any(day_ms <= begin < day_ms + _DAY_MS for begin in begins)
        assert causes[0].assumed, "the hour is ours"
    else:
        assert at_ms(row["from"]) in begins
        assert not causes[0].assumed
    if "until" in row:
        assert at_ms(row["until"]) in {span.until_ms for cause in causes for span in cause.spans}


def test_exactly_four_rows_of_september_2022_know_the_minute() -> None:
    found = [row for row in rows(RECORD / "iran_2022_09.yml", "rows") if row["precision"] == "minute"]
    assert len(found) == 4
    assert len(rows(RECORD / "iran_2022_09.yml", "rows")) == 31


def test_every_cause_of_september_2022_is_in_the_record() -> None:
    told = {id for row in rows(RECORD / "iran_2022_09.yml", "rows") for id in row["causes"]}
    assert {cause.id for cause in world("iran-2022-09").causes} == told


@pytest.mark.parametrize("row", rows(RECORD / "elsewhere.yml", "rows"), ids=lambda row: f"{row['from']} {row['where']}")
def test_every_row_of_the_record_elsewhere_is_a_world(row: dict[str, Any]) -> None:
    found = world(row["scenario"])
    causes = [found.cause(id) for id in row["causes"]]
    begins = {span.from_ms for span in causes[0].spans}
    if causes[0].precision is Precision.DAY or causes[0].assumed:
        day_ms = at_ms(row["from"]) // _DAY_MS * _DAY_MS
        assert any(day_ms <= begin < day_ms + _DAY_MS for begin in begins)
    else:
        assert at_ms(row["from"]) in begins


@pytest.mark.parametrize("row", rows(RECORD / "refusals.yml", "rows"), ids=lambda row: row["who"])
def test_every_refusal_of_the_record_is_a_world(row: dict[str, Any]) -> None:
    found = world(row["scenario"])
    for id in row["causes"]:
        cause = found.cause(id)
        if found.sort is Sort.LOOKALIKE:
            assert cause.path is On.FAR_END, "the service answers, or its accounts are closed: no network does it"
            assert any(row.alert == "ServiceBlocked" for row in found.never)


def test_everything_that_looks_like_a_shutdown_and_is_not_has_a_world() -> None:
    wanted = {
        "meta-2021-10", "slack-2018-12", "github-2019-07", "docker-hub-2022-05", "google-cloud-2024-03", "legal-451",
        "rate-limits", "imo-2019-01", "iberia-2025-04", "cables-2024-03", "geo-fenced-landmarks", "broken-prober",
        "home-sinkhole", "home-vpn", "proxy-resolver", "empty-bundle", "board-of-1970", "big-packets-lost", "fresh-hub",
        "stale-catalogue", "hub-blocked", "captive-portal", "resolver-dead",
    }  # fmt: skip
    assert wanted <= set(NAMES)
    assert {name for name in wanted if world(name).sort is not Sort.LOOKALIKE} == set()


def test_every_kind_of_noise_has_quiet_weeks_and_every_figure_a_source() -> None:
    lived = {
        noise.name
        for name in NAMES
        if (found := world(name)).sort is Sort.QUIET
        for noise in (*found.noise, *(each for line in found.lines for each in line.noise))
    }
    assert lived == {path.stem for path in (SCENARIOS / "noise").glob("*.yml")}
    for name in lived:
        assert noise_file(name) is not None


def test_quiet_weeks_cross_the_change_of_clocks() -> None:
    for name in ("quiet-dst-spring", "quiet-dst-autumn", "iran-2022-09"):
        found = world(name)
        zone = ZoneInfo(found.countries[0].time_zone)
        offsets = {
            datetime.datetime.fromtimestamp(ms / 1000, zone).utcoffset() for ms in (found.from_ms, found.until_ms)
        }
        assert len(offsets) == 2, name


def test_no_network_has_a_weight_without_a_source() -> None:
    for path in (SCENARIOS / "countries").glob("*.yml"):
        shipped = country_file(path.stem.upper())
        assert shipped is not None
        file, mistakes = shipped
        assert file is not None, mistakes
        assert all((row.weight_ratio is None) is (row.weight_source is None) for row in file.networks)


def test_alerts_of_the_rules_are_alerts_that_a_world_can_expect() -> None:
    def alerts(value: Any) -> Iterator[tuple[str, str]]:
        match value:
            case {"alert": str(name), "labels": {"severity": str(severity)}}:
                yield name, severity
            case dict():
                for each in value.values():
                    yield from alerts(each)
            case list():
                for each in value:
                    yield from alerts(each)

    found = [pair for path in RULES.glob("*.yml") for pair in alerts(read(path).value)]
    assert found
    for name, severity in found:
        if name not in ("Watchdog", "DidbanDrill"):  # an exercise is no part of any world
            assert Severity(severity) in ALERTS[name].severities, name


def test_only_a_sourced_minute_is_held_against_a_delay() -> None:
    def row(precision: Precision, assumed: bool) -> Expect:
        return Expect("DidbanBlind", {}, Severity.PAGE, 0, _MINUTE_MS, precision, assumed, "x", needs=Needs())

    assert row(Precision.MINUTE, False).timed
    assert not row(Precision.MINUTE, True).timed
    assert not row(Precision.TEN_MINUTES, False).timed
    assert not row(Precision.DAY, False).timed


def test_what_hits_everybody_stands_at_the_far_end_or_at_the_hub() -> None:
    for name in NAMES:
        for cause in world(name).causes:
            where = cause.where
            if not (where.country or where.networks or where.lines or where.controls or where.regions):
                assert cause.path in (On.FAR_END, On.HUB), f"{name}: {cause.id}"
