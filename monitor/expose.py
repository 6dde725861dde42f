"""The way in: /metrics, the health pages, the status page and the API, on one listen address. Never shows a secret."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from aiohttp import web

from dashboards.status.tongue import Lang, chosen
from monitor.beside.rulefiles import runbook_page
from monitor.evidence.window import instant
from monitor.gate import guards
from monitor.gate.passwords import Admits, Doorkeeper
from monitor.gate.porter import Bounds, Porter, known
from monitor.rounds import Asked
from monitor.spool import Spool
from monitor.telling.exposition import Exposition
from monitor.telling.status import Json, walk_as_json
from monitor.webconfig import OPEN, WebConfig
from probes.doors.yamlfile import Mistake

_MOST_OBSERVATIONS = 10_000
_LARGEST_MS = 2**53
_NO_SINCE = "since is a time such as 2026-11-21T05:30:00Z, or seconds since 1970; limit is a whole number"
_HEALTH = ("/-/healthy", "/-/ready")


@dataclass(frozen=True, slots=True)
class Answers:
    """What the daemon gives the pages to show, and what they may ask of it.

    Attributes:
        status: the view as JSON.
        reload: takes the configuration anew; its mistakes, or none.
        probe: one round of a configured target now, and how it stands then.
        drill: where an exercise stands; it is begun where none is under way, and ended before its time.
        history: what history strips are drawn from; asked beside the loop.
    """

    status: Callable[[], Json]
    reload: Callable[[], Awaitable[tuple[Mistake, ...]]]
    probe: Callable[[str], Awaitable[tuple[Asked, Json]]]
    drill: Callable[[], Json]
    begin_drill: Callable[[], bool]
    end_drill: Callable[[], None]
    history: Callable[[], Json] = dict


class Pages:
    def __init__(self, exposition: Exposition, spool: Spool, answers: Answers) -> None:
        self._exposition, self._spool, self._answers = exposition, spool, answers

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.front),
            web.get("/metrics", self.metrics),
            web.get("/runbook/{name}", self.runbook),
            web.get("/-/healthy", self.healthy),
            web.get("/-/ready", self.ready),
            web.post("/-/reload", self.reload),
            web.get("/api/v1/status", self.status),
            web.get("/api/v1/observations", self.observations),
            web.post("/probe", self.probe),
            web.get("/-/drill", self.drill),
            web.post("/-/drill", self.begin_drill),
            web.post("/-/drill/end", self.end_drill),
        ]

    async def front(self, request: web.Request) -> web.Response:
        """The page, drawn beside the loop: a month of twenty services is some work for a small board."""
        lang = language(request)
        status, wanted = self._answers.status(), request.query.get("service")
        service = wanted if any(each["service"] == wanted for each in status["services"]) else None

        def drawn() -> str:
            from dashboards.status import page  # nobody may ever look

            return page.render(status | {"history": self._answers.history()}, lang, service=service)

        return as_page(await asyncio.to_thread(drawn), lang)

    async def runbook(self, request: web.Request) -> web.Response:
        """The page of an alert, as the links in messages ask for it: plain text, there when the internet is not."""
        text = runbook_page(request.match_info["name"])
        return web.Response(text=text) if text is not None else web.Response(status=404)

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """In pieces: 100,000 series are 15 MB."""
        pieces, content_type = await self._exposition.rendered(request.headers.get("Accept", ""))
        response = web.StreamResponse(headers={"Content-Type": content_type})
        response.content_length = sum(map(len, pieces))
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        return response

    async def healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="Didban is healthy.\n")

    async def ready(self, request: web.Request) -> web.Response:
        if self._exposition.ready:
            return web.Response(text="Didban is ready.\n")
        return web.Response(text="The first tick has not come yet.\n", status=503)

    async def reload(self, request: web.Request) -> web.Response:
        mistakes = await self._answers.reload()
        if mistakes:
            return web.Response(text="".join(f"{mistake}\n" for mistake in mistakes), status=400)
        return web.Response(text="The configuration was taken.\n")

    async def status(self, request: web.Request) -> web.Response:
        return web.json_response(self._answers.status())

    async def observations(self, request: web.Request) -> web.Response:
        """`target`, `since` (a time, or seconds since 1970), `limit`: the newest that fit, oldest first."""
        query = request.query
        try:
            since_ms = _since_ms(query.get("since", "0"))
            limit = min(_MOST_OBSERVATIONS, max(1, int(query.get("limit", "100"))))
        except (ValueError, OverflowError):
            return web.json_response({"error": _NO_SINCE}, status=400)
        walks = await self._spool.walks(target=query.get("target"), since_ms=since_ms, limit=limit)

        def written() -> str:
            return json.dumps({"walks": [{"target": each.target, **walk_as_json(each)} for each in walks]})

        return web.Response(text=await asyncio.to_thread(written), content_type="application/json")

    async def drill(self, request: web.Request) -> web.Response:
        return web.json_response(self._answers.drill())

    async def begin_drill(self, request: web.Request) -> web.Response:
        begun = self._answers.begin_drill()
        return web.json_response(self._answers.drill(), status=200 if begun else 409)

    async def end_drill(self, request: web.Request) -> web.Response:
        self._answers.end_drill()
        return web.json_response(self._answers.drill())

    async def probe(self, request: web.Request) -> web.Response:
        asked, answer = await self._answers.probe(request.query.get("target", ""))
        match asked:
            case Asked.WALKED:
                return web.json_response(answer)
            case Asked.LIMITED:
                return web.json_response(
                    {"error": "walked within the interval, or the day's bytes are spent"}, status=429
                )
            case Asked.UNKNOWN:
                return web.json_response({"error": "no such configured target"}, status=404)


def _since_ms(given: str) -> int:
    """As Prometheus takes times, and as our own answers write them. Raises ValueError, OverflowError."""
    try:
        seconds = float(given)
    except ValueError:
        return instant(given.replace(" ", "+"))  # a + that nobody escaped comes as a blank
    return max(0, min(int(seconds * 1000), _LARGEST_MS))


def language(request: web.Request) -> Lang:
    """Of whoever asks."""
    return chosen(request.query.get("lang"), request.headers.get("Accept-Language", ""))


def fleet_page(status: Json, lang: Lang) -> str:
    """The page of a hub, with every box by name: for a person on its own machine."""
    from dashboards.status import fleet

    return fleet.render(status, lang)


def public_pages(told: Json) -> dict[str, str]:
    """The pages anybody may see, by the names of their files; `told`: as monitor/hub/publishing.py makes it."""
    from dashboards.status import public

    return {name: public.render(told, lang) for lang, name in public.FILES.items()}


def as_page(text: str, lang: str) -> web.Response:
    """A page of ours: a browser runs its one script and its one style, and asks nobody else for anything."""
    from dashboards.status import frame

    headers = {"Content-Security-Policy": frame.POLICY, "Content-Language": lang, "Vary": "Accept-Language"}
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(
    pages: Pages,
    doorkeeper: Doorkeeper,
    answers_to: Callable[[], frozenset[str]],
    headers: Mapping[str, str] = MappingProxyType({}),
) -> web.Application:
    """The pages behind their guards: no other site may ask through a browser, no stranger without the password.

    `headers`: of every answer, in the place of ours.
    """

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        refused = guards.refusal(request, answers_to())
        if refused is None and request.path not in _HEALTH:
            refused = await _stranger(request, doorkeeper)
        return refused or await handler(request)

    app = web.Application(middlewares=[guarded], client_max_size=16 * 1024)
    guards.dressed(app, headers)
    app.add_routes(pages.routes())
    return app


async def _stranger(request: web.Request, doorkeeper: Doorkeeper) -> web.Response | None:
    """None for who may look."""
    match await doorkeeper.admits(request.headers.get("Authorization"), request.remote or "?"):
        case Admits.YES:
            known(request)
            return None
        case Admits.LATER:
            return web.Response(text="Too many guesses.\n", status=429, headers={"Retry-After": "60"})
        case Admits.NO:
            return web.Response(text="Who is there?\n", status=401, headers={"WWW-Authenticate": "Basic"})


async def listen(app: web.Application, host: str, port: int, asked: WebConfig = OPEN, folder: Path = Path()) -> Porter:
    """Its `work` lets visitors in. Raises OSError when the address is taken or not ours.

    Args:
        asked: of whoever comes; `folder`: where its relative names of files stand.
    """
    porter = Porter(app, asked.server_context(folder), Bounds(), lets_in=asked.lets_in)
    await porter.open(host, port)
    return porter
