"""Where the relay is spoken to: by Alertmanager and other relays with a token, by people with a link."""

from __future__ import annotations

import datetime
import hmac
import html
import sqlite3
from collections.abc import Callable, Sequence

from aiohttp import web

from monitor.beside.rulefiles import runbook_page
from monitor.gate import guards
from monitor.gate.porter import known
from monitor.logs import Log
from monitor.relay import leaflet, receipts
from monitor.relay.alerts import Payload, read
from monitor.relay.links import Links, Opened, Sight
from monitor.relay.outbox import Compose, Outbox, Recipient
from probes.ports import Clock

_MOST_BODY = 4 * 1024 * 1024
_LATEST_MS = 2**62  # what SQLite takes
_A_MINUTE = 120  # links that open nothing, over everybody
_LABELS = ("alertname", "country", "network", "service", "vantage", "severity", "family")

_log = Log()

Recipients = Callable[[Payload], Sequence[Recipient]]


class Patience:
    """So many a minute, over everybody."""

    def __init__(self, a_minute: int, clock: Clock) -> None:
        self._a_minute, self._clock = a_minute, clock
        self._left, self._at_s = float(a_minute), clock.elapsed_s()

    def spend(self) -> bool:
        now_s = self._clock.elapsed_s()
        self._left = min(self._a_minute, self._left + (now_s - self._at_s) * self._a_minute / 60)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Door:
    """What answers.

    Args:
        recipients: who is told what Alertmanager hands to a receiver.
        taken: what is to be done at once when somebody has it.
    """

    def __init__(
        self,
        outbox: Outbox,
        links: Links,
        *,
        token: str,
        recipients: Recipients,
        compose: Compose,
        taken: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._outbox, self._links, self._token, self._taken = outbox, links, token, taken
        self._recipients, self._compose = recipients, compose
        self._patience = Patience(_A_MINUTE, clock)

    def public(self) -> list[web.RouteDef]:
        """What a phone may reach, and other relays."""
        return [
            web.get("/have/{token}", self.look, allow_head=False),
            web.post("/have/{token}", self.use),
            web.get("/runbook/{name}", runbook),
            web.get("/relay/told", self.told),
        ]

    def application(self) -> web.Application:
        """All of it, for loopback."""
        app = web.Application(client_max_size=_MOST_BODY)
        guards.dressed(app)
        app.add_routes(self.public())
        app.add_routes([web.post("/alertmanager", self.take), web.get("/api/v1/receipts", self.receipts)])
        app.add_routes([web.get("/-/healthy", _healthy)])
        return app

    # ---------------------------------------------------------------- with the token

    async def take(self, request: web.Request) -> web.Response:
        """200 once it is on the disk; Alertmanager brings again what was answered with 5xx."""
        if not self._is_known(request):
            return web.Response(status=401)
        try:
            payload = read(await request.read())
        except ValueError:  # msgspec's own errors are such
            return web.Response(status=400, text="not what Alertmanager's webhook sends\n")
        try:
            made = await self._outbox.take(payload, self._recipients(payload), self._compose)
        except (OSError, sqlite3.OperationalError) as error:
            _log.error("outbox_cannot_write", why=str(error))
            return web.Response(status=503)
        _log.info("alerts_taken", receiver=payload.receiver, alerts=len(payload.alerts), messages=made)
        return web.Response(text=f"{made} messages\n")

    async def receipts(self, request: web.Request) -> web.Response:
        """`since`, `until` (milliseconds since 1970) and labels: who was told, newest first."""
        if not self._is_known(request):
            return web.Response(status=401)
        try:
            since_ms, until_ms = (
                max(-_LATEST_MS, min(int(request.query.get(name, usual)), _LATEST_MS))
                for name, usual in (("since", 0), ("until", _LATEST_MS))
            )
        except ValueError:
            return web.json_response({"error": "since and until are milliseconds since 1970"}, status=400)
        wanted = {name: request.query[name] for name in _LABELS if name in request.query}
        found = await receipts.held(self._outbox.desk, since_ms=since_ms, until_ms=until_ms, labels=wanted)
        return web.json_response({"receipts": [each.as_json() for each in found]})

    async def told(self, request: web.Request) -> web.Response:
        """To another relay: how it stands here with these steps, in words; nothing where one of them is not known."""
        if not self._is_known(request):
            return web.Response(status=401)
        to = Recipient(request.query.get("way", ""), request.query.get("person", ""))
        states = await self._outbox.known(to, request.query.getall("telling", []))
        return web.Response(text=" ".join(sorted(states)))

    def _is_known(self, request: web.Request) -> bool:
        shown = request.headers.get("Authorization", "")
        if not hmac.compare_digest(shown.encode(errors="replace"), f"Bearer {self._token}".encode()):
            return False
        known(request)
        return True

    # ---------------------------------------------------------------- with a link

    async def look(self, request: web.Request) -> web.Response:
        """The page with the button; opening it takes nothing upon anybody."""
        return self._answer(await self._links.look(request.match_info["token"]))

    async def use(self, request: web.Request) -> web.Response:
        sight = await self._links.use(request.match_info["token"])
        if sight.opened is Opened.TAKEN:
            _log.info("somebody_has_it")
            self._taken()
        return self._answer(sight)

    def _answer(self, sight: Sight) -> web.Response:
        """Who guesses is put off; who has a link never is, however many guess."""
        if sight.opened is Opened.UNKNOWN and not self._patience.spend():
            return _page(429, "Too many at once", "<p>Please try again in a minute.</p>")
        return _shown(sight)


async def runbook(request: web.Request) -> web.Response:
    """The page of an alert, as the links in messages ask for it: what everybody may read in our repository."""
    name = request.match_info["name"]
    text = runbook_page(name)
    if text is None:
        return _page(404, "No such page", "<p>There is no page for that alert.</p>")
    return web.Response(text=leaflet.of_markdown(text), content_type="text/html", headers=leaflet.HEADERS)


async def _healthy(request: web.Request) -> web.Response:
    return web.Response(text="Didban's relay is healthy.\n")


def _shown(sight: Sight) -> web.Response:
    said, by = f"<p><strong>{html.escape(sight.summary)}</strong></p>", html.escape(sight.by)
    match sight.opened:
        case Opened.OPEN:
            button = '<form method="post"><button>I have it · <bdi lang="fa">با من</bdi></button></form>'
            note = "<p>Repeats fall silent while it lasts, and the others are told that you have it.</p>"
            return _page(200, "Didban", said + button + note)
        case Opened.TAKEN:
            note = "<p>Repeats are silent while it lasts. The others are being told.</p>"
            return _page(200, "You have it", f"{said}<p>{by}, you have it.</p>{note}")
        case Opened.HELD:
            since = datetime.datetime.fromtimestamp(sight.at_ms / 1000, datetime.UTC).strftime("%H:%M UTC")
            return _page(200, "Somebody has it", f"{said}<p>{by} has it, since {since}.</p>")
    return _page(404, "This link opens nothing", "<p>It is used up, too old, or was never one.</p>")


def _page(status: int, title: str, body: str) -> web.Response:
    text = leaflet.page(title, f"<h1>{html.escape(title)}</h1>{body}")
    return web.Response(status=status, text=text, content_type="text/html", headers=leaflet.HEADERS)
