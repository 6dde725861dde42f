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
from monitor.backtest.worlds.alerts import Severity
from monitor.backtest.worlds.words import Set
from monitor.telling.board import table

_WHERE = ("country", "network", "service", "vantage", "extent")
_LEGEND = (
    "then: minutes and seconds from the onset until somebody was told, as samples came home; later: had each come "
    "at its time; yes: the source gives no minute; 95 %: the interval of a share or rate"
)
_SETS = {Set.TUNED: "worlds the rules were tuned on", Set.HELD_OUT: "held-out worlds"}


def tables(trials: Sequence[Trial], digest: str) -> Group:
    """One for each world, then the summaries."""
    parts: list[Table | Text] = []
    for each in trials:
        parts += _world(each)
    for kind, name in _SETS.items():
        if of := [each for each in trials if each.set is kind]:
            parts += [_heading(name), _summary(of), Text()]
    if any(True for _ in covered([each.score for each in trials])):
        parts += [_heading("by how many lines of ours stand in the network"), _coverage(trials), Text()]
    parts.append(Text(_LEGEND, style="dim"))
    parts.append(Text(f"rules sha256 {digest}", style="dim"))
    return Group(*parts)


def replay_table(found: Replayed, digest: str) -> Group:
    """Each message with what was new in it."""
    shown = table("sent UTC", "to", "alert", "where")
    for message in found.told:
        for each in message.news:
            labels = dict(each)
            where = " ".join(labels[name] for name in _WHERE if name in labels)
            shown.add_row(
                _utc(message.at_ms), message.receiver, _graded(labels["alertname"], labels["severity"]), where
            )
    name = ", ".join(found.vantages)
    parts: list[Table | Text] = [_heading(name, "simulated: stored ticks, each at its time, rules of today"), shown]
    if found.skipped_hours:
        parts.append(Text(f"  {found.skipped_hours} sealed hours are left out"))
    return Group(*parts, Text(f"rules sha256 {digest}"))


def _world(trial: Trial) -> Iterator[Table | Text]:
    done = trial.score
    yield _heading(done.world.name)
    shown = table("onset UTC", "then", "later", "expected", "where")
    for found in done.found:
        if found.unobservable is None:
            where = " ".join(found.expect.labels.values())
            then, later = _said(found, found.fired_ms), _said(found, found.later_ms)
            asked = _graded(found.expect.alert, found.expect.severity)
            missed = Text("missed", style="bold red")
            shown.add_row(_utc(found.expect.onset_ms), then or missed, later, asked, where)
    if shown.row_count:
        yield shown
    elif not done.world.expect:
        came = "" if done.false or done.beside else ", and nothing came"
        yield Text(f"  nothing is to be told{came}")
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
    yield Text()


def _heading(name: str, how: str = "simulated") -> Text:
    return Text.assemble((name, "bold"), (f" ({how})", "dim"))


def _graded(alert: str, severity: str) -> str:
    """What is no page says so."""
    return alert if severity == Severity.PAGE else f"{alert}, {severity}"


def _said(found: Found, at_ms: int | None) -> str:
    if at_ms is None:
        return ""
    if not found.expect.timed:
        return "yes"
    return _brief((at_ms - found.expect.onset_ms) / 1000)


def length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _brief(seconds: float) -> str:
    """`4:29`, minutes and seconds, or `1:04:29`."""
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _utc(at_ms: int) -> str:
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).strftime("%Y-%m-%d %H:%M")


def _summary(trials: Sequence[Trial]) -> Table:
    shown = table("", " ")
    shown.show_header = False
    for what, said in rows(summed([each.score for each in trials])):
        shown.add_row(f"  {what}", said)
    return shown


def _coverage(trials: Sequence[Trial]) -> Table:
    shown = table("lines", "recall of what they could see", "not to be seen by them")
    for row in covered([each.score for each in trials]):
        unseen = "; ".join(f"{count} x {what}" for what, count in row.unseen.items())
        shown.add_row(str(row.lines), share(row.recall), unseen or "-")
    return shown


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
    return f"{found.value:.1%} ({found.hits} of {found.n}; 95 %: {low:.1%} to {high:.1%})"


def rate(found: Rate) -> str:
    if found.value is None:
        return "none to count"
    low, high = found.interval
    return f"{found.value:.3f} ({found.events} in {found.exposure:.1f}; 95 %: {low:.3f} to {high:.3f})"


def _delays(found: Summary) -> str:
    ends = [found.delay_s(q) for q in (0.5, 0.95, 1.0)]
    if not found.delays_s:
        return "none to count"
    return " / ".join(length(each) for each in ends if each is not None) + f" (n = {len(found.delays_s)})"
