"""What an HTTP answer says: the service's own word, its refusal, or somebody's block page. Asks nobody anything."""

from __future__ import annotations

import datetime
import hashlib
import re
import urllib.parse

from msgspec.structs import replace

from probes.facts import Observation
from probes.fingerprint import Fingerprints, Mark, Meaning
from probes.ports import Page
from probes.words import Answer, Finding

_TOKEN = re.compile(rb"[0-9A-Za-z+/=_.:%-]+")
_DIGITS = frozenset(b"0123456789")
_DATE = re.compile(r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def noted(page: Page, seen: Observation, known: Fingerprints, *, host: str, secure: bool) -> Observation:
    """A refusal counts only from an authenticated far end, a block page only in clear: nobody else could send it.

    In clear a provider's words prove nothing, but they keep a list of others from calling their page a block page.
    """
    answer: Answer | None = None
    if secure:
        mark = known.mark(page, Meaning.REFUSAL, Meaning.CHALLENGE, Meaning.AMBIGUOUS)
        challenged = mark is not None and mark.meaning is Meaning.CHALLENGE
        answer = Answer.CHALLENGE if challenged else Answer.of(page.status)
    else:
        mark = known.mark_in_clear(page)
    return replace(
        seen,
        status=page.status,
        answer=answer,
        findings=_findings(mark, secure=secure),
        fingerprint=mark.id if mark else None,
        elsewhere=_leads_elsewhere(page, host),
        date_ms=_date_ms(page) if secure else None,
        body_sha256=_digest(page.body) if page.body else None,
    )


def _leads_elsewhere(page: Page, host: str) -> str | None:
    """24 bits of a digest of the host that `Location` names, if it is neither the one asked nor above or below it."""
    location = _header(page, "location")
    if location is None or page.status // 100 != 3:
        return None
    try:
        named = urllib.parse.urlsplit(location).hostname or host
    except ValueError:
        return None
    if any(one == other or one.endswith(f".{other}") for one, other in ((named, host), (host, named))):
        return None
    return hashlib.sha256(named.encode()).hexdigest()[:6]


def _header(page: Page, name: str) -> str | None:
    return next((value for key, value in page.headers.items() if key.lower() == name), None)


def _date_ms(page: Page) -> int | None:
    """Of the answer's `Date` (RFC 9110 section 6.6.1), in the one form that is still sent (section 5.6.7)."""
    said = _DATE.fullmatch((_header(page, "date") or "").strip())
    if said is None or said[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(said[number]) for number in (1, 3, 4, 5, 6))
    try:
        when = datetime.datetime(year, _MONTHS.index(said[2]) + 1, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        return None
    return int(when.timestamp() * 1000)


def _digest(body: bytes) -> str:
    """Of the page's words. Whatever holds a digit is left out: it may be our own address."""
    words = _TOKEN.sub(lambda found: b"" if any(byte in _DIGITS for byte in found[0]) else found[0], body)
    return hashlib.sha256(words).hexdigest()


def _findings(mark: Mark | None, *, secure: bool) -> tuple[Finding, ...]:
    match mark:
        case Mark(meaning=Meaning.BLOCK_PAGE) if not secure:
            return (Finding.BLOCK_PAGE,)
        case Mark(meaning=Meaning.REFUSAL) if secure:
            return (Finding.PROVIDER_REFUSAL,)
        case _:
            return ()
