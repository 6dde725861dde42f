"""Hubs as processes on loopback, and a database behind them that remembers every sample."""

from __future__ import annotations

import asyncio
import base64
import ctypes
import hashlib
import io
import re
import signal
import ssl
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiohttp
from aiohttp import web

from monitor.home.remotewrite import HEADERS, Labels, TimeSeries, decode, encode, labels, value
from tests.probes.liars import closed_port

REGISTRY = "vantages:\n  - {id: v1, country: IR, network: AS197207, access: mobile, role: inside}\n"
SECOND = "  - {id: v2, country: IR, access: fixed, role: inside, cohort: k2}\n"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def batch(name: str = "didban_target_up", ahead_s: float = 0, *, at_ms: int = 0, **more: str) -> bytes:
    at_ms = at_ms or int((time.time() + ahead_s) * 1000)
    mine = labels(name, {"service": "imo", "target": "web", **more})
    return encode([TimeSeries(mine, ((at_ms, value(1.0)),))])


async def until(there: Callable[[], object], patience_s: float = 20.0) -> None:
    end = time.monotonic() + patience_s
    while not there():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.02)


@dataclass
class Database:
    """`answer`: what it says; `hates`: to which series it says 400. `twice`: a sample that came with another value."""

    answer: int = 204
    hates: Callable[[TimeSeries], bool] = lambda series: False
    told: list[TimeSeries] = field(default_factory=list)
    kept: dict[tuple[Labels, int], bytes] = field(default_factory=dict)
    twice: int = 0
    port: int = 0
    runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=2**25)
        app.add_routes([web.post("/write", self.take)])
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.port = self.runner.addresses[0][1]

    async def take(self, request: web.Request) -> web.Response:
        found = decode(await request.read())
        if self.answer != 204:
            return web.Response(status=self.answer)
        if any(self.hates(series) for series in found):
            return web.Response(status=400)
        self.told += found
        for series in found:
            for at_ms, packed in series.samples:
                self.twice += self.kept.setdefault((series.labels, at_ms), packed) != packed
        return web.Response(status=204)

    def of(self, vantage: str, name: str = "didban_target_up") -> dict[tuple[Labels, int], bytes]:
        mine = {("__name__", name), ("vantage", vantage)}
        return {key: packed for key, packed in self.kept.items() if mine <= set(key[0])}

    def last(self, name: str, **more: str) -> bytes | None:
        """The value of the newest sample of one series."""
        wanted = {("__name__", name), *more.items()}
        found = [(at_ms, packed) for (key, at_ms), packed in self.kept.items() if wanted <= set(key)]
        return max(found)[1] if found else None

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()


def enrolled(folder: Path, *vantages: str) -> None:
    """Credentials, each with the password `secret`."""
    (folder / "credentials").mkdir(exist_ok=True)
    for vantage in vantages:
        (folder / "credentials" / vantage).write_text(hashlib.sha256(b"secret").hexdigest())


def die_with_parent() -> None:
    """In a child: a test that fails leaves nobody behind (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class HasPort(Protocol):
    port: int


class Hub:
    """One process. `extra`: lines of hub.yml."""

    def __init__(
        self,
        folder: Path,
        database: HasPort,
        *,
        name: str = "hub.yml",
        extra: Iterable[str] = (),
        path: str = "/write",
    ) -> None:
        self.folder, self.port = folder, closed_port()
        self.file = folder / name
        forward = f'forward: {{remote_write: "http://127.0.0.1:{database.port}{path}"}}'
        self.file.write_text("\n".join([f"listen: 127.0.0.1:{self.port}", forward, *extra, ""]))
        self.process: asyncio.subprocess.Process | None = None
        self.tls: ssl.SSLContext | None = None

    async def start(self, *, times: int = 30) -> None:
        command = [sys.executable, "-m", "monitor", "hub", f"--config.file={self.file}", f"--time-scale={times}"]
        self.process = await asyncio.create_subprocess_exec(
            *command, stderr=asyncio.subprocess.PIPE, preexec_fn=die_with_parent
        )
        end = time.monotonic() + 20
        while not await self._listens():
            assert time.monotonic() < end, "it never came"
            assert self.process.returncode is None, (await self.process.communicate())[1].decode()
            await asyncio.sleep(0.02)

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def write(self, body: bytes, **headers: str) -> int:
        """The status; 0 when nobody answered."""
        given = {**HEADERS, "Authorization": basic("v1", "secret"), **headers}
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(
                    f"{self.url}/api/v1/write", data=io.BytesIO(body), headers=given, ssl=self.tls or True
                ) as answer,
            ):
                return answer.status
        except (aiohttp.ClientError, OSError):
            return 0

    async def raw(self, request: bytes, *, breaks_off: bool = False) -> bytes:
        """What comes back until the hub closes. `breaks_off`: we end our side when all is sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        if breaks_off:
            writer.write_eof()
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        return answer

    async def page(self, path: str, **headers: str) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}{path}", headers=headers, ssl=self.tls or True) as answer,
        ):
            return answer.status, await answer.text()

    async def counted(self) -> dict[str, int]:
        """Batches by `VANTAGE RESULT`."""
        _, text = await self.page("/metrics")
        rows = [dict(re.findall(r'(\w+)="(\w+)"', row)) | {"n": row.split()[-1]}
                for row in text.splitlines() if row.startswith("didban_hub_batches_total{")]  # fmt: skip
        return {f"{row['vantage']} {row['result']}": int(float(row["n"])) for row in rows}

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.communicate()

    async def stop(self) -> str:
        """What it said; it must have ended well."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        _, said = await self.process.communicate()
        assert b"Traceback" not in said, said.decode()
        assert self.process.returncode in (0, -9), said.decode()
        return said.decode()
