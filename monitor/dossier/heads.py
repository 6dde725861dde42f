"""The commitments a dossier rests on: the newest head of each day of each box, and one hash over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dashboards.report.model import Evidence, Head, SeenDay, Stamp
from monitor.dossier.exhibits import Committed, Picked
from monitor.evidence.export import Stamped
from monitor.evidence.lines import Box
from monitor.evidence.opened import Opener
from monitor.evidence.proof.commitments import DAY_MS, Link, commitment
from monitor.evidence.proof.verify import together
from monitor.evidence.window import Window, rfc3339


def heads(boxes: Sequence[Box], window: Window, stamped: Stamped) -> list[Head]:
    """Of every box, in the order of its days."""
    return [head for box in boxes for head in _of_box(box, window, stamped)]


def _of_box(box: Box, window: Window, stamped: Stamped) -> Iterator[Head]:
    last: dict[int, Link] = {}
    for link in box.kept.links(window.since_ms, window.until_ms):
        last[link.day] = link
    for day in sorted(last):
        stamps = tuple(Stamp(each.authority, each.at_ms) for each in stamped(box, last[day].head))
        yield Head(box.name, rfc3339(day * DAY_MS)[:10], last[day].head.hex(), stamps)


def evidence(found: Sequence[Head], folder: str, records: int | None, opened: int | None) -> Evidence:
    days = sorted({each.day for each in found})
    stamped = [day for day in days if all(each.stamps for each in found if each.day == day)]
    authorities = sorted({stamp.authority for each in found for stamp in each.stamps})
    root = together(each.head for each in found) if found else ""
    seen = tuple(SeenDay(day, tuple(sorted(_of_all(found, day)))) for day in stamped)
    return Evidence(root, tuple(found), folder, records, opened, len(days), len(stamped), tuple(authorities), seen)


def _of_all(found: Sequence[Head], day: str) -> set[str]:
    """Who stamped every head of that day: what one box alone was told to ask is its keeper's."""
    return set.intersection(*({stamp.authority for stamp in each.stamps} for each in found if each.day == day))


def commitments(picked: Sequence[Picked], window: Window) -> dict[tuple[str, int], Committed]:
    """To each record that is shown, by folder and id; none where its hour is not closed yet."""
    made: dict[tuple[str, int], Committed] = {}
    for box in {id(each.box): each.box for each in picked}.values():
        links = box.kept.links(window.since_ms, window.until_ms)
        opener = Opener(box.kept, [(each.number, each.ids[0], each.ids[-1]) for each in links])
        for record in (record for each in picked if each.box is box for record in each.records):
            number, salt = opener.opened(record)
            if number is not None and salt is not None:
                link_head = box.kept.link(number).head.hex()
                made[(box.name, record.id)] = Committed(commitment(salt, record.blob).hex(), link_head)
    return made
