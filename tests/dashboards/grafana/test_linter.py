"""The rules of Grafana's dashboard-linter, restated, and our own: what every dashboard and every panel must have.

The linter's seventeen rules as of 2024 (github.com/grafana/dashboard-linter, lint/rules.go and docs/rules): each test names
those it stands for. Four do not fit: dashboards/grafana/.lint says so to the linter itself, with the reason.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dashboards import grafana
from dashboards.grafana import queries
from dashboards.grafana.__main__ import MADE, rendered
from dashboards.grafana.board import ALL
from dashboards.grafana.recorded import READ
from dashboards.palette import SEVERITIES, STATES, VERDICTS
from monitor import metrics

HERE = Path(grafana.__file__).parent
BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in grafana.files()}
PANELS = [(uid, panel) for uid, board in BOARDS.items() for panel in board["panels"] if panel["type"] != "row"]
TARGETS = [(uid, panel, target) for uid, panel in PANELS for target in panel["targets"]]
CHOICE = {"country": "IR", "network": "AS197207", "service": "whatsapp", "vantage": "v1"}
QUESTIONS = [each for uid in BOARDS for each in queries.of(uid, CHOICE, each={"network": "AS197207"})]

# of grafana-data/src/valueFormats/categories.ts, those in use
UNITS = {
    "string",
    "none",
    "short",
    "percentunit",
    "bytes",
    "Bps",
    "s",
    "m",
    "dtdurations",
    "dateTimeAsIso",
    "rpm",
    "cpm",
    "bool_yes_no",
}

board = pytest.mark.parametrize("uid", sorted(BOARDS))
panel_of = pytest.mark.parametrize(("uid", "panel"), PANELS, ids=[f"{uid}: {panel['title']}" for uid, panel in PANELS])
target_of = pytest.mark.parametrize(
    ("uid", "panel", "target"), TARGETS, ids=[f"{uid}: {panel['title']} {target['refId']}" for uid, panel, target in TARGETS]
)  # fmt: skip


# ---------------------------------------------------------------- what is checked in


@board
def test_what_is_checked_in_is_what_the_program_makes(uid: str) -> None:
    assert (HERE / f"{uid}.json").read_text(encoding="utf-8") == rendered(uid), "run: python -m dashboards.grafana"


def test_no_dashboard_is_without_its_program() -> None:
    assert set(BOARDS) == set(MADE) == set(ALL)


# ---------------------------------------------------------------- of the whole


@board
def test_the_source_is_chosen(uid: str) -> None:
    """template-datasource-rule."""
    source, *others = BOARDS[uid]["templating"]["list"]
    assert (source["type"], source["name"], source["label"]) == ("datasource", "datasource", "Data source")
    assert source["query"] == "prometheus"
    assert all(each["type"] == "query" for each in others)


@board
def test_choices_narrow_each_other_and_follow_the_time(uid: str) -> None:
    """template-on-time-change-reload-rule, template-label-promql-rule (that they parse: below)."""
    before: list[str] = []
    for each in BOARDS[uid]["templating"]["list"][1:]:
        asked = each["query"]["query"]
        assert (bool(each["label"]), each["refresh"]) == (True, 2), "on a change of the time range"
        assert each["datasource"]["uid"] == "${datasource}"
        assert re.fullmatch(r"label_values\(didban_\w+(\{.+\})?, " + each["name"] + r"\)", asked)
        assert all(f"${name}" in asked for name in before), f"{each['name']} does not follow {before}"
        before.append(each["name"])


@board
def test_it_is_edited_where_it_is_made(uid: str) -> None:
    """uneditable-dashboard-rule, and ours: UTC, a description, a refresh no faster than the data, numbers of its own."""
    found = BOARDS[uid]
    assert found["editable"] is False
    assert (found["timezone"], found["refresh"]) == ("utc", "1m")
    assert len(found["description"]) > 80
    assert found["tags"] == ["didban"]
    ids = [panel["id"] for panel in found["panels"]]
    assert ids == sorted(set(ids))
    assert found["schemaVersion"] >= 36


@board
def test_every_other_dashboard_is_one_step_away_with_time_and_choice(uid: str) -> None:
    links = BOARDS[uid]["links"]
    assert [each["url"] for each in links] == [f"/d/{other}" for other in ALL if other != uid]
    assert all(each["keepTime"] and each["includeVars"] for each in links)


@board
def test_alerts_are_marked_as_told_and_as_known_late(uid: str) -> None:
    marks = BOARDS[uid]["annotations"]["list"]
    assert [each["name"] for each in marks] == ["Told", "Late look"]
    assert all(each["datasource"]["uid"] == "${datasource}" and each["titleFormat"] for each in marks)
    assert "Watchdog" in marks[0]["expr"], "which always fires, and would mark everything"


@board
def test_panels_stand_side_by_side_and_on_no_other(uid: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[uid]["panels"]:
        at = panel["gridPos"]
        here = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not here & taken, panel["title"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        taken |= here


# ---------------------------------------------------------------- of each panel


@panel_of
def test_a_panel_says_what_it_shows_in_which_unit_and_what_no_data_means(uid: str, panel: dict[str, Any]) -> None:
    """panel-datasource-rule, panel-title-description-rule, panel-units-rule, panel-no-targets-rule."""
    assert panel["datasource"]["uid"] == "${datasource}"
    says, _, empty = panel["description"].partition(" No data: ")
    assert panel["title"]
    assert len(says) > 15, "in plain words"
    assert len(empty) > 10
    assert empty.endswith(".")
    assert panel["targets"]
    looks = [
        value for each in panel["fieldConfig"]["overrides"] for value in each["properties"] if value["id"] == "unit"
    ]
    assert {panel["fieldConfig"]["defaults"]["unit"], *(each["value"] for each in looks)} <= UNITS


def test_titles_are_their_own() -> None:
    for uid in BOARDS:
        titles = [panel["title"] for each, panel in PANELS if each == uid]
        assert len(titles) == len(set(titles)), uid


@panel_of
def test_colours_are_of_the_palette(uid: str, panel: dict[str, Any]) -> None:
    """Grafana's own palette is not for every eye: no panel leaves its colours to it."""
    text = json.dumps(panel["fieldConfig"])
    known = {look.fill.upper() for table in (STATES, VERDICTS, SEVERITIES) for look in table.values()}
    known |= {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#999999", "#7B8087"}
    assert {each.upper() for each in re.findall(r"#[0-9A-Fa-f]{6}", text)} <= known
    assert not re.search(r'"(palette-classic[a-z-]*|red|green|yellow|blue|orange)"', text)
    if panel["type"] == "table":
        return
    assert panel["fieldConfig"]["defaults"]["color"]["mode"] in {"thresholds", "fixed"}


@panel_of
def test_a_link_from_a_row_keeps_the_time_and_names_a_dashboard(uid: str, panel: dict[str, Any]) -> None:
    urls = re.findall(r'"url": "([^"]*)"', json.dumps(panel))
    for url in urls:
        assert re.match(r"/d/([a-z-]+)\?", url)[1] in ALL  # type: ignore[index]
        assert "${__url_time_range}" in url
        assert "var-datasource=${datasource}" in url


# ---------------------------------------------------------------- of each query


@target_of
def test_a_query_uses_the_chosen_source_and_a_letter_of_its_own(
    uid: str, panel: dict[str, Any], target: dict[str, Any]
) -> None:
    assert target["datasource"]["uid"] == "${datasource}"
    assert [each["refId"] for each in panel["targets"]] == [chr(65 + place) for place in range(len(panel["targets"]))]


@target_of
def test_rates_follow_the_zoom_and_counters_are_only_read_as_rates(
    uid: str, panel: dict[str, Any], target: dict[str, Any]
) -> None:
    """target-rate-interval-rule, target-counter-agg-rule."""
    expr = target["expr"]
    for window in re.findall(r"\brate\([^\[]*\[([^\]]+)\]", expr):
        assert window == "$__rate_interval"
    counters = re.findall(r"(\w+)\((\w+_total)\b", expr)
    assert {counter for _, counter in counters} == set(re.findall(r"\b\w+_total\b", expr))
    assert {around for around, _ in counters} <= {"rate", "increase"}


def test_prometheus_can_read_every_query_every_choice_and_every_mark(tmp_path: Path) -> None:
    """target-promql-rule, template-label-promql-rule; target-logql-rule and target-logql-auto-rule: there is no LogQL."""
    rules = [{"record": f"a:b:c{place}", "expr": each.expr} for place, each in enumerate(QUESTIONS)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not [each for each in QUESTIONS if "$" in each.expr.replace('"$1"', "")], "a variable nobody fills in"


# which ask for every network at once: what rules recorded, with what came to light later
OF_ALL_NETWORKS = {
    ("didban-overview", "Blocks"),
    ("didban-overview", "Where services are blocked"),
    ("didban-service", "Networks where it is blocked"),
    ("didban-service", "On each network"),
}


def test_every_series_of_ours_is_one_that_is_sent_and_what_rules_recorded_is_read_in_four_panels() -> None:
    """Recorded series know nothing of what came home later: who reads one asks beside it what came to light."""
    sent = {family.name for family in metrics.FAMILIES}
    reading = set()
    for each in QUESTIONS:
        if "didban:" in each.expr:
            reading.add((each.uid, each.where))
            assert set(re.findall(r"didban:[\w:]+", each.expr)) <= set(READ), str(each)
            assert metrics.INCIDENT.name in each.expr, str(each)
            assert "didban_service_state" not in each.expr, f"{each}: dear, and the rules have read it"
        read = {re.sub(r"_bucket$", "", name) for name in re.findall(r"\bdidban_\w+", each.expr)}
        assert read <= sent, str(each)
    assert reading == OF_ALL_NETWORKS


@board
def test_what_a_query_leaves_open_is_what_can_be_chosen_there(uid: str) -> None:
    """Grafana sends a variable it does not know as it stands, and `service=~"$service"` fits no service at all."""
    found = BOARDS[uid]
    known = {each["name"] for each in found["templating"]["list"]}
    asked = [target["expr"] for panel in found["panels"] for target in panel.get("targets", ())]
    asked += [each["expr"] for each in found["annotations"]["list"]]
    for expr in asked:
        assert set(re.findall(r"\$\{?(?!__)([a-z]\w*)", expr)) <= known, expr


def test_the_rules_that_do_not_fit_are_told_to_the_linter_with_a_reason() -> None:
    """template-job-rule, template-instance-rule, target-job-rule, target-instance-rule."""
    excluded = YAML(typ="safe").load((HERE / ".lint").read_text(encoding="utf-8"))["exclusions"]
    assert set(excluded) == {"template-job-rule", "template-instance-rule", "target-job-rule", "target-instance-rule"}
    assert all(len(each["reason"]) > 40 for each in excluded.values())


def test_no_question_is_longer_than_a_database_takes() -> None:
    """VictoriaMetrics refuses 16,384 bytes and more (`-search.maxQueryLen`); here a dozen networks are chosen."""
    chosen = {"country": "IR", "network": f"({'|'.join(f'AS{200_000 + each}' for each in range(12))})"}
    for uid in ALL:
        for each in queries.of(uid, {**chosen, "service": "whatsapp", "vantage": "mci-1"}):
            assert len(each.expr) < 16_384, each
