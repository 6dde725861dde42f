"""Records for a sealed export: each walk as its bytes lie on disk, with what opens its commitment and no other."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec

from monitor.evidence.proof.commitments import SIZE, Link, commitment, hour_name, ranges, salt
from monitor.stored.committed import Record
from monitor.stored.source import Source


class Standing(StrEnum):
    """How a record stands to the chain."""

    OPENED = "opened"
    NOT_YET = "not_yet_committed"  # of an hour that has not been closed
    NOT_OPENED = "not_opened"  # the chain has its id, and commits to other bytes, or its key is lost


class Opener:
    """Finds the commitment to each record.

    Args:
        spans: of every link that leaves with them: number, first and last id. After a rescue an id may stand in two.
    """

    def __init__(self, kept: Source, spans: Sequence[tuple[int, int, int]]) -> None:
        self._kept, self._spans, self._keys = kept, spans, kept.keys()
        self._hand: tuple[int, dict[int, bytes]] = (0, {})  # number and commitments by id of the link read last
        self._key: bytes | None = None  # of its day
        self.standing = Counter[Standing]()

    def opened(self, record: Record) -> tuple[int | None, bytes | None]:
        """Link and salt. Without the first nothing is committed yet; without the second, to other bytes."""
        number, opening = self._in_hand(record)
        if opening is None:
            for found in (n for n, first, last in self._spans if first <= record.id <= last and n != self._hand[0]):
                self._take(found)
                number, opening = self._in_hand(record)
                if opening is not None:
                    break
        if number is None:
            self.standing[Standing.NOT_YET] += 1
        else:
            self.standing[Standing.OPENED if opening is not None else Standing.NOT_OPENED] += 1
        return number, opening

    def _in_hand(self, record: Record) -> tuple[int | None, bytes | None]:
        number, commitments = self._hand
        committed = commitments.get(record.id)
        if committed is None:
            return None, None
        opening = record.salt or (salt(self._key, record.id) if self._key is not None else None)
        if opening is None or commitment(opening, record.blob) != committed:
            return number, None
        return number, opening

    def _take(self, number: int) -> None:
        link = self._kept.link(number)
        self._key = self._keys.get(link.day)
        places = (slice(at, at + SIZE) for at in range(0, len(link.commitments), SIZE))
        self._hand = (number, {id: link.commitments[place] for id, place in zip(link.ids, places, strict=True)})


def lines(kept: Source, records: Iterable[Record], opener: Opener) -> Iterator[bytes]:
    """One walk a line, and what a responder told of it, if it did."""
    somebody_told = kept.any_accounts
    for record in records:
        number, opening = opener.opened(record)
        marks = record.walk.marks if somebody_told else ()
        yield line(record, number, opening, kept.account(marks[0]) if marks else None)


def line(record: Record, number: int | None, opening: bytes | None, told: bytes | None = None) -> bytes:
    """Its id, its round, its link, its salt, when it truly was, what was told of it; last, its very bytes."""
    head = b'{"id":%d,"round":%d,"link":%s,"salt":%s,' % (
        record.id,
        record.number,
        b"null" if number is None else b"%d" % number,
        b"null" if opening is None else b'"%s"' % opening.hex().encode(),
    )
    time = b'"started_ms":%d,' % record.started_ms
    if time in record.blob:  # what our clock said was true, and is committed to
        time = b""
    if (between := record.between) is not None:
        time = b'"between_ms":%s,' % msgspec.json.encode((between.not_before_ms, between.not_after_ms))
    return head + time + (b'"told":%s,' % told if told is not None else b"") + b'"walk":' + record.blob + b"}\n"


def chain_lines(links: Iterable[Link]) -> Iterator[bytes]:
    for link in links:
        yield (
            msgspec.json.encode(
                {
                    "number": link.number,
                    "hour": hour_name(link.hour_ms),
                    "ids": ranges(link.ids),
                    "previous": link.previous.hex(),
                    "head": link.head.hex(),
                    "commitments": link.commitments.hex(),
                }
            )
            + b"\n"
        )


def gaps(numbers: Iterable[int]) -> list[list[int]]:
    """Pairs of link numbers between which links are lost."""
    return [[before, after] for before, after in itertools.pairwise(numbers) if after != before + 1]
