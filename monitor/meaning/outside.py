"""What controls saw, as far as a box may believe it now: who signs for a name, and which endpoints are dead. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from monitor.pace import Pace
from probes.facts import Service, Target, Vantage
from probes.seen import AGREE, Seen, words
from probes.words import Role

_AHEAD_MS = 3_600_000  # clocks differ


@dataclass(frozen=True, slots=True)
class Trust:
    """What of a book counts at this moment.

    Attributes:
        issuers: it may say of an issuer that controls never saw it.
        dead: it may say of an endpoint that it is dead.
    """

    issuers: bool = False
    dead: bool = False


def trust(book: Seen | None, vantage: Vantage, now_ms: int, pace: Pace) -> Trust:
    """Nothing of a book by one control alone, of one from the future, or at a control, which is to look for itself."""
    if book is None or book.controls < AGREE or vantage.role is Role.CONTROL or book.at_ms > now_ms + _AHEAD_MS:
        return Trust()
    age_s = (now_ms - book.at_ms) / 1000
    return Trust(issuers=age_s <= pace.issuers_s, dead=age_s <= pace.quarantine_s)


def without_the_dead(services: Iterable[Service], book: Seen | None, now: Trust) -> tuple[Service, ...]:
    """The services, with what is dead at all controls set apart from what is walked."""
    dead = book.dead() if book is not None and now.dead else {}
    return tuple(
        replace(service, targets=tuple(_of(target, dead.get(target.name, frozenset())) for target in service.targets))
        for service in services
    )


def _of(target: Target, dead: frozenset[str]) -> Target:
    gone = tuple(each for each in target.endpoints if words(each) in dead)
    if not gone or target.scope is not None or target.about is not None:
        return target
    kept = tuple(each for each in target.endpoints if each not in gone)
    return replace(
        target,
        endpoints=kept,
        quarantined=gone,
        at_least=min(target.at_least, max(1, len(kept))),
        sample=min(target.sample, max(1, len(kept))),
    )


def notices(book: Seen | None, now: Trust, vantage: Vantage, services: Iterable[Service]) -> Iterator[str]:
    """What the keeper of the box should know of it, in whole sentences."""
    if book is not None and not now.issuers and vantage.role is Role.INSIDE:
        yield f"The book of control points is of {day(book)}: by it nothing is said of who signs certificates."
    for service in services:
        for target in service.targets:
            gone = ", ".join(map(words, target.quarantined))
            if gone and target.endpoints:
                yield f"Not walked, as no control point has reached it for a day: {gone} of {target.name}."
            elif gone:
                yield f"{target.name} is unknown: no control point has reached anything of it for a day ({gone})."


def described(book: Seen, vantage: Vantage, now_ms: int, pace: Pace) -> Iterator[str]:
    """The same for `didban check-config`: what is in it, and what of it counts today."""
    names, dead = dict(book.names()), sum(map(len, book.dead().values()))
    controls = f"{book.controls} control{'s' if book.controls > 1 else ''}"
    yield f"of {day(book)}, by {controls}: {len(names)} names, {dead} dead endpoints"
    if vantage.role is Role.CONTROL:
        yield "a control takes addresses from it, and looks for itself at everything else"
    elif book.at_ms > now_ms + _AHEAD_MS:
        yield "it is later than this machine's clock: only its addresses are used"
    elif book.controls < AGREE:
        yield f"of one control alone only addresses are used: issuers and dead endpoints take {AGREE}"
    else:
        counts = trust(book, vantage, now_ms, pace)
        if not counts.dead:
            yield f"older than {pace.quarantine_s / 86400:g} days: endpoints that were dead are walked again"
        if not counts.issuers:
            yield f"older than {pace.issuers_s / 86400:g} days: no certificate's issuer is judged by it"


def day(book: Seen) -> str:
    return datetime.datetime.fromtimestamp(book.at_ms // 1000, datetime.UTC).date().isoformat()
