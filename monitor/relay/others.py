"""Relays of other hubs that tell the same people: each asks before it tells, and the better rank goes first.

Two Alertmanagers that do not hear one another hand the same alert to both. What is told twice all the same: when the
relays do not hear one another either, or within the milliseconds of one question. Matrix and ntfy then still show one,
by the key of the message; Signal knows no such key, and shows both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import aiohttp

from monitor.logs import Log
from monitor.notify.settings import Peer
from monitor.relay.outbox import Message, State
from probes.ports import Clock

_PATIENCE_S = 3.0
_LONGEST_WAIT_MS = 60_000  # another says all the time that it is about to

_log = Log()


class Nobody:
    """One hub alone."""

    async def say(self, message: Message, tellings: list[str]) -> State | None:
        return None


class Peers:
    def __init__(self, name: str, peers: Sequence[Peer], token: str, *, time_scale: float, clock: Clock) -> None:
        self._name, self._peers, self._token = name, peers, token
        self._longest_ms = _LONGEST_WAIT_MS / time_scale
        self._clock = clock

    async def say(self, message: Message, tellings: list[str]) -> State | None:
        """Whether the message is ours to tell; of others only what they know for sure counts."""
        waited_ms = self._clock.now_ms() - message.created_ms
        for peer in self._peers:
            states = await self._asked(peer, message, tellings)
            if not states:
                continue
            if states <= {State.DELIVERED, State.ELSEWHERE}:
                return State.ELSEWHERE
            better = _rank(peer.name, message.key) < _rank(self._name, message.key)
            if State.WAITING in states and better and waited_ms < self._longest_ms:
                return State.WAITING
        return None

    async def _asked(self, peer: Peer, message: Message, tellings: Sequence[str]) -> set[State]:
        """How it stands there; empty where it does not know all of these steps, or does not answer."""
        asked = [
            ("way", message.recipient.way),
            ("person", message.recipient.person),
            *(("telling", t) for t in tellings),
        ]
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
                session.get(
                    f"{peer.url.rstrip('/')}/relay/told", params=asked, headers=headers, allow_redirects=False
                ) as answer,
            ):
                words = await answer.text() if answer.status == 200 else ""
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError) as error:
            _log.warning("other_relay_unreachable", peer=peer.name, why=type(error).__name__)
            return set()
        return {State(word) for word in words.split() if word in set(State)}


def _rank(name: str, key: str) -> bytes:
    """Who goes first is another with each message, and the same wherever it is worked out."""
    return hashlib.sha256(f"{name}\n{key}".encode()).digest()
