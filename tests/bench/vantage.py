"""What a large vantage states: a view that was taught one good day and a bad hour, and the tick it makes of it."""

from __future__ import annotations

import zlib

from monitor.meaning.baseline import Baselines
from monitor.meaning.canaries import Canaries
from monitor.meaning.landmarks import Landmarks
from monitor.meaning.view import View
from monitor.tick import Tick
from probes.book import Book
from probes.facts import Round, Service, Walk
from probes.words import Failure, Step
from tests.monitor import facts

_DAY_MS = 86_400_000
NOW_MS = 2 * _DAY_MS
_SERVICES = 10
_DOWN = 7  # every seventh target is


def tick(targets: int) -> Tick:
    """Every series of a vantage that walks `targets`, most of them up: about 21 each."""
    return Tick(NOW_MS, dict(view(targets).samples(NOW_MS)))


def view(targets: int) -> View:
    """What it knows then."""
    day_s = _DAY_MS / 1000
    services = tuple(_service(number, targets // _SERVICES) for number in range(_SERVICES))
    known = View(
        vantage=facts.INSIDE,
        services=services,
        turn_s={target.name: 60.0 for service in services for target in service.targets},
        canaries=Canaries([], facts.INSIDE, standing_s=day_s, day_s=day_s),
        landmarks=Landmarks(day_s=day_s),
        baselines=Baselines(day_s=day_s),
        book=Book(keep_ms=7 * 86_400_000),
    )
    for now_ms in (_DAY_MS, _DAY_MS + 60_000, NOW_MS):
        for number, target in enumerate(known.targets()):
            known.add(_round(target.name, now_ms, down=now_ms == NOW_MS and number % _DOWN == 0), now_ms)
    known.beat(NOW_MS)
    return known


def _service(number: int, targets: int) -> Service:
    name = f"messenger{number}"
    rows = tuple(facts.target(f"{name}/edge-{each}") for each in range(targets))
    return Service(name, {"en": name}, "messenger", page=True, targets=rows)


def _round(name: str, now_ms: int, *, down: bool) -> Round:
    length_s = 0.05 + 1e-6 * zlib.crc32(name.encode()) % 0.05
    return facts.rounds(walk(name, now_ms, length_s, down=down), at_ms=now_ms)


def walk(name: str, now_ms: int, length_s: float = 0.0513, *, down: bool = False) -> Walk:
    """An https walk of four steps, or one that ended in the handshake."""
    failed, step = (Failure.TIMEOUT, Step.HANDSHAKE) if down else (None, Step.FETCH)
    return facts.walk(to=name, failed=failed, step=step, started_ms=now_ms, connect_s=length_s)
