"""Recognises what liars and providers are known to answer. The rows are data (probes/fingerprints/*.yml)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from probes.ports import Page

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Where(StrEnum):
    BODY = "body"
    HEADER = "header"
    STATUS = "status"


class Meaning(StrEnum):
    BLOCK_PAGE = "block_page"  # a censor's page: proof of interference, in clear text only
    REFUSAL = "provider_refusal"  # the provider says in so many words that it will not serve
    CHALLENGE = "challenge"  # asks whether we are human: it answered
    AMBIGUOUS = "ambiguous"  # a No that anybody may get: noted, and only controls may make more of it
    ORDINARY = "ordinary"  # a published list's own word that its other rows may not be believed on such a page


@dataclass(frozen=True, slots=True)
class ForgedAnswer:
    id: str
    network: Network


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign on a page.

    Attributes:
        statuses: the words count only with one of these; empty: with any.
        most_bytes: the words count only in a page this short.
        header: the name, in small letters, of the header whose value is looked at; empty: each whole line of the head.
        vague: words that anybody may write, a censor too: in clear they hide no block page.
        published: the list of others it comes from; empty: ours.
        looked_at: how much of a body the pattern is run over, in bytes.
        then: what must stand behind it, in this order.
    """

    id: str
    meaning: Meaning
    where: Where
    pattern: re.Pattern[str]
    statuses: tuple[int, ...] = ()
    most_bytes: int = 64 * 1024
    header: str = ""
    vague: bool = False
    published: str = ""
    looked_at: int = 64 * 1024
    then: tuple[re.Pattern[str], ...] = ()

    def fits(self, page: Page) -> bool:
        if self.statuses and page.status not in self.statuses:
            return False
        match self.where:
            case Where.STATUS:
                return self.pattern.search(str(page.status)) is not None
            case Where.HEADER:
                return any(self._stands_in(text) for text in self._of_head(page))
            case Where.BODY:
                text = page.body[: self.looked_at].decode("utf-8", errors="replace")
                return len(page.body) <= self.most_bytes and self._stands_in(text)

    def _stands_in(self, text: str) -> bool:
        at = 0
        for pattern in (self.pattern, *self.then):
            if (found := pattern.search(text, at)) is None:
                return False
            at = found.end()
        return True

    def _of_head(self, page: Page) -> list[str]:
        lines = page.headers.items()
        return [value if self.header else f"{key}: {value}" for key, value in lines if self.header in ("", key.lower())]


@dataclass(frozen=True, slots=True)
class Fingerprints:
    forged: tuple[ForgedAnswer, ...] = ()
    marks: tuple[Mark, ...] = ()
    _rows: Mapping[tuple[int, int], Mapping[int, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Of each address family and length of prefix: the prefix and the number of its first row."""
        rows: dict[tuple[int, int], dict[int, int]] = {}
        for number, row in enumerate(self.forged):
            of = row.network
            beyond = of.max_prefixlen - of.prefixlen
            rows.setdefault((of.version, beyond), {}).setdefault(int(of.network_address) >> beyond, number)
        object.__setattr__(self, "_rows", rows)

    def forged_answer(self, address: str) -> str | None:
        """The id of the row that knows `address` as a forged answer; asked of every answer, so looked up."""
        ip = ipaddress.ip_address(address)
        value, version = int(ip), ip.version
        found = [
            number
            for (family, beyond), prefixes in self._rows.items()
            if family == version and (number := prefixes.get(value >> beyond)) is not None
        ]
        return self.forged[min(found)].id if found else None

    def more(self, others: Fingerprints) -> Fingerprints:
        """These, then the others: what stands first is believed first."""
        return Fingerprints((*self.forged, *others.forged), (*self.marks, *others.marks))

    def mark(self, page: Page, *meanings: Meaning) -> Mark | None:
        """The first mark of these meanings on the page, in the order the meanings are given: refusals go first."""
        return _first(self.marks, page, *meanings)

    def mark_in_clear(self, page: Page) -> Mark | None:
        """The mark on a page that anybody on the way may have written: what providers are known to say goes first.

        One published list takes any page with "Ray ID:" for an ordinary one, another takes any "access denied" for a
        block page; a provider's own words (error 1009 of Cloudflare) are neither. What is vague is the provider's only
        when the far end has proved who it is: a censor may answer 451, too.
        """
        plain = [mark for mark in self.marks if not mark.vague and mark.where is not Where.STATUS]
        if (said := _first(plain, page, Meaning.REFUSAL, Meaning.CHALLENGE)) is not None:
            return said
        ordinary = {mark.published for mark in plain if mark.meaning is Meaning.ORDINARY and mark.fits(page)}
        blocks = (mark for mark in plain if mark.meaning is Meaning.BLOCK_PAGE and mark.published not in ordinary)
        return next((mark for mark in blocks if mark.fits(page)), None)


def _first(marks: Sequence[Mark], page: Page, *meanings: Meaning) -> Mark | None:
    return next((mark for meaning in meanings for mark in marks if mark.meaning is meaning and mark.fits(page)), None)
