"""What a tick says of the daemon itself: its configuration, its disk, and the fleet of one it is its own hub of."""

from __future__ import annotations

from collections.abc import Iterator

from monitor import metrics
from monitor.hub.registry import Registry
from monitor.metrics import Series
from monitor.spool import SpoolSize


def of_daemon(
    size: SpoolSize, registry: Registry | None, *, reload_ok: bool, reloaded_ms: int, now_ms: int
) -> Iterator[tuple[Series, float]]:
    yield Series(metrics.RELOAD_OK, ()), float(reload_ok)
    yield Series(metrics.RELOAD_TIME, ()), reloaded_ms / 1000
    yield Series(metrics.SPOOL_OBSERVATIONS, ()), float(size.walks)
    yield Series(metrics.SPOOL_BYTES, ()), float(size.bytes)
    if size.oldest_ms is not None:
        yield Series(metrics.SPOOL_OLDEST, ()), size.oldest_ms / 1000
    if registry is not None:  # all of it is about this vantage, so it carries our own identity
        yield from ((series, value) for series, _, value in registry.statements(now_ms))
