"""A world's samples, as a backlog that lands late would bring them, and an Alertmanager that only notes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import web

from monitor.home.remotewrite import HEADERS, Labels, TimeSeries, encode, value
from tests.rules.asked import samples
from tests.rules.world import World

MINUTE = 60_000
Sample = tuple[Labels, int, float]


def stated(made: World, minutes: int, base_ms: int) -> list[Sample]:
    """Every sample of a world that began then."""
    return [
        (
            labels,
            base_ms + at_ms,
            number + (base_ms / 1000 if ("__name__", "didban_heartbeat_timestamp_seconds") in labels else 0),
        )
        for labels, times_ms, values in samples(made, minutes)
        for at_ms, number in zip(times_ms, values, strict=True)
    ]


def of_boxes(labels: Labels, *vantages: str) -> bool:
    """What a box sends itself."""
    return dict(labels).get("vantage") in vantages and dict(labels)["__name__"] != "didban_vantage_expected"


@contextlib.asynccontextmanager
async def alertmanager() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    told: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        told.extend(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/api/v2/alerts", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", told
    finally:
        await runner.cleanup()


async def write(base: str, found: list[Sample]) -> None:
    by: dict[Labels, list[tuple[int, bytes]]] = {}
    for labels, at_ms, sample in found:
        by.setdefault(labels, []).append((at_ms, value(sample)))
    body = encode(TimeSeries(labels, tuple(sorted(each))) for labels, each in by.items())
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base}/api/v1/write", data=body, headers=HEADERS) as answer,
    ):
        assert answer.status == 204, await answer.text()
