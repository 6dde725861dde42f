"""What other people's peers once answered us (captured.json says whose), so that every run meets them without them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path

_ALL = json.loads((Path(__file__).parent / "captured.json").read_text())
AT_MS: int = _ALL["_at_ms"]


def text(name: str) -> str:
    """A key file."""
    found: str = _ALL[name]
    return found.strip()


def exchange(name: str) -> tuple[bytes, bytes]:
    """What we said, and what came back."""
    said, heard = _ALL[name]
    return bytes.fromhex(said), bytes.fromhex(heard)


def token(seed: str) -> Callable[[int], bytes]:
    """The unpredictable bytes of that conversation, which are not: they were made so."""
    numbers = count(1)
    return lambda size: hashlib.shake_256(f"{seed}{next(numbers)}".encode()).digest(size)


def flipped(data: bytes, bit: int) -> bytes:
    """`data` with one bit turned over."""
    at, mask = bit // 8, 1 << bit % 8
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
