"""The same world with every cause at another time: what its rules say at the old times, they say by chance. Pure."""

from __future__ import annotations

import dataclasses

from monitor.backtest.worlds.world import Cause, Span, World
from monitor.beat.spread import unit


def moved(world: World) -> World:
    """Each cause begins anew at a moment drawn by a keyed hash; what would reach over the end is cut off there."""
    return dataclasses.replace(world, causes=tuple(_moved(each, world) for each in world.causes))


def _moved(cause: Cause, world: World) -> Cause:
    length_ms = world.until_ms - world.from_ms
    by_ms = int((0.25 + 0.5 * unit(world.name.encode(), cause.id, "moved")) * length_ms)

    def elsewhere(span: Span) -> Span:
        from_ms = world.from_ms + (span.from_ms - world.from_ms + by_ms) % length_ms
        return Span(from_ms, min(world.until_ms, from_ms + span.until_ms - span.from_ms))

    return dataclasses.replace(cause, spans=tuple(sorted(map(elsewhere, cause.spans), key=lambda s: s.from_ms)))
