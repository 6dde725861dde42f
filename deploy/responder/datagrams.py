"""Protocols that are one datagram there and one back: who is answered, and what is written down of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from deploy.responder import openvpn
from deploy.responder.dns import Zone
from deploy.responder.journal import Fact, Journal
from deploy.responder.limits import Doorkeeper

MOST_DATAGRAM = 1500


@dataclass(frozen=True, slots=True)
class Answered:
    """`reply` is empty where silence is the answer, and `why` says why. Without `walk` nothing is written down."""

    reply: bytes
    walk: str = ""
    why: str = ""


class Speaker(Protocol):
    """One protocol over UDP."""

    @property
    def protocol(self) -> str: ...

    def answer(self, data: bytes) -> Answered | None:
        """None: this is not the protocol."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """DNS for our own zone. A name that is not ours is in no line: it may be guessed from its hash."""

    zone: Zone
    protocol: str = "dns"

    def answer(self, data: bytes) -> Answered | None:
        answered = self.zone.answer(data)
        if answered is None:
            return None
        question, reply = answered
        return Answered(reply, question.walk if self.zone.holds(question.name) else "")


@dataclass(frozen=True, slots=True)
class Resetter:
    """OpenVPN's first exchange."""

    protocol: str = "openvpn"
    token: Callable[[int], bytes] = secrets.token_bytes

    def answer(self, data: bytes) -> Answered | None:
        walk = openvpn.walk_of(data)
        return None if walk is None else Answered(openvpn.reply(data, self.token(8)), walk)


def answered(speaker: Speaker, data: bytes, port: int, journal: Journal) -> bytes:
    """What `speaker` says to one packet, written down; empty for silence."""
    said = speaker.answer(data)
    if said is None:
        return b""
    facts: dict[str, Fact] = {"protocol": speaker.protocol, "port": port, "walk": said.walk}
    if said.walk:
        journal.note("asked", None, **facts, bytes=len(data))
        if said.reply:
            journal.note("answered", None, **facts, bytes=len(said.reply))
        else:
            journal.note("ignored", None, **facts, why=said.why)
    return said.reply


class Datagrams(asyncio.DatagramProtocol):
    """One UDP port. The address an answer goes to is the one that asked, and is kept nowhere."""

    def __init__(self, speaker: Speaker, port: int, journal: Journal, doorkeeper: Doorkeeper) -> None:
        self._speaker, self._port, self._journal, self._doorkeeper = speaker, port, journal, doorkeeper

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) > MOST_DATAGRAM or not self._doorkeeper.admits(addr[0]):
            return
        if reply := answered(self._speaker, data, self._port, self._journal):
            self._transport.sendto(reply, addr)
