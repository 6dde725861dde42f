"""Walks as a flat table, one line a step, for whoever has a spreadsheet. No cell of it is ever run as a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

from monitor.evidence.lines import Box
from monitor.evidence.window import rfc3339
from monitor.stored.committed import Between, Record
from probes.facts import Observation, Walk

Cell = str | int | float | bool | None

_RUN = ("=", "+", "-", "@", "\t", "\r", "\n")  # how a formula begins (OWASP, CSV Injection)

HEADER = (
    "vantage", "country", "network", "access", "role",
    "record", "round", "reason", "target", "host", "port", "transport", "address", "by_the_book", "comparison_cell",
    "walk_started_utc", "walk_not_before_utc", "walk_not_after_utc", "walk_sent_bytes", "walk_received_bytes",
    "step_number", "step", "took_seconds", "failure", "findings", "fingerprint",
    "answers", "answers_isp", "answers_trusted", "answers_second",
    "certificate_issuer", "certificate_sha256", "certificate_expires_utc",
    "status", "answer", "far_end_date_utc", "body_sha256", "hello_sha256",
    "transfer_received_bytes", "transfer_longest_wait_seconds", "transfer_waited_at_byte", "transfer_quiet_seconds",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """Writes rows under one header; what stands in them is guarded."""

    file: TextIO

    def write(self, header: Iterable[str], rows: Iterable[Iterable[Cell]]) -> int:
        """How many rows."""
        writer, count = csv.writer(self.file), 0
        writer.writerow(header)
        for count, row in enumerate(rows, 1):  # noqa: B007
            writer.writerow([guarded(cell) for cell in row])
        return count


def guarded(cell: Cell) -> str:
    """As a spreadsheet may read it: a quote stands before whatever it would run."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case str():
            return f"'{cell}" if cell.startswith(_RUN) else cell
    return repr(cell)


def rows(box: Box, records: Iterable[Record]) -> Iterator[tuple[Cell, ...]]:
    who = tuple(box.identity.get(key, "") for key in HEADER[:5])
    for record in records:
        walk = record.walk
        head = (*who, record.id, record.number, *_of_walk(walk, record.between))
        for number, seen in enumerate(walk.steps, 1):
            yield (*head, number, *_of_step(seen))


def _of_walk(walk: Walk, between: Between | None) -> tuple[Cell, ...]:
    to = walk.endpoint
    bounds = (between.not_before_ms, between.not_after_ms) if between is not None else (None, None)
    return (
        walk.reason, walk.target, to.host, to.port, to.transport, walk.address, walk.booked, walk.cell,
        rfc3339(walk.started_ms) if between is None else None,
        *(rfc3339(bound) if bound is not None else None for bound in bounds), walk.bytes_sent, walk.bytes_received,
    )  # fmt: skip


def _of_step(seen: Observation) -> tuple[Cell, ...]:
    certificate = seen.certificate
    return (
        seen.step, seen.took_s, seen.failure, _listed(seen.findings), seen.fingerprint,
        *(_listed(each) for each in (seen.answers, seen.isp, seen.trusted, seen.others)),
        certificate.issuer if certificate else None,
        certificate.sha256 if certificate else None,
        rfc3339(certificate.expires_ms) if certificate else None,
        seen.status, seen.answer, rfc3339(seen.date_ms) if seen.date_ms is not None else None,
        seen.body_sha256, seen.hello_sha256,
        seen.bytes_received, seen.longest_wait_s, seen.waited_at_byte, seen.quiet_s,
    )  # fmt: skip


def _listed(words: Iterable[str] | None) -> str | None:
    return None if words is None else " ".join(words)
