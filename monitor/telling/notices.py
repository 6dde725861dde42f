"""What the keeper of a box should know of its disk and of the catalogue it runs by, in whole sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from monitor.renewal.shelf import SHIPPED_VERSION
from monitor.settings import Config
from probes.words import Role

if TYPE_CHECKING:
    from monitor.keeping.retention import Gone
    from monitor.renewal.shelf import Renewed
    from monitor.spool import Spool


def of_spool(spool: Spool, gone: Gone) -> Iterator[str]:
    """`gone`: what room was made of since the start."""
    if spool.trouble is not None:
        lost = f", {spool.forgotten} more found no room there either" if spool.forgotten else ""
        yield (
            f"Nothing can be written to disk ({spool.trouble}): what is seen goes home, and waits in memory "
            f"({spool.waiting} writes{lost})."
        )
    if spool.wreck is not None:
        yield f"The spool was damaged: what could be read was carried over, the rest is in {spool.wreck.name}."
    if gone.unstamped:
        yield f"Room is short: {gone.unstamped} ticks went of which nobody could say when they were."
    if gone.thinned or gone.unsent:
        yield (
            f"Room is short: of {gone.thinned} old walks one in ten minutes was kept, and {gone.unsent} samples went "
            "that a receiver has not had."
        )


def of_sealing(config: Config) -> Iterator[str]:
    """Inside, what a board holds of last month may be read by whoever takes it."""
    if config.vantage.role is Role.INSIDE and config.storage.seal_to is None:
        yield "Nothing is sealed: whoever takes this box can read all it keeps. `storage.seal_to` is the hub's key."


def of_catalogue(renewed: Renewed | None, why_not: str | None, now_ms: int) -> Iterator[str]:
    """Which catalogue it runs by, where it is not, or might not be, the shipped one."""
    if why_not is not None:
        yield f"A catalogue that was installed {why_not}; the shipped one ({SHIPPED_VERSION}) is at work."
    if renewed is not None:
        yield f"It runs by catalogue {renewed.version}, made on {renewed.made}."
        if renewed.has_expired(now_ms):
            yield f"The catalogue it runs by has expired on {renewed.expires}, and is still newer than the shipped one."
