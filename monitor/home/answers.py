"""What whoever takes remote write means by the status of its answer. Asks nobody."""

from __future__ import annotations

from enum import Enum, auto

OF_ITS_OWN = frozenset(
    {408, 425, 429, 503}
)  # the receiver's word, and nobody's on the way: other ways lead to the same
_LATER = OF_ITS_OWN | {401, 403, 404, 502, 504, 511}  # a set-up of ours or theirs, or too fast: never the samples


class Outcome(Enum):
    TAKEN = auto()
    REFUSED = auto()  # what was sent will never be taken as it is
    FAULT = auto()  # either what was sent or who received it: Prometheus 2.42 says 500 to a sample that is too old
    LATER = auto()  # nobody answered, or not now


def meant(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.TAKEN
    if status in _LATER or status < 400:  # a redirect is a login page's: nothing was stored behind it
        return Outcome.LATER
    return Outcome.REFUSED if status < 500 else Outcome.FAULT


def asked_to_wait_s(header: str | None) -> float:
    """Of a `Retry-After` in seconds; a date is not read: our clock may be wrong."""
    return float(header) if header is not None and header.isascii() and header.isdigit() and len(header) < 8 else 0.0
