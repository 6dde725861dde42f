"""The fleet on a terminal of 80 columns: the JSON of the hub's `GET /api/v1/status`, and what its database has."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.telling.board import Json, ago, header, moment, table

_SILENT_S = 180.0  # as the rules have it


def fleet(status: Json) -> Group:
    """All of it."""
    return Group(*_parts(status))


def _parts(status: Json) -> Iterator[RenderableType]:
    boxes = status["vantages"]
    yield header(status["hub"], "hub", status["at"])
    yield Text(_summary(status))
    yield Text()
    yield _boxes(status)
    waiting, last = status["waiting"], status["database"]["last_success"]
    said = f"{waiting['samples']:,} samples wait for the database" if waiting["samples"] else "nothing waits"
    yield Text()
    yield Text(f"To the database: {said}, last taken {ago(last, status['at']) if last else 'never'}.")
    for each in (each for each in boxes if each["waiting"]):
        yield Text(f"! {each['vantage']}: {each['waiting']:,} of its samples wait for the database.", style="yellow")
    if status["trouble"]:
        yield Text(f"! The queue cannot be written: {status['trouble']}.", style="red")
    if status.get("asked"):
        yield Text(f"! {status['asked']}.", style="yellow")
    if status["watched"]:
        yield Text(
            f"! Watched, so that one silent box there is a page: {', '.join(status['watched'])}.", style="yellow"
        )
    for refused in (each for each in boxes if each["refused"]):
        counts = ", ".join(f"{n} {why.replace('_', ' ')}" for why, n in sorted(refused["refused"].items()))
        yield Text(f"! {refused['vantage']}: batches not taken: {counts}.", style="yellow")


def _summary(status: Json) -> str:
    boxes = [each for each in status["vantages"] if not each["paused"]]
    silent = [each["vantage"] for each in boxes if not _heard(each, status["at"])]
    paused = len(status["vantages"]) - len(boxes)
    said = f"{len(boxes)} boxes are expected; " if len(boxes) != 1 else "1 box is expected; "
    said += f"silent: {', '.join(silent)}." if silent else "all of them were heard within 3 minutes."
    said += f" Paused: {paused}." if paused else ""
    return said + (f" Retired: {status['retired']}." if status["retired"] else "")


def _last(each: Json) -> str | None:
    """The later of what this process took and what the database has."""
    times = [each["heard"], (each.get("delivered") or {}).get("last")]
    return max((time for time in times if time), key=moment, default=None)


def _heard(each: Json, now: str) -> bool:
    last = _last(each)
    return last is not None and (moment(now) - moment(last)).total_seconds() <= _SILENT_S


def _boxes(status: Json) -> Table:
    shown = table("", "box", "role", "stands in", "heard", "ticks 1 h", "ticks 1 d")
    for each in status["vantages"]:
        shown.add_row(*_row(each, status["at"]))
    return shown


def _ago(last: str | None, now: str, *, heard: bool) -> str:
    if last is None:
        return "silent, never"
    return ago(last, now) if heard else f"silent, {ago(last, now)}"


def _row(each: Json, now: str) -> Iterator[Text]:
    heard, last = _heard(each, now), _last(each)
    if each["paused"]:
        yield Text("‖", style="dim")
    else:
        yield Text("●", style="green") if heard else Text("✕", style="bold red")
    yield Text(each["vantage"])
    yield Text(each["role"], style="" if each["role"] == "inside" else "dim")
    yield Text(" ".join(filter(None, (each["country"], each.get("network"), each["access"]))))
    said = "paused" if each["paused"] else _ago(last, now, heard=heard)
    yield Text(said, style="dim" if each["paused"] else "" if heard else "red")
    delivered = each.get("delivered")
    yield Text(str(delivered["ticks_1h"]) if delivered else "?")
    yield Text(str(delivered["ticks_1d"]) if delivered else "?")
