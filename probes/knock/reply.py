"""What a far end's bytes prove."""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol


class Reply(Enum):
    MORE = auto()  # not enough yet
    PROVEN = auto()  # only this protocol, spoken to us, gives these bytes
    OTHER = auto()  # something answered, and it was not this protocol


class Knock(Protocol):
    """One conversation: what to say first, and what the bytes so far prove."""

    def opening(self) -> bytes: ...

    def read(self, data: bytes) -> Reply:
        """`data` is one datagram, or all bytes of the stream so far."""
