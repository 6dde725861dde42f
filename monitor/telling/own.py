"""What a tick says of the daemon itself: its configuration, its disk, and the fleet of one it is its own hub of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor import metrics
from monitor.keeping.retention import Gone, SpoolSize
from monitor.metrics import Series

if TYPE_CHECKING:
    from monitor.hub.registry import Registry


@dataclass(frozen=True, slots=True)
class Disk:
    """How the spool stands. `limit_bytes`: None while that cannot be said. `waiting`, `forgotten`: writes in memory."""

    size: SpoolSize
    limit_bytes: int | None
    gone: Gone
    waiting: int = 0
    forgotten: int = 0


def of_daemon(
    disk: Disk, registry: Registry | None, *, reload_ok: bool, reloaded_ms: int, now_ms: int
) -> Iterator[tuple[Series, float]]:
    yield Series(metrics.RELOAD_OK, ()), float(reload_ok)
    yield Series(metrics.RELOAD_TIME, ()), reloaded_ms / 1000
    yield from _of_disk(disk)
    if registry is not None:  # all of it is about this vantage, so it carries our own identity
        yield from ((series, value) for series, _, value in registry.statements(now_ms))


def _of_disk(disk: Disk) -> Iterator[tuple[Series, float]]:
    size, gone = disk.size, disk.gone
    yield Series(metrics.SPOOL_OBSERVATIONS, ()), float(size.walks)
    yield Series(metrics.SPOOL_BYTES, ()), float(size.bytes)
    if disk.limit_bytes is not None:
        yield Series(metrics.SPOOL_LIMIT, ()), float(disk.limit_bytes)
    if size.oldest_ms is not None:
        yield Series(metrics.SPOOL_OLDEST, ()), size.oldest_ms / 1000
    yield Series(metrics.SPOOL_WAITING, ()), float(disk.waiting)
    lost = {"thinned": gone.thinned, "unsent": gone.unsent, "unstamped": gone.unstamped, "forgotten": disk.forgotten}
    yield from ((Series(metrics.SPOOL_LOST, (what,)), float(count)) for what, count in lost.items())
