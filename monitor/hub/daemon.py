"""`didban hub`: receives from vantages, checks, forwards, and says who is expected. One task group."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import structlog
import uvloop
from aiohttp import ClientPayloadError, web
from aiohttp.web_protocol import RequestPayloadError

from monitor import metrics
from monitor.home import remotewrite
from monitor.home.credentials import server_context
from monitor.home.remotewrite import Labels, TimeSeries
from monitor.hub import settings
from monitor.hub.forward import Forwarder, Outcome
from monitor.hub.gateway import MOST_BODY_BYTES, NOT_KEPT, TAKEN, UNDELIVERED, Bounds, Gateway, Refusal, Refused
from monitor.hub.held import Desk
from monitor.hub.settings import LoadedHub
from monitor.metrics import Series
from monitor.telling.exposition import Exposition
from monitor.tick import Tick
from probes.doors.clock import SystemClock

_STATE_EVERY_S = 15.0
_RETRY_AFTER_S = 5
_STATUS = {
    Refused.UNAUTHORIZED: 401,
    Refused.UNKNOWN_VANTAGE: 403,
    Refused.TOO_LARGE: 413,
    Refused.OTHER_VERSION: 415,
}
_COUNTED = {Outcome.DELIVERED: TAKEN, Outcome.REFUSED: NOT_KEPT, Outcome.UNDELIVERED: UNDELIVERED}

_log = structlog.get_logger("didban.hub")


class Hub:
    def __init__(self, loaded: LoadedHub, file: Path, time_scale: float) -> None:
        self._loaded, self._file = loaded, file
        self._clock = SystemClock()
        self._every_s = _STATE_EVERY_S / time_scale
        bounds = Bounds(int(loaded.config.accepts_age_s * 1000), loaded.config.most_series)
        self._gateway = Gateway(loaded.folder / loaded.config.credentials, loaded.registry, bounds)
        self._forwarder = Forwarder(loaded.config.forward, loaded.folder)
        self._exposition = Exposition({})
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises OSError when the listen address or a file cannot be had."""
        runner = await self._open_the_door()
        async with asyncio.TaskGroup() as tasks:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._stop.set)
            loop.add_signal_handler(signal.SIGHUP, self._reload)
            stating = tasks.create_task(self._state())
            await self._stop.wait()
            stating.cancel()
        await self._forwarder.close()
        await runner.cleanup()
        _log.info("stopped")

    async def _open_the_door(self) -> web.AppRunner:
        config = self._loaded.config
        app = web.Application(client_max_size=MOST_BODY_BYTES)
        app.add_routes(
            [
                web.post("/api/v1/write", self._write),
                web.get("/api/v1/held", Desk(self._admit, config.forward, self._loaded.folder, self._clock).answer),
                web.get("/-/healthy", self._healthy),
                web.get("/-/ready", self._healthy),
                web.get("/metrics", self._metrics),
            ]
        )
        runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=1.0, auto_decompress=False
        )  # nothing is unpacked before it is known to be snappy
        await runner.setup()
        tls = config.tls
        context = server_context(tls.cert_file, tls.key_file, self._loaded.folder) if tls is not None else None
        await web.TCPSite(runner, config.host, config.port, ssl_context=context).start()
        _log.info("listening", address=config.listen, vantages=len(self._gateway.registry.vantages))
        return runner

    # ---------------------------------------------------------------- receiving

    async def _write(self, request: web.Request) -> web.Response:
        """204 once the database has it; 4xx for what will never be taken, 503 for what should come again."""
        vantage: str | None = None
        try:
            vantage = self._admit(request)
            series = self._gateway.read(vantage, await self._body(request), self._clock.now_ms())
        except Refusal as refusal:
            self._gateway.count(vantage, refusal.reason)
            _log.warning("batch_refused", vantage=vantage or "unknown", why=refusal.reason.value)
            return web.Response(text=f"{refusal.reason}\n", status=_STATUS.get(refusal.reason, 400))
        outcome = await self._forwarder.send(series)
        self._gateway.count(vantage, _COUNTED[outcome])
        match outcome:
            case Outcome.DELIVERED:
                return web.Response(status=204)
            case Outcome.REFUSED:
                return web.Response(text="the database will not take it\n", status=400)
            case Outcome.UNDELIVERED:
                return web.Response(status=503, headers={"Retry-After": str(_RETRY_AFTER_S)})

    def _admit(self, request: web.Request) -> str:
        return self._gateway.admit(request.headers.get("Authorization"))

    async def _body(self, request: web.Request) -> bytes:
        """Raises Refusal also for half a body, and for one that is packed in another way than it says."""
        if "v2" in request.headers.get("Content-Type", ""):
            raise Refusal(Refused.OTHER_VERSION)
        if request.headers.get("Content-Encoding", "snappy") != "snappy":
            raise Refusal(Refused.MALFORMED)
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise Refusal(Refused.TOO_LARGE) from None
        except (RequestPayloadError, ClientPayloadError, OSError):
            raise Refusal(Refused.MALFORMED) from None

    # ---------------------------------------------------------------- stating

    async def _state(self) -> None:
        """Says again and again who is expected: rules compare silence with that."""
        before: set[Labels] = set()
        while True:
            now_ms = self._clock.now_ms()
            said = list(self._statements(now_ms))
            now = {each.labels for each in said}
            # what is no longer said ends at once: a box that was retired must not look like one that fell silent
            said += (TimeSeries(gone, ((now_ms, remotewrite.value(remotewrite.STALE)),)) for gone in before - now)
            if await self._forwarder.send(said) is Outcome.DELIVERED:
                before = now
            await asyncio.sleep(self._every_s)

    def _statements(self, now_ms: int) -> Iterator[TimeSeries]:
        for series, who, number in self._gateway.registry.statements(now_ms):
            labels = remotewrite.labels(series.name, series.labels(who))
            yield TimeSeries(labels, ((now_ms, remotewrite.value(number)),))
        for series, count in self._own():
            labels = remotewrite.labels(series.name, series.labels({}))
            yield TimeSeries(labels, ((now_ms, remotewrite.value(count)),))

    def _own(self) -> Iterator[tuple[Series, float]]:
        return ((Series(metrics.HUB_BATCHES, key), count) for key, count in self._gateway.batches.items())

    def _reload(self) -> None:
        """SIGHUP: the registry anew; a bad one is refused, and the old one stays."""
        loaded, mistakes = settings.load(self._file)
        for mistake in mistakes:
            _log.error("config_refused", mistake=str(mistake))
        if loaded is not None:
            self._gateway.registry = loaded.registry
            _log.info("registry_taken", vantages=len(loaded.registry.vantages))

    # ---------------------------------------------------------------- pages

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="Didban's hub is healthy.\n")

    async def _metrics(self, request: web.Request) -> web.Response:
        """For a person on this machine; the database gets the same by the way everything goes."""
        if request.remote not in ("127.0.0.1", "::1"):
            return web.Response(status=404)
        self._exposition.publish(Tick(self._clock.now_ms(), dict(self._own())))
        text, content_type = self._exposition.text(request.headers.get("Accept", ""))
        return web.Response(body=text, headers={"Content-Type": content_type})


def run(loaded: LoadedHub, file: Path, time_scale: float) -> None:
    """Runs the hub to its end."""

    async def live() -> None:
        await Hub(loaded, file, time_scale).run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live())
