"""Simulated figures: kept in results/backtest.json by the full counts, and written from there into the README and docs/.

`python -m tests.figures` writes the table; tests/monitor/backtest/test_backtest_readme.py holds the one to the other.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from monitor.backtest.hearing import Rules
from tests import by_world
from tests.by_world import share
from tests.long import ROOT, git

RESULTS = ROOT / "results" / "backtest.json"
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "what-can-be-said.md"
WORLDS = ROOT / "docs" / "worlds.md"
BEGINS, ENDS = "<!-- simulated: begins -->", "<!-- simulated: ends -->"
_TITLES = {
    "random": "Onsets at random: two lines in the network, one thing at a time",
    "weeks": "Quiet weeks, with noise",
    "placed": "Lines placed at random: none to three in a network",
    "shipped": "Shipped worlds",
}
Json = dict[str, Any]


def noted(section: str, command: str, found: Mapping[str, Any], note: str = "") -> None:
    """Keeps one count beside the others: its sums, what was false, and what it was counted with."""
    kept: Json = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    worlds = found["scenarios"]
    kept[section] = {
        "simulated": True,
        "command": command,
        "note": note,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": git("rev-parse", "HEAD"),
        "summary": found["summary"],
        "sets": found["sets"],
        "delays": found["delays"],
        "coverage": found["coverage"],
        "false": [{"world": one["name"], **row} for one in worlds for row in one["false"]],
        "missed": [{"world": one["name"], **row} for one in worlds for row in one["expected"] if row["fired"] is None],
    }
    if section == "shipped":
        kept[section]["worlds"] = by_world.kept(worlds)
    RESULTS.write_text(json.dumps(dict(sorted(kept.items())), indent=2) + "\n")


def table(kept: Json) -> str:
    """What stands between the markers."""
    return "\n".join([BEGINS, *_lines(kept), ENDS])


def by_lines(kept: Json) -> str:
    """The same for the page on what can be said: what is told with how many lines, and how soon with two."""
    placed, told = kept["placed"], kept["random"]["summary"]
    rows = _coverage(placed["coverage"])
    delay = (
        f"Two lines, {told['delay_n']} onsets at random: a page after {told['delay_median_s']:.0f} s in the median, \
{told['delay_max_s']:.0f} s at the latest."
    )
    return "\n".join([BEGINS, *rows, "", f"`{placed['command']}`, {placed['date'][:10]}. {delay}", "", ENDS])


def by_shipped(kept: Json) -> str:
    """The same for the page that has each shipped world by itself."""
    return "\n".join([BEGINS, by_world.page(kept["shipped"]), ENDS])


def _lines(kept: Json) -> Iterator[str]:
    for section, title in _TITLES.items():
        if (found := kept.get(section)) is None:
            continue
        note = f" {found['note']}" if found["note"] else ""
        rules = found["summary"]["rules_sha256"][:16]
        yield from ("", f"**{title} (simulated).** `{found['command']}`, {found['date'][:10]}, rules `{rules}`.{note}")
        if section == "shipped":
            yield from by_world.by_set(found)
            continue
        yield from ("", "| in simulation | |", "|---|---|")
        yield from (f"| {what} | {said} |" for what, said in _rows(found["summary"]))
        yield from (f"| delay of `{alert}` | {_delay(row)} |" for alert, row in found["delays"].items())
        if section == "placed":
            yield from _coverage(found["coverage"])
    yield ""


def _rows(found: Json) -> Iterator[tuple[str, str]]:
    yield "worlds, network-weeks", f"{found['scenarios']}, {found['network_weeks']:.1f}"
    if found["recall_n"]:
        yield "told of what our lines could see", share(found, "recall")
        yield "not to be seen by our lines", str(found["unobservable"])
    if found["precision_n"]:
        yield "precision of pages", share(found, "precision")
    if found["delay_n"]:
        ends = (found["delay_median_s"], found["delay_p95_s"], found["delay_max_s"])
        yield "delay of pages, median / p95 / max", f"{' / '.join(f'{s:.0f} s' for s in ends)} (n = {found['delay_n']})"
    name = "false_pages_per_network_week"
    low, high = found[f"{name}_interval"]
    exposure, events = found[f"{name}_n"], found[f"{name}_events"]
    yield "false pages per network and week", f"{found[name]:.3f} ({events} in {exposure:.1f}; {low:.3f} to {high:.3f})"
    yield "of the wrong class", str(found["wrong_class"])


def _coverage(rows: list[Json]) -> Iterator[str]:
    yield from ("", "| lines in the network | told of what they could see | could not be seen |", "|---|---|---|")
    for row in rows:
        unseen = "; ".join(f"{count} x {what}" for what, count in row["unobservable"].items()) or "-"
        yield f"| {row['lines']} | {share(row, 'recall') if row['recall_n'] else 'none to count'} | {unseen} |"


def _delay(row: Json) -> str:
    return f"{row['median_s']:.0f} s / {row['p95_s']:.0f} s / {row['max_s']:.0f} s (n = {row['n']})"


def stale(kept: Json) -> tuple[str, ...]:
    """Counts that were made with other rules than those that are shipped."""
    digest = Rules.shipped().digest
    return tuple(name for name, found in kept.items() if found["summary"]["rules_sha256"] != digest)


def main() -> int:
    kept = json.loads(RESULTS.read_text())
    for path, made in ((README, table(kept)), (PAGE, by_lines(kept)), (WORLDS, by_shipped(kept))):
        before, _, rest = path.read_text().partition(BEGINS)
        _, _, after = rest.partition(ENDS)
        path.write_text(before + made + after)
    for name in stale(kept):
        sys.stdout.write(f"{name}: counted with other rules than those that are shipped; run `make long`\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
