"""Says again and again who is expected, and how the hub itself is, past the queue: rules compare silence with that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from monitor import metrics
from monitor.home import remotewrite
from monitor.home.answers import Outcome
from monitor.home.remotewrite import Labels, TimeSeries
from monitor.hub.courier import REASONS
from monitor.hub.forward import Forwarder
from monitor.hub.gateway import Gateway
from monitor.hub.queue import Queue
from monitor.metrics import Series


class Stating:
    """What the hub says itself.

    Args:
        name: of this hub, where there are two.
        last_success_ms: when the database last took what a vantage wrote; 0 for never.
        told: messages to people by (way, state).
    """

    def __init__(
        self,
        gateway: Gateway,
        queue: Queue,
        forwarder: Forwarder,
        *,
        name: str | None,
        now_ms: Callable[[], int],
        last_success_ms: Callable[[], int],
        told: Callable[[], Awaitable[Mapping[tuple[str, str], int]]] | None = None,
    ) -> None:
        self._told = told
        self._gateway, self._queue, self._forwarder = gateway, queue, forwarder
        self._name, self._now_ms, self._last_success_ms = name or "", now_ms, last_success_ms
        self._before: set[Labels] = set()
        self._said_ms = 0
        self._one_at_a_time = asyncio.Lock()  # a database without a window refuses what comes out of its order
        self.changed = asyncio.Event()

    async def run(self, every_s: float) -> None:
        """For ever; at once when something changed."""
        while True:
            self.changed.clear()
            await self.state()
            try:
                async with asyncio.timeout(every_s):
                    await self.changed.wait()
            except TimeoutError:
                continue

    async def state(self) -> None:
        async with self._one_at_a_time:
            now_ms = self._stamp()
            said = [one async for one in self._statements(now_ms)]
            now = {each.labels for each in said}
            # what is no longer said ends at once: a box that was retired must not look like one that fell silent
            gone = self._before - now
            said += (TimeSeries(labels, ((now_ms, remotewrite.value(remotewrite.STALE)),)) for labels in gone)
            if await self._forwarder.send(said) is Outcome.TAKEN:
                self._before = now
            else:
                self._before |= now

    async def lives(self) -> bool:
        """Whether the database takes a sample that is ours alone, and good for sure."""
        async with self._one_at_a_time:
            series = Series(metrics.HUB_QUEUE, (self._name,))
            labels = remotewrite.labels(series.name, series.labels({}))
            sample = (self._stamp(), remotewrite.value(float(self._queue.samples)))
            return await self._forwarder.send([TimeSeries(labels, (sample,))]) is Outcome.TAKEN

    def _stamp(self) -> int:
        """Now, and no two statements at one time: they might differ."""
        self._said_ms = max(self._now_ms(), self._said_ms + 1)
        return self._said_ms

    async def own(self) -> AsyncIterator[tuple[Series, float]]:
        """What the hub says of itself."""
        for (vantage, result), count in self._gateway.batches.items():
            yield Series(metrics.HUB_BATCHES, (self._name, vantage, result)), count
        yield Series(metrics.HUB_QUEUE, (self._name,)), self._queue.samples
        if self._queue.samples and (oldest_ms := await self._queue.oldest_ms()) is not None:
            yield Series(metrics.HUB_QUEUE_OLDEST, (self._name,)), oldest_ms / 1000
        for reason in REASONS:
            yield Series(metrics.HUB_QUARANTINED, (self._name, reason)), self._queue.quarantined[reason]
        if self._last_success_ms():
            yield Series(metrics.HUB_FORWARDED, (self._name,)), self._last_success_ms() / 1000
        for (way, state), count in (await self._told() if self._told is not None else {}).items():
            yield Series(metrics.HUB_RELAY, (self._name, way, state)), count

    async def _statements(self, now_ms: int) -> AsyncIterator[TimeSeries]:
        for series, who, number in self._gateway.registry.statements(now_ms):
            labels = remotewrite.labels(series.name, series.labels(who))
            yield TimeSeries(labels, ((now_ms, remotewrite.value(number)),))
        async for series, number in self.own():
            labels = remotewrite.labels(series.name, series.labels({}))
            yield TimeSeries(labels, ((now_ms, remotewrite.value(number)),))
