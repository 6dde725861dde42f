"""Recognises what liars and providers are known to answer. The rows are data (probes/fingerprints/*.yml)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class ForgedAnswer:
    id: str
    network: Network


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign on a page. `statuses` empty: any. `most_bytes`: the words count only in a page this short."""

    id: str
    meaning: Meaning
    where: Where
    pattern: re.Pattern[str]
    statuses: tuple[int, ...] = ()
    most_bytes: int = 64 * 1024

    def fits(self, page: Page) -> bool:
        if self.statuses and page.status not in self.statuses:
            return False
        match self.where:
            case Where.STATUS:
                return self.pattern.search(str(page.status)) is not None
            case Where.HEADER:
                return any(self.pattern.search(f"{key}: {value}") for key, value in page.headers.items())
            case Where.BODY:
                text = page.body.decode("utf-8", errors="replace")
                return len(page.body) <= self.most_bytes and self.pattern.search(text) is not None


@dataclass(frozen=True, slots=True)
class Fingerprints:
    forged: tuple[ForgedAnswer, ...] = ()
    marks: tuple[Mark, ...] = ()

    def forged_answer(self, address: str) -> str | None:
        """The id of the row that knows `address` as a forged answer."""
        ip = ipaddress.ip_address(address)
        return next((row.id for row in self.forged if ip in row.network), None)

    def mark(self, page: Page, *meanings: Meaning) -> Mark | None:
        """The first mark of these meanings on the page, in the order the meanings are given: refusals go first."""
        return next((m for meaning in meanings for m in self.marks if m.meaning is meaning and m.fits(page)), None)
