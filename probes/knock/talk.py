"""What a conversation is: what it may know beforehand, what it says first, and what the far end's bytes prove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from probes.facts import Certificate, Endpoint


class Reply(Enum):
    MORE = auto()  # not enough yet
    PROVEN = auto()  # only this protocol, spoken to us, gives these bytes
    OTHER = auto()  # something answered, and it was not this protocol


class Knock(Protocol):
    """One conversation: what to say first, and what the bytes so far prove."""

    def opening(self) -> bytes:
        """Asked for again when a datagram was not answered: the same words, or new ones where a replay is dropped."""

    def read(self, data: bytes) -> Reply:
        """`data` is one datagram, or all bytes of the stream so far."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Whom we are about to speak to.

    Attributes:
        secrets: what stood in the files that the target's options name.
        token: gives that many unpredictable bytes.
        now_ms: wall time, for protocols that say it.
        certificate: what the far end showed by TLS before, if it did.
    """

    endpoint: Endpoint
    address: str
    options: Mapping[str, str]
    token: Callable[[int], bytes]
    now_ms: int
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    certificate: Certificate | None = None


Opener = Callable[[Ask], Knock]
