"""Evidence out of one spool or several, whole or for everybody, in one of four forms. Reads spools, asks nobody."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from monitor import CONTRACT, __version__, judge
from monitor.evidence import opened, readme
from monitor.evidence.forms import ooni, openmetrics, public, table
from monitor.evidence.lines import Box
from monitor.evidence.opened import Opener, Standing
from monitor.evidence.progress import Progress
from monitor.evidence.proof import verify
from monitor.evidence.proof.commitments import DAY_MS, Link
from monitor.evidence.proof.manifest import Folder
from monitor.evidence.proof.stamps import Stamp
from monitor.evidence.rounds import Walked, rounds
from monitor.evidence.window import Window, rfc3339
from monitor.stored.committed import Between, Record

SIMULATED = "simulated"  # what a spool remembers that no box kept: the name of the simulation it is of
Stamped = Callable[[Box, bytes], Sequence[Stamp]]


class Form(StrEnum):
    OONI = "ooni"
    OPENMETRICS = "openmetrics"
    CSV = "csv"
    JSONL = "jsonl"


FILES = {Form.OONI: "ooni.jsonl", Form.OPENMETRICS: "ticks.openmetrics.txt", Form.CSV: "walks.csv"}


@dataclass(frozen=True, slots=True)
class Export:
    """What was asked for. `at_ms`: when."""

    window: Window
    form: Form
    at_ms: int

    def about(self, what: str, window: Window, at_ms: int) -> dict[str, object]:
        return {
            "what": what,
            "form": self.form.value,
            "since": rfc3339(window.since_ms),
            "until": rfc3339(window.until_ms),
            "written": rfc3339(at_ms),
            "method": {"didban": __version__, "judge": judge.VERSION, "contract": CONTRACT},
        }


# ---------------------------------------------------------------- whole


def sealed(
    asked: Export, boxes: Sequence[Box], out: Path, progress: Progress, *, stamped: Stamped, roots: Callable[[], bytes]
) -> list[str]:
    """Writes everything there is. Returns what whoever asked should know, in sentences. Raises OSError.

    Args:
        stamped: the time-stamps of a head.
        roots: the certificates, in PEM, by which those that were given are believed.
    """
    folder, news, parts = Folder(out), [], []
    for box in boxes:
        part, more = _box(asked, box, folder, progress, stamped)
        parts.append(part)
        news += more
    folder.write("verify.py", Path(verify.__file__).read_bytes())
    if pem := roots():
        folder.write(verify.ROOTS, pem)
    about = asked.about("Didban's records, whole", asked.window, asked.at_ms)
    folder.write("README.txt", readme.sealed(about, parts, has_roots=bool(pem)).encode())
    folder.finish({**about, "boxes": parts})
    return news


def _box(
    asked: Export, box: Box, folder: Folder, progress: Progress, stamped: Stamped
) -> tuple[dict[str, object], list[str]]:
    window, name = asked.window, box.name
    spans: list[tuple[int, int, int]] = []
    last: dict[int, Link] = {}  # of each day
    committed = 0

    def noted(links: Iterable[Link]) -> Iterator[Link]:
        nonlocal committed
        for link in links:
            committed += len(link.ids)
            spans.append((link.number, link.ids[0], link.ids[-1]))
            last[link.day] = link
            yield link

    folder.write_lines(
        f"{name}/chain.jsonl", opened.chain_lines(noted(box.kept.links(window.since_ms, window.until_ms)))
    )
    opener, count = Opener(box.kept, spans), box.kept.count(window.since_ms, window.until_ms)

    def records() -> Iterator[Record]:
        return progress.over(box.kept.records(window.since_ms, window.until_ms), name, count)

    written = folder.write_lines(f"{name}/walks.jsonl", opened.lines(box.kept, records(), opener))
    more = {**_times(box, window, folder), **_form(asked.form, box, window, folder, records)}
    standing = {each.value: opener.standing[each] for each in Standing}
    newest = last[max(last, key=lambda day: last[day].number)] if last else None
    part: dict[str, object] = {
        "folder": name,
        **_whose(box),
        "method": [labels for named, labels in box.kept.series().values() if named == "didban_method_info"],
        "walks": {"written": written, **standing},
        **more,
        "chain": {
            "first": spans[0][0] if spans else 0,
            "last": newest.number if newest else 0,
            "head": newest.head.hex() if newest else "",
            "walks": committed,
            "gaps": opened.gaps(number for number, _, _ in spans),
        },
        "heads": [_head(box, link, folder, stamped) for link in sorted(last.values(), key=lambda each: each.number)],
    }
    news = list(_news(box, written, opener, bool(spans)))
    if left_out := more.get("rounds_of_own_targets"):
        news.append(f"{name}: {left_out} rounds are of targets no catalogue of ours names: in walks.jsonl alone.")
    return part, news


def _whose(box: Box) -> dict[str, object]:
    """Who it is; the cohort where it is known; and that a program made it up, where one did."""
    identity = {key: box.identity.get(key, "") for key in ("vantage", "country", "network", "access", "role")}
    identity |= {"cohort": box.identity["cohort"]} if "cohort" in box.identity else {}
    name = box.kept.memory(SIMULATED)
    return {"identity": identity, **({SIMULATED: name} if isinstance(name, str) else {})}


def _times(box: Box, window: Window, folder: Folder) -> dict[str, object]:
    """What of the box's ticks was told its time later, and what never was; what the manifest says of it."""
    later = [
        {"tick_ms": at_ms, "told_later": True, "boot": boot, "error_ms": error_ms}
        for at_ms, boot, error_ms in box.kept.stamped_later(window.since_ms, window.until_ms)
    ]
    never = [
        {
            "between_ms": (tick.not_before_ms, tick.not_after_ms),
            "boot": tick.boot,
            "boot_ms": tick.boot_ms,
            "samples": [(name, dict(labels), value) for name, labels, value in tick.samples],
        }
        for tick in box.kept.unstamped()
        if Between(tick.not_before_ms, tick.not_after_ms).meets(window.since_ms, window.until_ms)
    ]
    if later or never:
        lines = (msgspec.json.encode(each) + b"\n" for each in (*later, *never))
        folder.write_lines(f"{box.name}/times.jsonl", lines)
    return {"ticks_told_their_time_later": len(later), "ticks_without_a_time": len(never)}


def _news(box: Box, written: int, opener: Opener, chained: bool) -> Iterator[str]:
    if not written:
        yield f"{box.name}: nothing was kept of that time."
    elif not chained:
        yield f"{box.name}: no hour of that time has been committed to; a daemon of this version does so every hour."
    if changed := opener.standing[Standing.NOT_OPENED]:
        yield f"{box.name}: {changed} walks are NOT what the chain commits to: changed on disk, or their key is lost."


def _head(box: Box, link: Link, folder: Folder, stamped: Stamped) -> dict[str, object]:
    """The newest of a day, and who saw it when."""
    stamps = []
    for number, stamp in enumerate(stamped(box, link.head), 1):
        file = f"stamps/{link.head.hex()[:16]}-{number}.tsr"
        folder.write(f"{box.name}/{file}", stamp.response)
        time = rfc3339(stamp.at_ms, digits=0)
        stamps.append({"authority": stamp.authority, "time": time, "file": file})
    day = rfc3339(link.day * DAY_MS)[:10]
    return {"day": day, "link": link.number, "head": link.head.hex(), "stamps": stamps}


def _form(
    form: Form, box: Box, window: Window, folder: Folder, records: Callable[[], Iterator[Record]]
) -> dict[str, object]:
    """The other form beside the records; what the manifest says of it."""
    match form:
        case Form.JSONL:
            return {}
        case Form.CSV:
            with (
                folder.create(f"{box.name}/{FILES[form]}") as file,
                io.TextIOWrapper(file, "utf-8", newline="") as text,
            ):
                return {"steps": table.Table(text).write(table.HEADER, table.rows(box, records()))}
        case Form.OONI:
            shared = public.shown()
            timed = (each for each in records() if each.between is None)  # a measurement has a time
            left_out = 0

            def of_many() -> Iterator[Walked]:
                nonlocal left_out
                for each in rounds(timed):
                    if each.target in shared:
                        yield each
                    else:
                        left_out += 1

            count = folder.write_lines(f"{box.name}/{FILES[form]}", ooni.lines(box, of_many()))
            return {"measurements": count, "rounds_of_own_targets": left_out}
        case Form.OPENMETRICS:
            kept = box.kept.ticks(window.since_ms, window.until_ms)
            gathering = openmetrics.Gathering(folder.within(box.name))
            with closing(gathering), folder.create(f"{box.name}/{FILES[form]}") as file:
                heads, nameless = openmetrics.ticks(gathering, kept)
                gathering.write(file, heads)
                return {"samples": gathering.samples, "samples_without_a_name": nameless}


# ---------------------------------------------------------------- for everybody


def for_everybody(asked: Export, boxes: Sequence[Box], out: Path, progress: Progress) -> list[str]:
    """Writes what finds no household. Returns what whoever asked should know. Raises OSError."""
    window = public.rounded(asked.window)
    folder, found = Folder(out), 0

    def records(box: Box, since_ms: int, until_ms: int) -> Iterator[Record]:
        return progress.over(box.kept.few_records(since_ms, until_ms), rfc3339(since_ms)[:10], 0)

    rows = public.rows(boxes, window, asked.at_ms, public.shown(), records)
    match asked.form:
        case Form.CSV:
            with folder.create("shares.csv") as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
                found = table.Table(text).write(public.HEADER, (row.cells() for row in rows))
        case Form.OPENMETRICS:
            gathering = openmetrics.Gathering(folder.path)
            with closing(gathering), folder.create("shares.openmetrics.txt") as file:
                heads = public.gathered(gathering, rows)
                gathering.write(file, heads)
                found = gathering.samples
        case _:
            lines = (msgspec.json.encode(dict(zip(public.HEADER, row.cells(), strict=True))) + b"\n" for row in rows)
            found = folder.write_lines("shares.jsonl", lines)
    at_ms = asked.at_ms // public.SLOT_MS * public.SLOT_MS
    about = asked.about("Shares of Didban's walks, for everybody", window, at_ms)
    folder.write("README.txt", readme.for_everybody(about).encode())
    folder.finish({**about, "rows": found})
    return (
        [] if found else ["No row is coarse and old enough to be shown: fewer than three lines, and younger than 24 h."]
    )
