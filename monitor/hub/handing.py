"""Hands vantages the signed catalogue that the operator put there: no other file, and to no stranger."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import stat
from pathlib import Path

from aiohttp import web

from monitor.gate.buckets import Buckets
from monitor.hub.gateway import Refusal
from monitor.hub.held import STATUS, Admit
from monitor.renewal.signed import MAGIC, MOST_BYTES

_A_DAY = 8  # whole files, of one vantage; a box asks once
_MINUTES = 1440


class Handing:
    """`GET /api/v1/catalogue`, with its SHA-256 as ETag. It is not read further: whom it is for, boxes find out.

    Args:
        admit: whose request it is.
        file: as hub.yml names it; None where nothing is handed out.
    """

    def __init__(self, admit: Admit, file: Path | None) -> None:
        self._admit, self._file = admit, file
        self._left = Buckets(_A_DAY / _MINUTES, _A_DAY)

    async def answer(self, request: web.Request) -> web.Response:
        try:
            vantage = self._admit(request)
        except Refusal as refusal:
            return web.Response(text=f"{refusal.reason}\n", status=STATUS.get(refusal.reason, 400))
        data = await asyncio.to_thread(_catalogue, self._file) if self._file is not None else None
        if data is None:
            return web.Response(text="this hub has no catalogue to hand out\n", status=404)
        mark = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
        if request.headers.get("If-None-Match") == mark["ETag"]:
            return web.Response(status=304, headers=mark)
        if self._left.left(vantage) < 1:
            return web.Response(text="Not so often.\n", status=429, headers={"Retry-After": "3600"})
        self._left.take(vantage)
        return web.Response(body=data, content_type="application/octet-stream", headers=mark)


def _catalogue(file: Path) -> bytes | None:
    """None for what is none, whatever else somebody named there by mistake: a key, a pipe, a disk."""
    data = b""
    with contextlib.suppress(OSError), open(file, "rb", opener=_waits_for_nobody) as opened:
        if stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            data = opened.read(MOST_BYTES + 1)
    return data if data.startswith(MAGIC) and len(data) <= MOST_BYTES else None


def _waits_for_nobody(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
