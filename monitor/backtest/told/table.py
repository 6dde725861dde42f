"""A backtest as tables for people. Every heading says that it is simulated."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from monitor.backtest.replay import Replayed
from monitor.backtest.told.coverage import covered
from monitor.backtest.told.score import Found
from monitor.backtest.told.stats import Rate, Share
from monitor.backtest.told.summary import Summary, summed
from monitor.backtest.trial import Trial
from monitor.backtest.worlds.words import Set

_WHERE = ("country", "network", "service", "vantage", "extent")
_SETS = {Set.TUNED: "worlds the rules were tuned on", Set.HELD_OUT: "held-out worlds"}


def tables(trials: Sequence[Trial], digest: str) -> Group:
    """One for each world, then the summaries."""
    parts: list[Table | Text] = []
    for each in trials:
        parts += _world(each)
    for kind, name in _SETS.items():
        if of := [each for each in trials if each.set is kind]:
            parts.append(_summary(name, of))
    parts.append(_coverage(trials))
    parts.append(Text(f"rules sha256 {digest}"))
    return Group(*parts)


def replay_table(found: Replayed, digest: str) -> Group:
    """Each message with what was new in it."""
    title = f"{', '.join(found.vantages)} (simulated: stored ticks through the rules of today, each at its own time)"
    table = Table(title=title, title_justify="left")
    for name in ("sent UTC", "to", "alert", "where"):
        table.add_column(name)
    for message in found.told:
        for each in message.news:
            labels = dict(each)
            where = " ".join(labels[name] for name in _WHERE if name in labels)
            table.add_row(_utc(message.at_ms), message.receiver, f"{labels['alertname']} ({labels['severity']})", where)
    parts: list[Table | Text] = [table]
    if found.skipped_hours:
        parts.append(Text(f"  {found.skipped_hours} sealed hours are left out"))
    return Group(*parts, Text(f"rules sha256 {digest}"))


def _world(trial: Trial) -> Iterator[Table | Text]:
    done = trial.score
    table = Table(title=f"{done.world.name} (simulated)", title_justify="left")
    for name in ("expected", "where", "onset UTC", "as known then", "as known later"):
        table.add_column(name)
    for found in done.found:
        if found.unobservable is None:
            where = " ".join(found.expect.labels.values())
            then, later = _said(found, found.fired_ms), _said(found, found.later_ms)
            asked = f"{found.expect.alert} ({found.expect.severity})"
            table.add_row(asked, where, _utc(found.expect.onset_ms), then, later)
    if table.row_count:
        yield table
    else:
        yield Text(f"{done.world.name} (simulated): nothing is expected that our lines could see")
    for false in done.false:
        where = " ".join(false.labels.values())
        during = f", while {false.during}" if false.during else ""
        yield Text(f"  false: {_utc(false.at_ms)} {false.alert} ({false.severity}) {where}{during}", style="red")
    for each in done.beside:
        yield Text(f"  beside: {_utc(each.at_ms)} {each.alert} ({each.severity}) {' '.join(each.labels.values())}")
    if blind := [found for found in done.found if found.unobservable]:
        yield Text(f"  {len(blind)} more cannot be seen from where our lines stand")
    if trial.by_chance:
        yield Text(f"  by chance, with every cause moved: {', '.join(trial.by_chance)}", style="red")


def _said(found: Found, at_ms: int | None) -> str:
    if at_ms is None:
        return "-"
    if not found.expect.timed:
        return "yes"
    return length((at_ms - found.expect.onset_ms) / 1000)


def length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _utc(at_ms: int) -> str:
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).strftime("%Y-%m-%d %H:%M")


def _summary(name: str, trials: Sequence[Trial]) -> Table:
    table = Table(title=f"{name} (simulated)", title_justify="left", show_header=False)
    for what, said in rows(summed([each.score for each in trials])):
        table.add_row(what, said)
    return table


def _coverage(trials: Sequence[Trial]) -> Table:
    table = Table(title="by how many lines of ours stand in the network (simulated)", title_justify="left")
    for name in ("lines", "recall of what they could see", "not to be seen by them"):
        table.add_column(name)
    for row in covered([each.score for each in trials]):
        unseen = "; ".join(f"{count} x {what}" for what, count in row.unseen.items())
        table.add_row(str(row.lines), share(row.recall), unseen or "-")
    return table


def rows(found: Summary) -> Iterator[tuple[str, str]]:
    """What is said of a set, each figure with its n and its interval."""
    yield "worlds", f"{found.scenarios}, {found.network_weeks:.1f} network-weeks"
    yield "recall of what our lines could see", share(found.recall)
    yield "expected and not to be seen by our lines", str(found.unobservable)
    yield "precision of pages", share(found.precision)
    yield "delay of pages, median / p95 / max", _delays(found)
    yield "false pages per network and week", rate(found.false_pages)
    yield "of the wrong class", str(found.wrong_class)
    yield "expected pages told more than once", str(found.again)
    yield "tickets and infos that nobody expected", str(found.beside)


def share(found: Share) -> str:
    if found.value is None:
        return "none to count"
    low, high = found.interval
    return f"{found.value:.1%} ({found.hits} of {found.n}; 95 % interval {low:.1%} to {high:.1%})"


def rate(found: Rate) -> str:
    if found.value is None:
        return "none to count"
    low, high = found.interval
    return f"{found.value:.3f} ({found.events} in {found.exposure:.1f}; 95 % interval {low:.3f} to {high:.3f})"


def _delays(found: Summary) -> str:
    ends = [found.delay_s(q) for q in (0.5, 0.95, 1.0)]
    if not found.delays_s:
        return "none to count"
    return " / ".join(length(each) for each in ends if each is not None) + f" (n = {len(found.delays_s)})"
