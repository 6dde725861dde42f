"""The README's table of what Didban costs: what `bench.json` holds, and beside it what was aimed at, met or not.

`python -m tests.bench.shown` writes it; tests/test_bench_shown.py holds the one to the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FIGURES, README = ROOT / "bench.json", ROOT / "README.md"
BEGINS, ENDS = "<!-- bench: begins -->", "<!-- bench: ends -->"


@dataclass(frozen=True, slots=True)
class Row:
    """`goal`: at most this, of the ratio where there is a peer to be measured by, of the value where there is none."""

    what: str
    name: str
    goal: float
    of_ratio: bool = True


ROWS = (
    Row("whole walk with judge, spool and metrics / blackbox_exporter's bare HTTPS probe", "walk_whole_cpu_ms", 0.9),
    Row("HTTPS, full handshake / blackbox_exporter", "walk_https_cpu_ms_blackbox", 0.6),
    Row("HTTPS / `openssl s_time`, the limit", "walk_https_cpu_ms_limit", 1.4),
    Row("TCP / blackbox_exporter", "walk_tcp_cpu_ms_blackbox", 0.15),
    Row("DNS / blackbox_exporter", "walk_dns_cpu_ms_blackbox", 0.3),
    Row("error of a length of 100 ms at 200 walks/s, median", "fetch_length_error_ms_median", 1, of_ratio=False),
    Row("the same, 99th percentile", "fetch_length_error_ms_p99", 10, of_ratio=False),
    Row("`/metrics` with 100,000 series", "exposition_100k_series_ms", 200, of_ratio=False),
    Row("longest hold of the loop for it", "exposition_100k_series_longest_hold_ms", 10, of_ratio=False),
)


def table(kept: Mapping[str, Any]) -> str:
    """What stands between the markers."""
    return "\n".join([BEGINS, "", "| processor time, unless said | measured | aimed at | |", "|---|---|---|---|", *_lines(kept), "", ENDS])  # fmt: skip


def _lines(kept: Mapping[str, Any]) -> Iterator[str]:
    for row in ROWS:
        if (found := kept.get(row.name)) is None:
            continue
        value = found["ratio"] if row.of_ratio else found["value"]
        unit = "" if row.of_ratio else f" {found['unit']}"
        pair = f" ({found['value']:.3g} / {found['peer_value']:.3g} {found['unit']})" if row.of_ratio else ""
        met = "met" if value <= row.goal else "**not met**"
        yield f"| {row.what} | {value:.3g}{unit}{pair} | {row.goal:g}{unit} | {met} |"


def main() -> None:
    before, _, rest = README.read_text().partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    README.write_text(before + table(json.loads(FIGURES.read_text())) + after)


if __name__ == "__main__":
    main()
