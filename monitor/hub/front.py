"""The hub's page for a person on this machine: the fleet by name. Nobody from outside gets it, whatever they show."""

from __future__ import annotations

import asyncio

from aiohttp import web

from monitor import expose
from monitor.hub.door import is_at_home
from monitor.hub.overview import Overview


class Front:
    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.page, allow_head=False)]

    async def page(self, request: web.Request) -> web.Response:
        """404 for everybody else, as for a page that is not there: that a hub stands here is not said either."""
        if not is_at_home(request):
            return web.Response(status=404)
        lang = expose.language(request)
        text = await asyncio.to_thread(expose.fleet_page, await self._overview.status(), lang)
        return expose.as_page(text, lang)
