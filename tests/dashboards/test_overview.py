"""The dashboards that are checked in are what their program makes, and keep the rules of Grafana's linter."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from dashboards import grafana
from dashboards.grafana import queries
from dashboards.grafana.__main__ import MADE, rendered
from dashboards.grafana.palette import VERDICTS
from tests.monitor.test_rulefiles import RECORDS, names_in

PATHS = grafana.files()
DASHBOARDS = [json.loads(path.read_text()) for path in PATHS]
PANELS = [panel for dashboard in DASHBOARDS for panel in dashboard["panels"]]
QUERIES = list(queries.of_overview(country="IR", network="AS197207"))


@pytest.mark.parametrize("uid", sorted(MADE))
def test_what_is_checked_in_is_what_the_program_makes(uid: str) -> None:
    path = next(path for path in PATHS if path.stem == uid)
    assert path.read_text() == rendered(uid), "run: python -m dashboards.grafana"


def test_no_dashboard_is_without_its_program() -> None:
    assert {path.stem for path in PATHS} == set(MADE)


# ---------------------------------------------------------------- Grafana's dashboard-linter, restated


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: str(each["uid"]))
def test_variables_chain_reload_and_choose_their_source(dashboard: dict[str, Any]) -> None:
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert "$country" in variables["network"]["query"]["query"]
    for each in variables.values():
        assert each["label"]
        if each["type"] == "query":
            assert each["refresh"] == 2, "on a change of the time range"
            assert each["datasource"]["uid"] == "${datasource}"
    assert dashboard["editable"] is False, "edited where it is made, not where it is seen"
    assert dashboard["timezone"] == "utc"


@pytest.mark.parametrize("panel", PANELS, ids=lambda each: str(each["title"]))
def test_a_panel_says_what_it_shows_in_which_unit_and_what_no_data_means(panel: dict[str, Any]) -> None:
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert len(panel["description"]) > 80
    assert "no data" in panel["description"].lower() or "a gap" in panel["description"].lower()
    assert panel["targets"]
    refs = [target["refId"] for target in panel["targets"]]
    assert len(refs) == len(set(refs))


def test_every_dashboard_numbers_its_panels() -> None:
    for dashboard in DASHBOARDS:
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert ids == sorted(set(ids))
        assert dashboard["schemaVersion"] >= 36


@pytest.mark.parametrize(("where", "expr"), QUERIES, ids=[where for where, _ in QUERIES])
def test_prometheus_can_read_every_query(where: str, expr: str, tmp_path: Any) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "g", "rules": [{"record": "a:b:c", "expr": expr}]}]}))
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "$" not in expr, "a variable nobody fills in"


def test_every_name_a_query_reads_is_recorded() -> None:
    recorded = {rule["record"] for rule in RECORDS}
    assert not {name for _, expr in QUERIES for name in names_in(expr)} - recorded


# ---------------------------------------------------------------- the palette


def test_every_verdict_of_the_contract_has_one_colour_and_one_number() -> None:
    assert set(VERDICTS) == {"ok", "throttled", "blocked", "refused", "down", "cut_off", "mixed", "unknown"}
    assert len({number for number, _ in VERDICTS.values()}) == len({colour for _, colour in VERDICTS.values()}) == 8


def _as_a_deuteranope_sees(colour: str) -> tuple[float, ...]:
    """Linear light without the difference of red and green (Viénot, Brettel, Mollon 1999, deuteranopia)."""
    srgb = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in srgb)
    return 0.292 * r + 0.708 * g, 0.292 * r + 0.708 * g, -0.022 * r + 0.022 * g + b


def test_ok_and_blocked_are_told_apart_by_people_who_do_not_see_red_and_green() -> None:
    seen = {word: _as_a_deuteranope_sees(colour) for word, (_, colour) in VERDICTS.items()}
    for word in ("blocked", "cut_off", "down"):
        apart = sum((a - b) ** 2 for a, b in zip(seen["ok"], seen[word], strict=True)) ** 0.5
        assert apart > 0.1, f"ok and {word}: {apart:.2f}"
