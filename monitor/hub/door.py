"""The hub's listener: what comes by HTTP becomes a batch in the queue, or a word why not. Believes one header."""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from aiohttp import ClientPayloadError, web
from aiohttp.web_protocol import RequestPayloadError

from monitor.gate import guards
from monitor.gate.porter import Bounds, Porter, known
from monitor.home.credentials import server_context
from monitor.hub import fleet
from monitor.hub.batch import Batch
from monitor.hub.gateway import MOST_BODY_BYTES, TAKEN, Gateway, Refusal, Refused, unfold
from monitor.hub.handing import Handing
from monitor.hub.held import Inquiries
from monitor.hub.queue import Queue
from monitor.hub.settings import LoadedHub, Proof
from monitor.hub.turnstile import Turnstile
from monitor.logs import Log
from monitor.metrics import Series
from monitor.telling.exposition import Exposition
from monitor.tick import Tick
from probes.doors import handed
from probes.ports import Clock

_BODY_PATIENCE_S = 120.0  # 2 MB over a line of 140 kbit/s
_WORK_S = _BODY_PATIENCE_S + 60.0
REST_S = 180.0  # longer than a box keeps its connection: whoever asks ends it, and no batch meets a closed door
_PLACES, _OF_A_VANTAGE = 256, 4  # connections at once: for strangers, and beside them for each vantage
_OF_ONE = 128  # connections of one address: a carrier's NAT, or an exit of Tor, stands before many boxes
_A_MINUTE = 3000  # requests of one address, for the same reason
_FULL_AFTER_S = 5.0
_STATUS = {
    Refused.UNAUTHORIZED: 401,
    Refused.UNKNOWN_VANTAGE: 403,
    Refused.TOO_SLOW: 408,
    Refused.TOO_LARGE: 413,
    Refused.OTHER_VERSION: 415,
    Refused.TOO_FAST: 429,
    Refused.TOO_MANY_AT_ONCE: 429,
    Refused.FULL: 503,
}
_AT_HOME = ("127.0.0.1", "::1")
_HANDED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")

_log = Log()

Own = Callable[[], AsyncIterator[tuple[Series, float]]]


class Door:
    """Where vantages come in.

    Args:
        own: what the hub says of itself.
        pages: what people may open without being a vantage: runbooks, and "I have it" by a link that is its own key.
    """

    def __init__(
        self,
        loaded: LoadedHub,
        gateway: Gateway,
        queue: Queue,
        *,
        own: Own,
        clock: Clock,
        time_scale: float,
        pages: Sequence[web.RouteDef] = (),
    ) -> None:
        self._pages = pages
        self._loaded, self._gateway, self._queue, self._own, self._clock = loaded, gateway, queue, own, clock
        config = loaded.config
        self._turnstile = Turnstile(
            a_minute=int(config.most_samples_per_minute * time_scale), at_once=config.most_in_flight, clock=clock
        )
        self._exposition = Exposition({})

    async def open(self) -> Porter:
        """Its `work` lets visitors in. Raises OSError when the listen address or a file cannot be had."""
        config = self._loaded.config
        inquiries = Inquiries(self._admitted, config.forward, self._loaded.folder, self._clock, self._queue.samples_of)
        app = web.Application(client_max_size=MOST_BODY_BYTES)
        app.add_routes(
            [
                web.post("/api/v1/write", self._write),
                web.get("/api/v1/held", inquiries.answer),
                web.get("/api/v1/catalogue", Handing(self._admitted, self._loaded.catalogue).answer),
                web.get("/-/healthy", self._healthy),
                web.get("/-/ready", self._healthy),
                web.get("/metrics", self._metrics),
                web.get("/api/v1/status", self._status),
                *self._pages,
            ]
        )
        guards.dressed(app)
        bounds = Bounds(
            most=self._places, of_one=_OF_ONE, a_minute=_A_MINUTE, work_s=_WORK_S, rest_s=REST_S, proxied=True
        )
        porter = Porter(app, self._context(), bounds, auto_decompress=False)
        await porter.open(config.host, config.port)  # nothing is unpacked before it is known to be snappy
        _log.info("listening", address=config.listen, vantages=len(self._gateway.registry.vantages))
        return porter

    def _places(self) -> int:
        return _PLACES + _OF_A_VANTAGE * len(self._gateway.registry.vantages)

    def _context(self) -> ssl.SSLContext | None:
        config, folder = self._loaded.config, self._loaded.folder
        if config.tls is None:
            return None
        context = server_context(config.tls.cert_file, config.tls.key_file, folder)
        if config.tls.client_ca_file:
            context.load_verify_locations(handed.at(folder, config.tls.client_ca_file))
            asked = config.identity is Proof.PASSWORD
            context.verify_mode = ssl.CERT_OPTIONAL if asked else ssl.CERT_REQUIRED
        return context

    # ---------------------------------------------------------------- receiving

    async def _write(self, request: web.Request) -> web.Response:
        """204 once it is on the disk here; 4xx for what will never be taken; 429 and 503 for what should come again."""
        vantage: str | None = None
        try:
            vantage = self._admitted(request)
            with self._turnstile.passage(vantage):
                batch = await self._batch(vantage, request)
                if not await self._queue.put(batch):
                    raise Refusal(Refused.FULL, _FULL_AFTER_S)
        except Refusal as refusal:
            self._gateway.count(vantage, refusal.reason)
            if vantage is not None:  # a stranger writes nothing into our log: it is counted above
                _log.warning("batch_refused", vantage=vantage, why=refusal.reason.value)
            after = {"Retry-After": str(math.ceil(refusal.after_s))} if refusal.after_s else {}
            status = _STATUS.get(refusal.reason, 400)
            return web.Response(text=f"{refusal.reason}\n", status=status, headers=after)
        self._gateway.count(vantage, TAKEN)
        self._gateway.hear(batch)
        return web.Response(status=204)

    def _admitted(self, request: web.Request) -> str:
        """The vantage whose request it is. Raises Refusal."""
        authorizations = request.headers.getall("Authorization", [])
        if len(authorizations) > 1:  # two readers of such a request could each believe another one
            raise Refusal(Refused.UNAUTHORIZED)
        vantage = self._gateway.admit(authorizations[0] if authorizations else None, _certified(request))
        known(request)
        return vantage

    async def _batch(self, vantage: str, request: web.Request) -> Batch:
        body, samples = b"", 0
        try:
            body = await self._body(request)
            series = await asyncio.to_thread(unfold, body)
            samples = sum(len(each.samples) for each in series)
            checked = self._gateway.check(vantage, series, self._clock.now_ms())
            return await asyncio.to_thread(Batch.of, vantage, self._clock.now_ms(), checked)
        finally:
            self._turnstile.pay(vantage, body_bytes=len(body), samples=samples)

    async def _body(self, request: web.Request) -> bytes:
        """Raises Refusal also for half a body, and for one that is packed in another way than it says."""
        if "v2" in request.headers.get("Content-Type", ""):
            raise Refusal(Refused.OTHER_VERSION)
        if request.headers.get("Content-Encoding", "snappy") != "snappy":
            raise Refusal(Refused.MALFORMED)
        try:
            async with asyncio.timeout(_BODY_PATIENCE_S):
                return await request.read()
        except TimeoutError:
            raise Refusal(Refused.TOO_SLOW) from None
        except web.HTTPRequestEntityTooLarge:
            raise Refusal(Refused.TOO_LARGE) from None
        except (RequestPayloadError, ClientPayloadError, OSError):
            raise Refusal(Refused.MALFORMED) from None

    # ---------------------------------------------------------------- pages

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="Didban's hub is healthy.\n")

    async def _metrics(self, request: web.Request) -> web.Response:
        """For a person on this machine; the database gets the same by the way everything goes."""
        if not is_at_home(request):
            return web.Response(status=404)
        own = {series: number async for series, number in self._own()}
        self._exposition.publish(Tick(self._clock.now_ms(), own))
        text, content_type = self._exposition.text(request.headers.get("Accept", ""))
        return web.Response(body=text, headers={"Content-Type": content_type})

    async def _status(self, request: web.Request) -> web.Response:
        """The fleet, for a person on this machine."""
        if not is_at_home(request):
            return web.Response(status=404)
        own = {series: number async for series, number in self._own()}
        name = self._loaded.config.name or self._loaded.config.listen
        return web.json_response(fleet.status(self._gateway, self._queue, own, name, self._clock.now_ms()))


def is_at_home(request: web.Request) -> bool:
    """Somebody on this machine, by its own name: no proxy that hands on strangers, no name a stranger's page chose."""
    named = request.headers.get("Host", "").rpartition(":")[0] or request.headers.get("Host", "")
    if request.remote not in _AT_HOME or named.strip("[]").lower() not in {*_AT_HOME, "localhost"}:
        return False
    if guards.is_of_another_site(request, lambda host: host == request.headers.get("Host")):
        return False
    return not any(each in request.headers for each in _HANDED_ON)


def _certified(request: web.Request) -> str | None:
    """Only what the handshake on this very socket proved: no header speaks for a certificate."""
    return single_name(request.transport.get_extra_info("peercert") if request.transport is not None else None)


def single_name(certificate: Mapping[str, Any] | None) -> str | None:
    """The name in a certificate the ssl module verified; None without one, "" where it has not one name alone."""
    if not certificate:
        return None
    names = [text for part in certificate.get("subject", ()) for key, text in part if key == "commonName"]
    return str(names[0]) if len(names) == 1 else ""
