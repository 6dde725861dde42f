"""Every query, variable and mark of every dashboard, asked of what holds the night of September 2022.

Of a real Prometheus and a real VictoriaMetrics; twice: at 18:00, as it was known during the dark, and at 23:40, when what was silent had come home. What is empty then is in
RIGHTLY_EMPTY with its reason; everything else must answer, and with what a reader can use.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from dashboards.grafana import queries
from dashboards.grafana.board import ALL
from dashboards.grafana.queries import Question
from dashboards.grafana.recorded import READ
from dashboards.grafana.words import CUT, REACHES, SAID, SILENT, VERDICTS, WELL, number
from monitor import metrics
from monitor.home.remotewrite import Labels
from tests.dashboards.grafana import september
from tests.dashboards.grafana.database import ONE_HEAD, Database, Found
from tests.dashboards.grafana.september import BACKFILLED, DARK, at_ms
from tests.monitor.home.receivers import prometheus, victoria

MCI, IRANCELL, RIGHTEL, TCI = "AS197207", "AS44244", "AS57218", "AS58224"
EVERYBODY = {"country": "IR", "network": ".*", "service": ".*", "vantage": "mci-1"}
CHOSEN = {"didban-service": {**EVERYBODY, "service": "whatsapp"}}
SPAN_MS = 5 * 3_600_000  # the time looked at
BOTH, IN_THE_DARK, AT_HOME = ("dark", "home"), ("dark",), ("home",)
Answers = Mapping[tuple[str, str, str], list[Found]]
Named = frozenset[tuple[str, str]]
Points = Mapping[tuple[Named, float], float]

OWN = "nothing of the hub, Prometheus or Alertmanager is in a replay: test_itself asks a hub that lives"
_SPEED = "this world asks nobody about speed: transfers are chosen"
_DAYS = "the replay has no day before this one: asked below, a day later"

# sums over the whole window: what ends four minutes earlier counts four minutes less
IN_MINUTES = ("Each network in this window", "Minutes cut, by hour (UTC)", "Minutes cut, by hour (local)")

# (dashboard, panel, query): in which phase it is empty, and why that is right. No query named: all of that panel
RIGHTLY_EMPTY: dict[tuple[str, str, str], tuple[tuple[str, ...], str]] = {
    ("didban-overview", "mark Late look", ""): (IN_THE_DARK, "no backlog is home"),
    ("didban-country", "mark Late look", ""): (IN_THE_DARK, "no backlog is home"),
    ("didban-service", "mark Late look", ""): (IN_THE_DARK, "no backlog is home"),
    ("didban-vantage", "mark Late look", ""): (IN_THE_DARK, "no backlog is home"),
    ("didban-incident", "mark Late look", ""): (IN_THE_DARK, "no backlog is home"),
    ("didban-incident", "Known late", ""): (IN_THE_DARK, "no backlog is home"),
    ("didban-itself", "mark Late look", ""): (BOTH, "an incident of a country is not about ourselves"),
    ("didban-overview", "Changed in the last hour", ""): (AT_HOME, "since 22:20 nothing has changed"),
    ("didban-country", "Users on networks cut off", ""): (BOTH, "nobody said how many users these networks have"),
    ("didban-country", "Watched more closely", ""): (BOTH, "nobody asked for `hub watch` in this world"),
    ("didban-country", "Reach of $network", "C"): (BOTH, "MCI has no landmarks: its subscribers stand behind a NAT"),
    ("didban-country", "How much slower", ""): (BOTH, _SPEED),
    **{("didban-country", "The same hours, day by day", ref): (BOTH, _DAYS) for ref in "BCDEFG"},
    ("didban-service", "How much slower under its name", ""): (BOTH, _SPEED),
    ("didban-vantage", "What fails now", ""): (IN_THE_DARK, "that box is silent since 15:40"),
    ("didban-vantage", "Canaries set aside", ""): (BOTH, "none was dead for a day, none answered by somebody nearer"),
    ("didban-vantage", "Lost or set aside", ""): (BOTH, "nothing was lost"),
    ("didban-vantage", "Lateness", ""): (BOTH, "not in the home set: only who scrapes the box has it"),
    ("didban-itself", "What Didban says of itself", ""): (AT_HOME, "every box is heard again"),
    **{("didban-itself", title, ""): (BOTH, OWN) for title in (
        "Batches from boxes", "Waiting for the database", "Since the database took something", "Set aside",
        "How much of their time rules take", "Rules that failed or were missed", "Series", "From rules to Alertmanager",
        "From Alertmanager to people", "From the relay to people",
    )},
}  # fmt: skip


def questions(uid: str) -> list[Question]:
    return queries.of(uid, CHOSEN.get(uid, EVERYBODY), span="5h", each={"network": MCI})


EVERY = [each for uid in ALL for each in questions(uid)]


@dataclass(frozen=True, slots=True)
class Night:
    """`answers`: by phase: first what had come by 18:00 is written and asked, then what came later."""

    database: Database
    answers: Mapping[str, Answers]

    @classmethod
    def lived(cls, base: str) -> Night:
        database, found, samples = Database(base), {}, september.samples()
        for phase, since_ms, until_ms in (("dark", 0, DARK), ("home", DARK, BACKFILLED)):
            database.write(each for each in samples if since_ms < each.came_ms <= until_ms)
            database.settle()
            found[phase] = {(each.uid, each.where, each.ref): _answer(database, each, until_ms) for each in EVERY}
        return cls(database, found)


@pytest.fixture(scope="module")
def by_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with prometheus(tmp_path_factory.mktemp("night") / "prometheus", *ONE_HEAD) as base:
        yield Night.lived(base)


@pytest.fixture(scope="module")
def by_victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with victoria(tmp_path_factory.mktemp("night") / "victoria", "-retentionPeriod=100y") as base:
        yield Night.lived(base)


@pytest.fixture(scope="module", params=("by_prometheus", "by_victoria"))
def night(request: pytest.FixtureRequest) -> Night:
    found: Night = request.getfixturevalue(request.param)
    return found


def _answer(database: Database, question: Question, until_ms: int) -> list[Found]:
    if question.now:
        return database.instant(question.expr, until_ms)
    return database.over(question.expr, until_ms - SPAN_MS, until_ms)


def _why_empty(question: Question, phase: str) -> str:
    """Nothing: it must answer."""
    for ref in (question.ref, ""):
        phases, why = RIGHTLY_EMPTY.get((question.uid, question.where, ref), ((), ""))
        if phase in phases:
            return why
    return ""


def test_the_night_is_small_and_is_made_of_what_is_sent() -> None:
    assert september.FILE.stat().st_size < 300_000
    sent = {family.name for family in metrics.FAMILIES} | {"ALERTS", "ALERTS_FOR_STATE", *READ}
    assert {dict(series)["__name__"] for series in {each.series for each in september.samples()}} <= sent


# ---------------------------------------------------------------- each of them


@pytest.mark.parametrize("phase", BOTH)
@pytest.mark.parametrize("question", EVERY, ids=str)
def test_it_answers_with_numbers_of_its_unit_under_names_that_are_whole(
    night: Night, question: Question, phase: str
) -> None:
    found = night.answers[phase][question.uid, question.where, question.ref]
    if why := _why_empty(question, phase):
        assert not found, f"no longer empty, though {why}"
        return
    assert any(each.points for each in found), question.expr
    for series in found:
        for label in re.findall(r"{{(\w+)}}", question.legend):
            told = question.where.startswith("mark") or question.uid == "didban-incident"
            assert series.labels.get(label) or told, f"a curve without its {label}"
        _assert_fits(question, series)


def _assert_fits(question: Question, series: Found) -> None:
    if question.where.startswith(("mark", "variable")):
        return
    panel = _panel(question)
    defaults = panel["fieldConfig"]["defaults"]
    numbers = {value for _, value in series.points}
    if defaults.get("mappings"):
        known = {float(number) for each in defaults["mappings"] for number in each["options"]}
        assert numbers <= known, f"drawn as nothing: {numbers - known}"
    if defaults["unit"] == "percentunit":
        assert all(0 <= value <= 1 for value in numbers), numbers
    if (
        defaults["unit"] in {"s", "dtdurations", "bytes", "Bps", "rpm", "cpm", "short"}
        and question.where != "Clock off by"
    ):
        assert min(numbers) >= 0, numbers


def _panel(question: Question) -> dict[str, Any]:
    panels: list[dict[str, Any]] = queries.document(question.uid)["panels"]
    return next(each for each in panels if each["title"] == question.where)


@pytest.mark.parametrize("phase", BOTH)
def test_a_table_shows_columns_that_its_answers_have(night: Night, phase: str) -> None:
    for uid in ALL:
        for panel in queries.document(uid)["panels"]:
            if panel["type"] != "table":
                continue
            asked = [night.answers[phase][uid, panel["title"], target["refId"]] for target in panel["targets"]]
            several = len(asked) > 1
            have = {label for found in asked for series in found for label in series.labels}
            have |= {f"Value #{chr(65 + place)}" for place in range(len(asked))} if several else {"Value"}
            wanted = set(panel["transformations"][-1]["options"]["renameByName"])
            if all(asked) and uid != "didban-overview":
                assert wanted <= have, f"{uid}: {panel['title']} lacks {wanted - have}"


def test_nothing_is_excused_that_is_not_asked() -> None:
    asked = {(each.uid, each.where, ref) for each in EVERY for ref in (each.ref, "")}
    assert set(RIGHTLY_EMPTY) <= asked


# ---------------------------------------------------------------- what they say of that night


def _of(found: list[Found], **labels: str) -> Found:
    return next(each for each in found if labels.items() <= each.labels.items())


def test_a_silent_network_is_silent_in_the_dark_and_cut_off_once_it_has_come_home(night: Night) -> None:
    dark, home = (night.answers[phase]["didban-overview", "Networks", "A"] for phase in BOTH)
    assert _of(dark, network=RIGHTEL).last == SILENT, "its only line has no other way home"
    assert _of(home, network=RIGHTEL).at(at_ms("19:00")) == CUT
    assert _of(dark, network=MCI).last == CUT, "one of its lines reports by a fixed line"
    assert _of(dark, network=TCI).last == _of(home, network=TCI).last == WELL
    assert _of(home, network=MCI).last == WELL, "over since 22:00"
    assert len(REACHES) == 4


def test_the_incident_shows_what_was_told_and_what_came_to_light_later(night: Night) -> None:
    told = {each.labels["alertname"] for each in night.answers["dark"]["didban-incident", "Told at the time", "A"]}
    assert {"NetworkShutdown", "NetworkSilent", "ServiceBlocked"} <= told
    late = night.answers["home"]["didban-incident", "Known late", "A"]
    assert {(each.labels["alert"], each.labels["network"]) for each in late} == {("NetworkShutdown", RIGHTEL)}
    minutes = "didban-incident", "Each network in this window", "A"
    assert {each.labels["network"] for each in night.answers["dark"][minutes] if each.last} == {MCI}
    cut = {each.labels["network"]: each.last for each in night.answers["home"][minutes] if each.last}
    assert all(190 <= each <= 215 for each in cut.values()), cut
    assert set(cut) == {MCI, RIGHTEL}


def test_a_block_is_a_block_and_a_cut_is_a_cut(night: Night) -> None:
    dark = night.answers["dark"]["didban-country", "What each service is, on each network", "A"]
    assert _of(dark, network=TCI, service="instagram").last == number(VERDICTS, "blocked")
    assert _of(dark, network=MCI, service="whatsapp").last == number(VERDICTS, "cut_off")
    home = night.answers["home"]["didban-country", "What each service is, on each network", "A"]
    assert _of(home, network=RIGHTEL, service="whatsapp").at(at_ms("19:00")) == number(VERDICTS, "cut_off")
    assert _of(home, network=RIGHTEL, service="whatsapp").last == number(VERDICTS, "blocked"), "still, after the dark"


def test_how_it_is_blocked_is_seen_by_step_and_proof(night: Night) -> None:
    steps = night.answers["dark"]["didban-service", "Targets that fail, by step", "A"]
    assert {"resolve", "connect"} <= {each.labels["step"] for each in steps}, "names time out, and addresses are silent"
    proof = night.answers["dark"]["didban-service", "Proof now", "A"]
    assert {each.labels["finding"] for each in proof} & {"forged_dns_answer", "name_filtered", "address_filtered"}


def test_hours_are_counted_by_both_clocks(night: Night) -> None:
    utc, local = (
        {
            int(each.labels["hour"]): each.last
            for each in night.answers["dark"]["didban-country", title, "A"]
            if each.last
        }
        for title in ("Minutes cut, by hour (UTC)", "Minutes cut, by hour (local)")
    )
    assert min(utc) == 15
    assert max(utc) in (17, 18)
    assert min(local) == 20, "15:40 UTC is 20:10 in Tehran, that summer"
    assert sum(utc.values()) == pytest.approx(sum(local.values()))


def test_the_same_hours_of_days_before_stand_below_each_other(night: Night) -> None:
    panel = [each for each in questions("didban-country") if each.where == "The same hours, day by day"]
    for days, each in enumerate(panel):
        found = night.database.over(each.expr, DARK - SPAN_MS + days * 86_400_000, DARK + days * 86_400_000)
        assert [series.at(at_ms("17:00") + days * 86_400_000) for series in found] == [0.4], (
            f"{each.legend}: two of five"
        )


def test_a_box_that_was_silent_has_a_past_once_it_is_home(night: Night) -> None:
    abroad = "didban-vantage", "Canaries", "A"
    dark, home = (_of(night.answers[phase][abroad], scope="international") for phase in BOTH)
    assert dark.at(at_ms("17:00")) is None
    assert home.at(at_ms("19:00")) == 0
    assert _of(night.answers["home"]["didban-vantage", "Waiting to go home", "A"], destination="hub").at(at_ms("21:00"))


def test_what_the_rules_recorded_is_drawn_beside_what_came_to_light_later(night: Night) -> None:
    dark, home = (night.answers[phase]["didban-service", "On each network", "A"] for phase in BOTH)
    assert _of(dark, network=RIGHTEL).at(at_ms("17:00")) is None, "its only line is silent, and no rule speaks of it"
    late = number(SAID, "cut_off, more since")
    assert _of(home, network=RIGHTEL).at(at_ms("19:00")) == late, "the late look found the cut"
    assert _of(home, network=RIGHTEL).last == _of(home, network=TCI).last == number(SAID, "blocked")
    assert _of(dark, network=MCI).last == number(SAID, "cut_off"), "by the line that has another way home"


def test_a_block_is_taken_back_where_it_came_to_light_that_the_network_was_cut_in_part(night: Night) -> None:
    dark, home = (night.answers[phase]["didban-overview", "Where services are blocked", "A"] for phase in BOTH)
    assert _of(dark, service="whatsapp").at(at_ms("17:00")) == pytest.approx(3 / 4), "of four networks that were heard"
    assert _of(home, service="whatsapp").at(at_ms("19:00")) == pytest.approx(2 / 4), "Irancell's other line was cut"
    assert _of(home, service="whatsapp").last == 1


def test_the_recorded_word_is_that_computed_anew_or_says_that_more_is_known_since(night: Night) -> None:
    recorded = night.answers["home"]["didban-service", "On each network", "A"]
    anew = night.answers["home"]["didban-incident", "Services", "A"]
    otherwise = []
    for network in (MCI, IRANCELL, RIGHTEL, TCI):
        for time in ("19:00", "20:00", "21:00", "23:00", "23:30"):
            places = [_of(recorded, network=network).at(at_ms(time))]
            places.append(_of(anew, network=network, service="whatsapp").at(at_ms(time)))
            assert None not in places, (network, time)
            said, computed = list(SAID)[int(places[0] or 0)], list(VERDICTS)[int(places[1] or 0)]
            assert said in (computed, f"{computed}, more since") or said.endswith("more since"), (network, time)
            otherwise += [(network, said, computed)] if computed not in said else []
    assert set(otherwise) == {(IRANCELL, "blocked, more since", "mixed")}, "one of its lines was silent, and is home"


# ---------------------------------------------------------------- the one beside the other


def test_both_say_the_same_but_for_some_minutes_after_somebody_fell_silent(
    by_prometheus: Night, by_victoria: Night
) -> None:
    """Who says nothing more is in VictoriaMetrics' answers for a minute, and in Prometheus's for five."""
    compared, otherwise = 0, []
    for phase, until_ms in (("dark", DARK), ("home", BACKFILLED)):
        unsettled = _unsettled(until_ms)
        for question in EVERY:
            key = question.uid, question.where, question.ref
            ours, theirs = (_flat(each.answers[phase][key]) for each in (by_prometheus, by_victoria))
            near = 5.0 if key[1] in IN_MINUTES else 1e-9
            settled = {each for each in ours.keys() | theirs.keys() if each[1] not in unsettled}
            otherwise += [(phase, key, each) for each in settled if not _alike(ours, theirs, each, near)]
            compared += len(settled)
    assert not otherwise, otherwise[:9]
    assert compared > 100_000


def _alike(ours: Points, theirs: Points, at: tuple[Named, float], near: float) -> bool:
    """The sample where a range begins is in it for Prometheus 2: what was held may end there a minute later.

    Where it would end for that one minute only, theirs dips and ours does not.
    """
    series, at_s = at
    said, either = theirs.get(at), [ours.get((series, each)) for each in (at_s, at_s + 60)]
    if said is None:
        return None in either
    if any(each is not None and math.isclose(said, each, rel_tol=1e-6, abs_tol=near) for each in either):
        return True
    beside = [(theirs.get((series, each)), ours.get((series, each))) for each in (at_s - 60, at_s + 60)]
    return (
        either[0] is not None and said < either[0] and all(mine is not None and mine == yours for mine, yours in beside)
    )


def _flat(found: list[Found]) -> Points:
    return {(frozenset(each.labels.items()), at_s): value for each in found for at_s, value in each.points}


def _unsettled(until_ms: int) -> set[float]:
    """Ten minutes from when a box falls silent, or an incident is over: panels hold what was said for five of them."""
    times: defaultdict[Labels, list[int]] = defaultdict(list)
    said = {("__name__", metrics.HEARTBEAT.name), ("__name__", metrics.INCIDENT.name)}
    for each in september.samples():
        if each.came_ms <= until_ms and not said.isdisjoint(each.series):
            times[each.series].append(each.time_ms)
    ends = [
        at
        for each in times.values()
        for at, then in itertools.pairwise([*sorted(each), until_ms + SPAN_MS])
        if then - at > 120_000
    ]
    return {at / 1000 + 60 * minute for at in ends if at < until_ms - 60_000 for minute in range(1, 11)}
