"""The forms beside the records: a table that loads, and text that Prometheus reads back."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from monitor.evidence.forms.table import guarded
from monitor.evidence.proof import verify
from tests.monitor.evidence.boxes import few_ticks
from tests.monitor.evidence.evenings import evening, taken

# ---------------------------------------------------------------- csv


def test_the_table_has_a_line_for_every_step_and_loads(tmp_path: Path) -> None:
    out = taken(tmp_path, "csv")
    with (out / "v1" / "walks.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    steps = [seen for done in evening() for each in done.walks for seen in each.steps]
    assert len(rows) == len(steps) == json.loads((out / "manifest.json").read_text())["boxes"][0]["steps"]
    assert {row["failure"] for row in rows} == {"", "dns_bogon_error"}
    assert float(rows[0]["took_seconds"]) == 0.05
    assert rows[0]["walk_started_utc"] == "2026-11-16T12:01:00.000Z"
    assert verify.check(out, []) == []


@given(st.text(max_size=20))
def test_no_cell_begins_as_a_formula(text: str) -> None:
    cell = guarded(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == text.removeprefix("'") or cell == f"'{text}"


# ---------------------------------------------------------------- openmetrics


def test_ticks_are_blocks_that_promtool_makes_and_reads_back(tmp_path: Path) -> None:
    out = taken(tmp_path, "openmetrics")
    file = out / "v1" / "ticks.openmetrics.txt"
    made = subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", file, tmp_path / "tsdb"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    (tmp_path / "tsdb" / "wal").mkdir()  # promtool 2.42 looks for one
    dump = subprocess.run(["promtool", "tsdb", "dump", tmp_path / "tsdb"], capture_output=True, text=True, check=True)
    read_back = sorted(_sample(line) for line in dump.stdout.splitlines() if line)
    stated = [
        (s.name, s.labels({}).get("target", ""), s.le, v, t.at_ms) for t in few_ticks() for s, v in t.samples.items()
    ]
    assert len(read_back) == json.loads((out / "manifest.json").read_text())["boxes"][0]["samples"] == len(stated)
    assert read_back == sorted(stated)


def _sample(line: str) -> tuple[str, str, str, float, int]:
    """`{__name__="didban_target_up", ...} 1 1600000000007`."""
    inside, _, rest = line.removeprefix("{").rpartition("} ")
    labels = dict(pair.split("=", 1) for pair in inside.split(", "))
    value, at_ms = rest.split()
    named = {key: text.strip('"') for key, text in labels.items()}
    return named["__name__"], named.get("target", ""), named.get("le", ""), float(value), int(at_ms)


def test_the_text_is_open_metrics_to_a_strict_reader(tmp_path: Path) -> None:
    """But for histograms: prometheus-client 0.26 takes every time but the first of one for a duplicate."""
    whole = (taken(tmp_path, "openmetrics") / "v1" / "ticks.openmetrics.txt").read_text()
    text = "".join(line for line in whole.splitlines(keepends=True) if "lateness" not in line)
    families = {family.name: family for family in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert set(families) == {"didban_target_up", "didban_walks"}
    gone = [s for s in families["didban_target_up"].samples if s.labels["target"] == "gone"]
    assert len(gone) == 3, "a series that ended just ends"
    assert text.endswith("# EOF\n")
