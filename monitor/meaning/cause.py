"""What a comparison shows: the contract's 2x2, read row by row. Pure; any pattern but these shows nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from probes.facts import Walk
from probes.words import Cell, Failure, Finding, Step

WINDOWS = 3  # that must agree before a cause is named

_FRAME = (Cell.BEFORE, Cell.AFTER)
_SQUARE = (Cell.NAME_HERE, Cell.NAME_THERE, Cell.OTHER_HERE, Cell.OTHER_THERE)
_WRONG_CERTIFICATE = frozenset({Failure.SSL_UNKNOWN_AUTHORITY, Failure.SSL_INVALID_HOSTNAME})
_OUT_OF_DATE = Failure.SSL_INVALID_CERTIFICATE  # its chain leads to a root we trust: only who holds its key can show it
_TELLING = _WRONG_CERTIFICATE | {_OUT_OF_DATE, Failure.TIMEOUT, Failure.CONNECTION_RESET, Failure.EOF}
_POLITE = Failure.SSL_FAILED_HANDSHAKE


def shown(window: Iterable[Walk]) -> frozenset[Finding]:
    """What one window is consistent with; nothing while a canary is silent, or a cell was not walked."""
    cells = {walk.cell: walk for walk in window if walk.cell is not None}
    if not all(cell in cells for cell in (*_FRAME, *_SQUARE)) or not all(cells[cell].reached for cell in _FRAME):
        return frozenset()
    passed = tuple(cells[cell].authenticated for cell in _SQUARE)
    here, there = cells[Cell.NAME_HERE], cells[Cell.NAME_THERE]
    if passed == (False, False, True, True) and _at_the_name(here, there):
        return frozenset({Finding.NAME_FILTERED, *_how(cells)})
    if passed == (False, True, False, True) and here.booked and here.failure is not _OUT_OF_DATE:
        return frozenset({Finding.ADDRESS_FILTERED})  # not booked, it may never have stood there
    return frozenset()


def _at_the_name(here: Walk, there: Walk) -> bool:
    """They broke where the name is said. A polite No is telling only where neither server has a reason for it.

    A server may refuse a name it does not know (RFC 6066). This one here knew it lately, if it is booked; and the one
    there has just let another name pass that is none of its own.
    """
    telling = _TELLING | {_POLITE} if here.booked else _TELLING
    return all(walk.last.step is Step.HANDSHAKE and walk.failure in telling for walk in (here, there))


def _how(cells: Mapping[Cell, Walk]) -> Iterable[Finding]:
    """What follows the name from address to address is somebody's doing on the way."""
    met = {cells[Cell.NAME_HERE].failure, cells[Cell.NAME_THERE].failure}
    if met == {Failure.CONNECTION_RESET}:
        yield Finding.INJECTED_RESET
    if met <= _WRONG_CERTIFICATE:
        yield Finding.FORGED_CERTIFICATE


def led_astray(failed: Iterable[Walk], window: Iterable[Walk]) -> frozenset[Finding]:
    """Whether the resolver's answer led to a wrong certificate, while another address authenticates from here now."""
    proven = {walk.address for walk in window if walk.cell is Cell.NAME_HERE and walk.authenticated}
    for walk in failed:
        answers = walk.steps[0].answers or () if walk.steps[0].step is Step.RESOLVE else ()
        wrong = any(seen.step is Step.HANDSHAKE and seen.failure in _WRONG_CERTIFICATE for seen in walk.steps)
        if answers and wrong and not walk.booked and proven and proven.isdisjoint(answers):
            return frozenset({Finding.FORGED_DNS_ANSWER})
    return frozenset()


def settled(windows: Iterable[frozenset[Finding]]) -> frozenset[Finding]:
    """What the last windows agree on, once there are enough of them."""
    last = list(windows)[-WINDOWS:]
    return frozenset.intersection(*last) if len(last) == WINDOWS else frozenset()
