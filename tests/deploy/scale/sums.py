"""The step from a thousand boxes to a hundred thousand, on paper: every number of docs/scale.md, from results/scale.json.

python -m tests.deploy.scale.sums      writes them into docs/scale.md; a test holds that they stand there
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.deploy.scale.shipped import DOC

RESULTS = Path(__file__).parents[3] / "results" / "scale.json"
BOXES, COUNTRIES, MEASURED_BOXES = 100_000, 200, 1000
DAY_S, YEAR_S = 86_400, 365.25 * 86_400
HALF = 0.5  # of a core, of a turn, of memory: what a machine may carry on an ordinary day
TURN_S = 15.0  # the shortest group's interval
COPIES = 2  # -replicationFactor
PUT_DOLLARS, GB_MONTH_DOLLARS = 5e-6, 0.023  # list price of S3 Standard, us-east-1, from memory: look it up

Row = tuple[str, str, str]


def figures() -> dict[str, float]:
    found: dict[str, float] = json.loads(RESULTS.read_text())["figures"]
    return found


def measured(of: dict[str, float]) -> Iterator[Row]:
    """What of it costs how much: VictoriaMetrics beside Prometheus, the same bodies at the same moments."""
    quiet = [
        f"{of[f'peace_{each}_cpu_s_a_minute']:.1f} s, {of[f'peace_{each}_anonymous_mb']:,.0f} MB"
        for each in ("victoria", "prometheus")
    ]
    yield "CPU a minute, and memory it holds itself", quiet[0], quiet[1]
    alerter = of["alerting_vmalert_cpu_s_a_minute"], of["alerting_vmalert_anonymous_mb"]
    beside = of["alerting_victoria_cpu_s_a_minute"] + alerter[0], of["alerting_victoria_anonymous_mb"] + alerter[1]
    inside = of["rules_prometheus_cpu_s_a_minute"], of["rules_prometheus_anonymous_mb"]
    with_rules = [f"{cpu_s:.1f} s, {held:,.0f} MB" for cpu_s, held in (beside, inside)]
    yield "the same with rules, in the crisis", f"{with_rules[0]}, vmalert included", with_rules[1]
    walls = [
        f"{of[f'panels_{name}_worst_s']:.1f} s; {of[f'panels_{name}_overview_cpu_s']:.1f} s"
        for name in ("victoria", "prometheus")
    ]
    yield "dashboards, six hours: the slowest question; CPU a minute of Overview on a wall", walls[0], walls[1]
    hub = f"{hub_cpu_s(of) * MEASURED_BOXES:.0f} s, {of['hub_rss_mb']:.0f} MB"
    yield "the hub before it: CPU a minute for 1,000 boxes, and memory", hub, hub
    disk = [of[f"disk_{name}_bytes_a_sample"] for name in ("victoria", "prometheus")]
    yield "bytes on the disk a sample", f"{disk[0]:.2f}", f"{disk[1]:.2f}"


def turn_cpu_s(of: dict[str, float]) -> float:
    """What all rules cost Prometheus in a quarter of a minute; those of memory oftener than as shipped: a ceiling."""
    rules = of["rules_prometheus_cpu_s_a_minute"] - of["peace_prometheus_cpu_s_a_minute"]
    return rules / of["rules_prometheus_turns_a_minute"]


def hub_cpu_s(of: dict[str, float]) -> float:
    """Of one box and minute: its request taken, checked, kept, and handed on."""
    return of["hub_cpu_s_a_minute"] / of["hub_boxes_a_minute"]


def on_paper(of: dict[str, float]) -> Iterator[Row]:
    """What, how it is worked out, and what comes of it."""
    times = BOXES / MEASURED_BOXES
    series_a_box = of["series_of_a_box"]
    series, a_second = BOXES * series_a_box, BOXES * series_a_box / 60
    yield "samples a second", f"{BOXES:,} x {series_a_box:.0f} / 60 s", f"{a_second / 1e6:.2f} M"
    line = of["body_bytes"] + 700
    yield (
        "onto the hubs' lines",
        f"{BOXES:,} x {line / 1e3:.1f} kB / 60 s x 8",
        f"{BOXES * line / 60 * 8 / 1e6:,.0f} Mbit/s",
    )
    a_box_s = hub_cpu_s(of)
    hubs = math.ceil(BOXES * a_box_s / 60 / HALF)
    yield "hubs, one core each", f"{BOXES:,} x {a_box_s * 1000:.0f} ms / (60 s x {HALF})", f"{hubs}"
    year = a_second * YEAR_S * of["disk_victoria_bytes_a_sample"]
    yield (
        "disk of vmstorage a year",
        f"{a_second / 1e6:.2f} M x {YEAR_S / 1e6:.2f} M s x {of['disk_victoria_bytes_a_sample']:.2f} B x {COPIES}",
        f"{COPIES * year / 1e12:.0f} TB",
    )
    held = of["peace_victoria_anonymous_mb"] * 1e6 / of["active_series"]
    yield (
        "memory of vmstorage",
        f"{series / 1e6:.1f} M x {held / 1e3:.1f} kB x {COPIES}",
        f"{series * held * COPIES / 1e9:,.0f} GB, and as much again for the disk's cache",
    )
    storing = of["peace_victoria_cpu_s_a_minute"] / 60 * times * COPIES
    yield (
        "cores of vmstorage and vminsert",
        f"{of['peace_victoria_cpu_s_a_minute']:.1f} s / 60 s x {times:.0f} x {COPIES}",
        f"{storing:.0f}",
    )
    turn_s = turn_cpu_s(of)
    boxes = MEASURED_BOXES * TURN_S * HALF / turn_s
    count = math.ceil(BOXES / boxes)
    worked = f"{BOXES:,} / ({MEASURED_BOXES:,} x {TURN_S:.0f} s x {HALF} / {turn_s:.2f} s)"
    yield "evaluators of rules", worked, f"{count}, of {boxes:,.0f} boxes, {COUNTRIES / count:.1f} countries each"
    evidence = BOXES * 24 * of["evidence_bytes_an_hour"]
    yield "evidence a day", f"{BOXES:,} x 24 x {of['evidence_bytes_an_hour'] / 1e3:.0f} kB", f"{evidence / 1e9:,.0f} GB"
    puts = BOXES * 24
    yield "requests to the store a day", f"{BOXES:,} x 24", f"{puts / 1e6:.1f} M, {puts * PUT_DOLLARS:,.0f} dollars"
    month = evidence * 30 / 1e9 * GB_MONTH_DOLLARS
    kept = f"{evidence / 1e9:,.0f} GB x 30 x {GB_MONTH_DOLLARS} dollars"
    yield "a month of evidence, each month", kept, f"{month:,.0f} dollars"


def tables(of: dict[str, float]) -> dict[str, str]:
    first = [
        "| | VictoriaMetrics | Prometheus |",
        "|---|---|---|",
        *(f"| {a} | {b} | {c} |" for a, b, c in measured(of)),
    ]
    second = ["| | worked out | |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in on_paper(of))]
    return {"measured": "\n".join(first), "on paper": "\n".join(second)}


def written(text: str) -> str:
    """The page with its tables as the results say them."""
    for name, table in tables(figures()).items():
        begins, ends = f"<!-- {name}: begins -->\n\n", f"\n\n<!-- {name}: ends -->"
        head, _, rest = text.partition(begins)
        assert rest, name
        text = head + begins + table + ends + rest.partition(ends)[2]
    return text


if __name__ == "__main__":
    DOC.write_text(written(DOC.read_text()))
    sys.exit(0)
