"""Tells one person what they are owed, one message after the other: waits, tries again, says aloud what it gave up."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Protocol

import aiohttp

from monitor.logs import Log
from monitor.relay.outbox import Message, Outbox, Recipient, State
from monitor.relay.ways import Answer, Outcome, Way, meant
from probes.ports import Clock

_PATIENCE_S = 15.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 120.0
_GIVE_UP_S = 86_400.0  # an alert that lasts is told anew after a day
_IDLE_S = 5.0
_MOST_BYTES = 64 * 1024

_log = Log()

Link = Callable[[Message], Awaitable[str]]


class Others(Protocol):
    """Relays of other hubs that tell the same people."""

    async def say(self, message: Message, tellings: list[str]) -> State | None:
        """`elsewhere`: told by another; `waiting`: another is about to; None: it is ours to tell."""


class Courier:
    """Of one person by one way.

    Args:
        link: makes the address by which this person says "I have it"; empty where there is none.
    """

    def __init__(
        self, way: Way, outbox: Outbox, *, link: Link, others: Others, clock: Clock, time_scale: float
    ) -> None:
        self._way, self._outbox, self._link, self._others = way, outbox, link, others
        self._clock, self._scale = clock, time_scale
        self._session: aiohttp.ClientSession | None = None
        self._news = outbox.listen()

    @property
    def recipient(self) -> Recipient:
        return self._way.recipient

    async def run(self) -> None:
        """For ever."""
        while True:
            self._news.clear()
            try:
                wait_s = await self.once()
            except (OSError, sqlite3.OperationalError) as error:
                _log.error("outbox_cannot_write", why=str(error))
                wait_s = _IDLE_S
            if wait_s > 0:
                await self._until_news(wait_s)

    async def once(self) -> float:
        """Tells what is due, if anything is. In how many seconds there may be more."""
        message, due_ms = await self._outbox.next_for(self.recipient)
        if message is None:
            return min(_IDLE_S, max(0.02, (due_ms - self._clock.now_ms()) / 1000)) if due_ms else _IDLE_S
        match await self._others.say(message, await self._outbox.tellings(message)):
            case State.ELSEWHERE:
                await self._outbox.settle(message, State.ELSEWHERE)
                return 0
            case State.WAITING:
                await self._put_off(message, _FIRST_WAIT_S, "another relay is about to tell it", tried=False)
                return 0
        await self._settle(message, await self._tell(message))
        return 0

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _until_news(self, wait_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._news.wait()

    async def _tell(self, message: Message) -> Answer:
        ask = self._way.ask(message, await self._link(message) if message.linked else "")
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        try:
            async with self._session.request(
                ask.method, ask.url, json=ask.body, headers=ask.headers, allow_redirects=False
            ) as answer:
                body = await answer.content.read(_MOST_BYTES)
                return meant(self._way, answer.status, answer.headers, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Answer(Outcome.LATER, why=type(error).__name__)

    async def _settle(self, message: Message, answer: Answer) -> None:
        said = {"way": self.recipient.way, "message": message.key[:12], "why": answer.why}
        match answer.outcome:
            case Outcome.TOLD:
                await self._outbox.settle(message, State.DELIVERED, receipt=answer.receipt)
                _log.info("told", way=self.recipient.way, message=message.key[:12], tries=message.tries + 1)
            case Outcome.REFUSED:
                await self._outbox.settle(message, State.REFUSED, why=answer.why)
                _log.error("message_refused", **said)
            case Outcome.LATER if self._clock.now_ms() - message.created_ms > _GIVE_UP_S * 1000 / self._scale:
                await self._outbox.settle(message, State.GIVEN_UP, why=answer.why)
                _log.error("message_given_up", **said)
            case Outcome.LATER:
                wait_s = min(_FIRST_WAIT_S * 2 ** min(message.tries, 10), _LONGEST_WAIT_S)
                await self._put_off(message, max(wait_s, answer.after_s), answer.why)
                _log.warning("not_told_yet", **said, tries=message.tries + 1)

    async def _put_off(self, message: Message, wait_s: float, why: str, *, tried: bool = True) -> None:
        until_ms = self._clock.now_ms() + int(wait_s * 1000 / self._scale)
        await self._outbox.put_off(message, until_ms, why, tried=tried)
