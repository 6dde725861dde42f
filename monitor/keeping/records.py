"""A walk as bytes on disk, and back, with what the responder told of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from monitor.decoding import Undecodable, from_json
from probes.facts import Account, Walk


def encode(walk: Walk) -> bytes:
    """JSON without what is unknown or empty: `probes.facts` has the same defaults. Of its boot the row tells."""
    return msgspec.json.encode(walk if walk.boot_ms is None else replace(walk, boot_ms=None))


def decode(blob: bytes, started_ms: int | None = None, boot_ms: int | None = None) -> Walk:
    """`started_ms`: by its row, which was put right where the clock of the walk was wrong."""
    walk = from_json(blob, type=Walk)
    if boot_ms is None and started_ms in (None, walk.started_ms):
        return walk
    return replace(walk, started_ms=walk.started_ms if started_ms is None else started_ms, boot_ms=boot_ms)


def with_account(walk: Walk, told: Mapping[str, bytes]) -> Walk:
    """The walk, and beside it what the responder told of it, if it did. `told`: by a walk's first mark."""
    blob = told.get(walk.marks[0]) if told and walk.marks else None
    return walk if blob is None else replace(walk, told=from_json(blob, type=Account))


def legible(
    blob: bytes,
    started_ms: int | None = None,
    boot_ms: int | None = None,
    told: Mapping[str, bytes] = MappingProxyType({}),
) -> Walk | None:
    """With its account. None for what cannot be read; its bytes stay as they are.

    A dying card gave back something else (SQLite keeps no sum of it), or
    a later Didban wrote a word this one does not know.
    """
    try:
        return with_account(decode(blob, started_ms, boot_ms), told)
    except (Undecodable, TypeError):
        return None
