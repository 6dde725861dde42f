"""All that is known of a subject at one moment, gathered from the database and from Alertmanager. Concludes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.explaining import boxes, muted, receipts, table, told, weighed
from monitor.explaining.boxes import Box
from monitor.explaining.receipts import Receipt
from monitor.explaining.rows import Subject
from monitor.explaining.told import Told
from monitor.explaining.weighed import Explained, NobodyAnswers
from monitor.home import vectors
from monitor.home.querying import Far, Unanswered
from monitor.home.vectors import Found

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Answer:
    """About a subject at `at_ms`.

    Attributes:
        alerts: each with its conditions.
        muted_by: alert names by the alert they speak for.
        receipts: messages the relay sent in the day before; likewise.
        told: what Alertmanager has of it now; why not, where it was asked in vain; None where it was not asked.
    """

    subject: Subject
    at_ms: int
    alerts: tuple[Explained, ...]
    boxes: tuple[Box, ...]
    muted_by: Mapping[str, tuple[str, ...]]
    told: tuple[Told, ...] | Unanswered | None
    receipts: tuple[Receipt, ...] | Unanswered | None


async def answer(subject: Subject, at_ms: int, database: Far, alertmanager: Far | None, book: Far | None) -> Answer:
    """`alertmanager`: asked only for now, it keeps no past; `book`: of the relay.

    Raises NobodyAnswers when the database does not.
    """
    known: dict[str, list[Found]] = {}

    async def ask(query: str) -> list[Found]:
        if query not in known:
            said = await vectors.at(database, query, at_ms)
            if isinstance(said, Unanswered):
                raise NobodyAnswers(f"{database.url} ({said.why})")
            known[query] = said
        return known[query]

    explained = tuple([await weighed.explain(each, subject, ask) for each in table.of(subject)])
    all_firing = [each.labels for each in await ask('ALERTS{alertstate="firing",product="didban"}')]
    rules = muted.shipped()
    return Answer(
        subject=subject,
        at_ms=at_ms,
        alerts=explained,
        boxes=tuple(await boxes.boxes(subject, ask)),
        muted_by={
            each.explanation.alert: tuple(
                sorted({p["alertname"] for one in each.firing for p in muted.parents(one.labels, all_firing, rules)})
            )
            for each in explained
        },
        told=await _told(alertmanager, subject) if alertmanager is not None else None,
        receipts=await _receipts(book, subject, at_ms) if book is not None else None,
    )


async def _receipts(book: Far, subject: Subject, at_ms: int) -> tuple[Receipt, ...] | Unanswered:
    """Also of what it lies in: a country's message was of its networks too."""
    found = await receipts.receipts(book, {"country": subject.country}, at_ms - _DAY_MS, at_ms + 1)
    if isinstance(found, Unanswered):
        return found
    return tuple(each for each in found if any(_concerns(labels, subject) for labels in each.alerts))


def _concerns(labels: Mapping[str, str], subject: Subject) -> bool:
    wanted = {"country": subject.country, "network": subject.network, "service": subject.service}
    return all(labels.get(key, "") in ("", text) for key, text in wanted.items() if text)


async def _told(alertmanager: Far, subject: Subject) -> tuple[Told, ...] | Unanswered:
    found = await told.told(alertmanager)
    if isinstance(found, Unanswered):
        return found
    ours = (each for each in found if each.labels.get("family") in ("shutdown", "service", "early"))
    return tuple(each for each in ours if _concerns(each.labels, subject))
