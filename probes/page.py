"""What an HTTP answer says: the service's own word, its refusal, or somebody's block page. Asks nobody anything."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from probes.facts import Observation
from probes.fingerprint import Fingerprints, Mark, Meaning
from probes.ports import Page
from probes.words import Answer, Finding

_TOKEN = re.compile(rb"[0-9A-Za-z+/=_.:%-]+")
_DIGITS = frozenset(b"0123456789")


def noted(page: Page, seen: Observation, known: Fingerprints, *, secure: bool) -> Observation:
    """A refusal counts only from an authenticated far end, a block page only in clear: nobody else could send it."""
    answer: Answer | None = None
    if secure:
        mark = known.mark(page, Meaning.REFUSAL, Meaning.CHALLENGE)
        challenged = mark is not None and mark.meaning is Meaning.CHALLENGE
        answer = Answer.CHALLENGE if challenged else Answer.of(page.status)
    else:
        mark = known.mark(page, Meaning.BLOCK_PAGE)
    return replace(
        seen,
        status=page.status,
        answer=answer,
        findings=_findings(mark),
        fingerprint=mark.id if mark else None,
        body_sha256=_digest(page.body) if page.body else None,
    )


def _digest(body: bytes) -> str:
    """Of the page's words. Whatever holds a digit is left out: it may be our own address."""
    words = _TOKEN.sub(lambda found: b"" if any(byte in _DIGITS for byte in found[0]) else found[0], body)
    return hashlib.sha256(words).hexdigest()


def _findings(mark: Mark | None) -> tuple[Finding, ...]:
    match mark:
        case Mark(meaning=Meaning.BLOCK_PAGE):
            return (Finding.BLOCK_PAGE,)
        case Mark(meaning=Meaning.REFUSAL):
            return (Finding.PROVIDER_REFUSAL,)
        case _:
            return ()
