"""`didban check-config`: which kind of file it is, what is wrong with it, what it would cost and cannot see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from monitor import config
from monitor.begin import consent, cost
from monitor.hub import settings
from monitor.meaning import networks, outside
from monitor.notify import enough
from monitor.pace import Pace
from monitor.telling import notices
from probes import catalogue, seenfile
from probes.doors.clock import SystemClock
from probes.doors.yamlfile import Mistake, read
from probes.published import Published
from probes.words import Role

_MOST_LINES = 20


def check(path: Path) -> tuple[str, tuple[Mistake, ...]]:
    """Good news, the first line of it the shortest, or every mistake. Which kind of file it is, its keys say."""
    match read(path).value:
        case {"forward": _} | {"registry": _} | {"credentials": _}:
            hub, mistakes = settings.load(path)
            return "\n".join(_of_hub(hub)) if hub else "", mistakes
        case {"book": int(), **rest} if "vantage" not in rest:
            book, mistakes = seenfile.load(path)
            return f"book of {outside.day(book)}, by {book.controls}" if book else "", mistakes
        case {"service": _} | {"targets": _}:
            service, mistakes = catalogue.load_file(path)
            return f"{len(service.targets)} targets" if service else "", mistakes
        case _:
            loaded, mistakes = config.load(path)
            return "\n".join(_news(loaded)) if loaded else "", mistakes


def _of_hub(hub: settings.LoadedHub) -> Iterator[str]:
    yield f"{len(hub.registry.vantages)} vantages"
    yield from enough.notices(hub.config.notify, {each.id for each in hub.registry.services if each.watched})
    watched = {each.country for each in hub.registry.vantages.values() if each.role is Role.INSIDE}
    if watched:
        yield from networks.unobservable(hub.registry.services, watched)


def _news(loaded: config.Loaded) -> Iterator[str]:
    a_day, cap = cost.bytes_per_day(loaded.config, loaded.services), loaded.config.bytes_per_day
    targets = sum(len(service.targets) for service in loaded.services)
    news = f"{targets} targets of {len(loaded.services)} services, about {_mb(a_day)} MB a day of {_mb(cap)}"
    if a_day > cap:
        news += "; more than the cap: what is not essential will be stretched, or give a longer interval"
    yield news
    if (lacking := consent.lacking(loaded.config)) is not None:
        yield f"Nothing will be sent yet: {lacking}."
    yield from notices.of_sealing(loaded.config)
    if loaded.config.notify.any:
        yield from enough.notices(loaded.config.notify, {each.id for each in loaded.services if each.watched})
    for name, found in zip(loaded.config.fingerprints, loaded.fingerprints, strict=True):
        yield from _of_list(name, found)
    if loaded.book is not None:
        vantage, pace = loaded.config.as_vantage(), Pace.of(loaded.config)
        for said in outside.described(loaded.book, vantage, SystemClock().now_ms(), pace):
            yield f"{loaded.config.book}: {said}"
    if loaded.config.vantage.role is Role.CONTROL:
        yield from networks.unobservable(loaded.services)


def _mb(number_bytes: float) -> str:
    """Whole ones, but for a cap below them: 500KB is no cap of 0."""
    return f"{number_bytes / 1e6:.0f}" if number_bytes >= 1e6 else f"{number_bytes / 1e6:.2g}"


def _of_list(name: str, found: Published) -> Iterator[str]:
    """How far a list of fingerprints is used. A row of others that cannot be is no mistake of whoever runs this box."""
    left_out = "".join(f"; left out: {count} {why}" for why, count in sorted(found.left_out.items()))
    yield f"{name}: {found.used} rows used{left_out}"
    yield from (f"{each} (not used)" for each in found.unusable[:_MOST_LINES])
    if len(found.unusable) > _MOST_LINES:
        yield f"{name}: {len(found.unusable) - _MOST_LINES} more rows cannot be used"
