"""How the box itself goes, as JSON: what time it believes it is, and what has not reached home yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from monitor.meaning.timeofday import TimeOfDay
from monitor.renewal.shelf import SHIPPED_VERSION, Renewed
from monitor.telling.status import Json, instant


class Destination(Protocol):
    """Of the way home, what is shown. `pending`: samples not acknowledged."""

    pending: int
    last_success_ms: int

    @property
    def name(self) -> str: ...


def workings(
    time: TimeOfDay, destinations: Iterable[Destination], unstamped: int, renewed: Renewed | None = None
) -> Json:
    """`unstamped`: ticks that wait until somebody says what time it is; `renewed`: the catalogue it runs by, if any."""
    known = time.known
    return {
        "catalogue": {
            "version": renewed.version if renewed else SHIPPED_VERSION,
            "from": "signed" if renewed else "shipped",
            "expires": renewed.expires if renewed else None,
        },
        "clock": {
            "settled": known is not None,
            "offset_s": time.offset_s,
            "networks": known.sources if known is not None else 0,
            "error_s": known.error_ms / 1000 if known is not None and known.error_ms is not None else None,
        },
        "waiting": {
            "unstamped_ticks": unstamped,
            "destinations": [
                {
                    "destination": each.name,
                    "samples": each.pending,
                    "last_success": instant(each.last_success_ms),
                }
                for each in destinations
            ],
        },
    }
