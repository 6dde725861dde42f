"""aiohttp's handler of one connection, but for what it cannot read: that is said in our words, and is not logged.

aiohttp answers those before the application hears of them, with its name, its version and the bytes it stumbled over.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError
from aiohttp.web_urldispatcher import MatchInfoError

_UNREADABLE = "Nobody can read this request.\n"
_UNEXPECTED = "Nobody can do what this request expects.\n"


class Desk(web.RequestHandler):
    """`faults`: what aiohttp's own is handed. Its `debug` is never among them: it shows strangers our traceback."""

    def __init__(self, server: web.Server, app: web.Application, **faults: Any) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(server, loop=loop, access_log=None, **faults)  # type: ignore[arg-type]  # as web.AppRunner does
        self._app = app

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if _is_theirs(exc):
            status, message = 400, _UNREADABLE
        if isinstance(request, web.Request) and request._match_info is None:  # no route, so nobody would dress it
            request._match_info = MatchInfoError(web.HTTPBadRequest())
            request._match_info.add_app(self._app)
        return super().handle_error(request, status, exc, message)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if isinstance(resp, web.HTTPExpectationFailed):  # aiohttp's own repeats what was expected
            resp = web.HTTPExpectationFailed(text=_UNEXPECTED)
        return await super().finish_response(request, resp, start_time)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Whoever knocks must not be able to write into the log."""
        if not _is_theirs(kw.get("exc_info")):
            super().log_exception(*args, **kw)


def _is_theirs(error: object) -> bool:
    return isinstance(error, HttpProcessingError | RequestPayloadError)
