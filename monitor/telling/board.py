"""The running view on a terminal of 80 columns: the JSON of `GET /api/v1/status`, and nothing that is not in it."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

Json = Mapping[str, Any]

# as on the status page, so that a state is known again without colour
SIGNS = {
    "ok": ("●", "green"),
    "slow": ("◐", "yellow"),
    "broken": ("▲", "red"),
    "interfered": ("◆", "magenta"),
    "refused": ("■", "blue"),
    "cut_off": ("✕", "bold red"),
    "insufficient": ("○", "dim"),
}
_LINE = 40  # characters that a reason has room for beside the rest of its row
_MOST = 240  # characters of what nobody here can change
_SCOPES = {"international": "abroad", "domestic": "in the country", "gateway": "gateway"}


def board(status: Json) -> Group:
    """All of it."""
    return Group(*_parts(status))


def _parts(status: Json) -> Iterator[RenderableType]:
    who = [status["role"], status["country"], status.get("network") or "", status.get("access") or ""]
    yield header(status["vantage"], " ".join(filter(None, who)), status["at"])
    yield Text(status["summary"])
    yield Text()
    yield _services(status)
    yield Text()
    yield from _broken(status)
    yield _line(status)
    yield Text()
    for said in status["notices"]:
        yield _bullet("!", "yellow", Text(said))
    for said in status["not_observable"]:
        yield _bullet("·", "dim", Text(textwrap.shorten(said, _MOST, placeholder=" ... (--json has all)"), style="dim"))


def header(name: str, where: str, at: str) -> Table:
    """Who speaks, from where, and when."""
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    table.add_row(Text.assemble((name, "bold"), "  ", (where, "dim")), Text(f"{clock(at)} UTC", style="dim"))
    return table


def table(*columns: str) -> Table:
    """An empty table in the one look all of ours have; the last column takes the room that is left."""
    made = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1, 0, 0), header_style="dim", show_edge=False)
    for column in columns:
        last = column == columns[-1]
        made.add_column(column, no_wrap=not last, ratio=1 if last else None, overflow="fold" if last else "ellipsis")
    return made


def _services(status: Json) -> Table:
    """A reason longer than a line is said once for all rows that follow one another: in a cut it is everybody's."""
    shown, said = table("", "service", "state", "since", "why"), ""
    for service in status["services"]:
        sign, style = SIGNS.get(service["state"], ("?", ""))
        name = service["title"].get("en", service["service"])
        since = since_when(service["since"], status["at"])
        again, said = service["why"] == said and len(said) > _LINE, service["why"]
        why = Text("as above", style="dim") if again else Text(said)
        shown.add_row(Text(sign, style=style), Text(name), Text(service["state"], style=style), since, why)
    return shown


def _broken(status: Json) -> Iterator[RenderableType]:
    """Where the last walks broke, and what proof is in hand: the words of the labels, so that they can be looked up."""
    shown = table("not reached", "breaks at", "failure", "proof in hand")
    for target in (target for service in status["services"] for target in service["targets"]):
        if target["state"] != "ok" and (target["failure"] or target["findings"]):
            at, findings = ", ".join(target["broke_at"]), ", ".join(target["findings"])
            shown.add_row(target["target"], at, target["failure"] or "", findings or "none")
    if shown.row_count:
        yield shown
        yield Text()


def _line(status: Json) -> Table:
    """Of the line and the box: who answers, what time it is, what has not reached home."""
    shown = Table.grid(padding=(0, 2, 0, 0), expand=True)
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(ratio=1)
    for row in _reach(status):
        shown.add_row(*row)
    if (told := status.get("clock")) is not None:
        shown.add_row("clock", _clock(told))
    for said in _waiting(status.get("waiting") or {}, status["at"]):
        shown.add_row("to send", said)
    return shown


def _reach(status: Json) -> Iterator[tuple[str, Text]]:
    for canaries in status["canaries"]:
        usable = [each for each in canaries["hosts"] if each["set_aside"] is None]
        answered, ratio = sum(bool(each["alive"]) for each in usable), canaries["ratio"]
        aside = len(canaries["hosts"]) - len(usable)
        style = "" if ratio is None else "green" if ratio > 0.8 else "yellow" if ratio >= 0.2 else "bold red"
        said = Text("not known yet" if ratio is None else f"{ratio:.0%}", style=style)
        said.append(f"  {answered} of {len(usable)} answered{f', {aside} set aside' if aside else ''}", style="dim")
        yield _SCOPES.get(canaries["scope"], canaries["scope"]), said
    if not status["canaries"]:
        yield "reach", Text("not known: no canaries are walked from here")


def _clock(told: Json) -> Text:
    if not told["settled"]:
        return Text("nobody has said yet what time it is; what is seen waits for that", style="yellow")
    if told["offset_s"] is None:
        return Text("our own, and nobody contradicted; too few hosts abroad have said what time it is")
    off = f"{abs(told['offset_s']):.1f} s {'fast' if told['offset_s'] > 0 else 'slow'}"
    within = f" (±{told['error_s']:.1f} s)" if told["error_s"] is not None else ""
    return Text(f"{off}{within}, by {told['networks']} networks abroad")


def _waiting(waiting: Json, now: str) -> Iterator[Text]:
    if ticks := waiting.get("unstamped_ticks"):
        yield Text(f"{ticks} ticks wait for the time of day", style="yellow")
    for each in waiting.get("destinations", ()):
        count = each["samples"]
        last = f"last taken {ago(each['last_success'], now)}" if each["last_success"] else "nothing taken yet"
        said = f"{count:,} samples wait" if count else "nothing waits"
        yield Text(
            f"{each['destination']}: {said}, {last}", style="yellow" if count and not each["last_success"] else ""
        )
    if not waiting.get("destinations"):
        yield Text("nothing is sent anywhere: there is no `ship`")


def _bullet(sign: str, style: str, said: Text) -> Table:
    shown = Table.grid(padding=(0, 1, 0, 0), expand=True)
    shown.add_column(no_wrap=True)
    shown.add_column(ratio=1)
    shown.add_row(Text(sign, style=style), said)
    return shown


# ---------------------------------------------------------------- times


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def clock(text: str) -> str:
    """`2026-11-22 10:46:20`, of RFC 3339 in UTC."""
    return f"{moment(text):%Y-%m-%d %H:%M:%S}"


def since_when(since: str | None, now: str) -> str:
    """`10:42, 4 min`; the date alone where it was another day."""
    if since is None:
        return "-"
    began, at = moment(since), moment(now)
    day = f"{began:%H:%M}" if began.date() == at.date() else f"{began:%-d %b}"
    return f"{day}, {length((at - began).total_seconds())}"


def ago(then: str, now: str) -> str:
    return f"{length((moment(now) - moment(then)).total_seconds())} ago"


def length(seconds: float) -> str:
    """One figure, as a person says it."""
    for unit_s, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * unit_s or (word == "min" and seconds >= unit_s):
            return f"{seconds / unit_s:.0f} {word}"
    return f"{max(0.0, seconds):.0f} s"
