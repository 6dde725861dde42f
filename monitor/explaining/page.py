"""An answer on a terminal of 80 columns: the sentence first, then each value beside its threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from monitor.explaining import inwords
from monitor.explaining.answer import Answer
from monitor.explaining.boxes import Box
from monitor.explaining.told import Told
from monitor.explaining.weighed import Explained, Weighed, WeighedWay
from monitor.home.querying import Unanswered
from monitor.telling.board import SIGNS, table

_NEAREST = 5  # of what does not fire, so many are shown with what is in their way


def page(answer: Answer) -> Group:
    """All of it."""
    return Group(*_parts(answer))


def _parts(answer: Answer) -> Iterator[RenderableType]:
    yield Text.assemble((str(answer.subject), "bold"), "  ", inwords.both_times(answer.at_ms, answer.subject.country))
    told = [each for each in answer.alerts if each.firing]
    own = [each for each in answer.alerts if each.explanation.place is answer.subject.place]
    whole = told if any(each.firing for each in own) else [*told, *own[:1]]
    for explained in whole:
        yield Text()
        yield from _alert(explained, answer.muted_by[explained.explanation.alert])
    yield Text()
    yield from _others([each for each in answer.alerts if each not in whole])
    yield Text()
    yield from _boxes(answer)
    yield from _told(answer)


def _alert(explained: Explained, muted_by: tuple[str, ...]) -> Iterator[RenderableType]:
    """With all its conditions."""
    name, verdict = explained.explanation.alert, inwords.verdict(explained, muted_by)
    yield Text.assemble((name, "bold red" if explained.firing else "bold"), f" {verdict}.")
    if why := inwords.why(explained):
        yield Padding(Text(why), (0, 0, 0, 2))
    for way in _shown(explained) if explained.firing else (explained.nearest,):
        yield Padding(_conditions(way), (0, 0, 0, 2))


def _shown(explained: Explained) -> Iterator[WeighedWay]:
    """Of what fires: what holds it, how it begins, what makes a page of it; ways that are not met are in --json."""
    if explained.holds:
        yield WeighedWay("what holds it", explained.holds)
    met = [way for way in explained.begins if way.met]
    yield from met or [replace(explained.nearest, name=f"{explained.nearest.name}: no longer met in full")]
    yield from [way for way in explained.page if way.met]


def _others(alerts: Sequence[Explained]) -> Iterator[RenderableType]:
    """One line for each of those that come nearest to firing; the rest by name. All of it is in --json."""
    quiet = sorted((each for each in alerts if not each.firing and each.in_the_way), key=lambda each: each.distance)
    if quiet:
        yield Text("Do not fire, those nearest to it first; what is in the way:", style="dim")
    for each in quiet[:_NEAREST]:
        if (missing := each.in_the_way) is not None:
            said = Text.assemble((each.explanation.alert, "bold"), f": {inwords.in_the_way(missing)}.")
            yield Padding(said, (0, 0, 0, 2))
    if farther := quiet[_NEAREST:]:
        names = ", ".join(each.explanation.alert for each in farther)
        yield Text(f"Farther from firing (values in --json): {names}.", style="dim")


def _conditions(way: WeighedWay) -> Table:
    shown = Table.grid(padding=(0, 1, 0, 0), expand=True)
    shown.add_column(width=1)
    shown.add_column(ratio=1)
    for width in (15, 18):
        shown.add_column(width=width, overflow="fold")
    shown.add_row("", Text(way.name, style="dim"), Text("found", style="dim"), Text("needed", style="dim"))
    for each in way.conditions:
        shown.add_row(*_condition(each))
    return shown


def _condition(weighed: Weighed) -> Iterator[Text]:
    style = "" if weighed.met else "bold red"
    yield Text("✓", style="green") if weighed.met else Text("✗", style=style)
    yield Text(weighed.condition.asks)
    yield Text(inwords.value(weighed), style=style)
    yield Text(inwords.needed(weighed), style="dim")


def _boxes(answer: Answer) -> Iterator[RenderableType]:
    if not answer.boxes:
        yield Text("We expect no box there: of this place nothing can be said from inside.", style="yellow")
        return
    shown = table("box", "network", "says" if answer.subject.service else "heard", "reach", "counted")
    for each in answer.boxes:
        shown.add_row(*_box(each, bool(answer.subject.service)))
    yield shown


def _box(box: Box, of_service: bool) -> Iterator[Text]:
    yield Text(box.vantage + (f" ({box.line})" if box.line not in ("", box.vantage) else ""))
    yield Text(box.network or "-")
    if of_service:
        said = (box.state or "-") + (", with proof" if box.proof and box.state == "interfered" else "")
        yield Text(said, style=SIGNS.get(box.state, ("", ""))[1])
    else:
        yield Text(inwords.moment(box.heard_s) if box.heard_s else "never")
    yield Text(f"{box.reach:.0%}" if box.reach is not None else "-")
    yield (
        Text(f"no: {box.left_out}", style="yellow")
        if box.left_out
        else Text("as a control" if box.role == "control" else "yes")
    )


def _told(answer: Answer) -> Iterator[RenderableType]:
    yield Text()
    match answer.told:
        case None:
            yield Text("Whom it reached is not known: Alertmanager was not asked (it keeps no past).", style="dim")
        case Unanswered(why=why):
            yield Text(f"Who was told: Alertmanager was asked, and {why}.", style="yellow")
        case ():
            yield Text("Alertmanager has nothing of it now.")
        case found:
            for each in found:
                yield Text(_has(each))
    match answer.receipts:
        case None:
            return
        case Unanswered(why=why):
            yield Text(f"The relay was asked whom it told, and {why}.", style="yellow")
        case ():
            yield Text("The relay told nobody of it in the day before.")
        case messages:
            yield Text("The relay, in the day before:")
            for message in messages:
                yield Padding(Text(inwords.receipt(message)), (0, 0, 0, 2))


def _has(told: Told) -> str:
    name = f"{told.labels.get('alertname', '')} ({told.labels.get('severity', '')})"
    if told.muted_by:
        return f"Alertmanager keeps {name} back: {', '.join(told.muted_by)} speaks for it."
    if told.silences:
        return f"Alertmanager keeps {name} back: somebody silenced it ({len(told.silences)})."
    return f"Alertmanager has {name} since {told.since[:19].replace('T', ' ')} UTC, for {', '.join(told.receivers)}."
