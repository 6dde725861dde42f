"""A walk as bytes on disk, and back."""

from __future__ import annotations

import msgspec

from probes.facts import Walk


def encode(walk: Walk) -> bytes:
    """JSON without what is unknown or empty: `probes.facts` has the same defaults."""
    record = msgspec.to_builtins(walk)
    record["steps"] = [
        {key: value for key, value in seen.items() if value not in (None, [])} for seen in record["steps"]
    ]
    return msgspec.json.encode(record)


def decode(blob: bytes) -> Walk:
    return msgspec.json.decode(blob, type=Walk)
