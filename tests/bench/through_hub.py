"""A thousand boxes through one real hub: TLS, accounts, queue on the disk, courier; and how many it could carry.

Each box has a connection of its own from an address of its own, kept open over the next tick as the daemon keeps it.
Carried is what one process takes, checks, keeps and hands on when boxes come as fast as they are answered.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import trustme
from rich.console import Console

from monitor.home import remotewrite
from tests.bench import engines
from tests.bench.driving import Drive, Member
from tests.bench.engines import Engine
from tests.bench.far_end import many_files
from tests.bench.fleet import FLEET, NETWORKS, boxes
from tests.monitor.hub.hubs import basic

_HUB, _DATABASE = 18443, 18430
_WARM_MIN, _RUSH_S, _AT_ONCE = 2, 45.0, 64

Figures = dict[str, float]


async def measured(folder: Path, minutes: int, console: Console) -> Figures:
    many_files()
    context = _configure(folder)
    began = (lambda: engines.victoria(folder, _DATABASE, "-dedup.minScrapeInterval=1ms"), lambda: _hub(folder))
    with engines.ending(*began) as (database, hub):
        drive, homes = Drive(), Homes(context)
        driving = asyncio.ensure_future(drive.live(homes.post, None))
        await asyncio.sleep(60 * _WARM_MIN)
        found = await _minutes(hub, database, drive, minutes)
        driving.cancel()
        console.print(found)
        found |= await _rush(hub, drive, homes)
        await homes.close()
        found["hub_refused_or_lost"] = homes.failed.total()
        console.print(dict(homes.failed))
    return found


async def _minutes(hub: Engine, database: Engine, drive: Drive, minutes: int) -> Figures:
    cpu_s, stored_s, bodies, began_s = hub.cpu_s(), database.cpu_s(), drive.bodies, time.monotonic()
    waiting, load = [], []
    for _ in range(minutes * 6):
        await asyncio.sleep(10)
        waiting.append(await asyncio.to_thread(hub.counted, "didban_hub_queue_samples"))
        load.append(os.getloadavg()[0])
    lived_min = (time.monotonic() - began_s) / 60
    return {
        "hub_boxes_a_minute": (drive.bodies - bodies) / lived_min,
        "hub_cpu_s_a_minute": (hub.cpu_s() - cpu_s) / lived_min,
        "hub_database_cpu_s_a_minute": (database.cpu_s() - stored_s) / lived_min,
        "hub_rss_mb": hub.rss_mb(),
        "hub_samples_waiting_median": statistics.median(waiting),
        "hub_samples_waiting_most": max(waiting),
        "hub_load_of_the_machine": statistics.mean(load),
    }


async def _rush(hub: Engine, drive: Drive, homes: Homes) -> Figures:
    """As fast as it answers, for less than a minute; and how long until the database had all of it."""
    left = [(each, drive.body(each, drive.minute, int(time.time() * 1000))) for each in drive.members]
    taken, until, cpu_s, began_s = 0, time.monotonic() + _RUSH_S, hub.cpu_s(), time.monotonic()

    async def one(some: Sequence[tuple[Member, bytes]]) -> None:
        nonlocal taken
        while time.monotonic() < until:
            for member, body in some:
                if time.monotonic() < until:
                    await homes.post(member.vantage, body)
                    taken += 1

    await asyncio.gather(*(one(left[at::_AT_ONCE]) for at in range(_AT_ONCE)))
    took_s = time.monotonic() - began_s
    while await asyncio.to_thread(hub.counted, "didban_hub_queue_samples"):  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.5)
    through_s = time.monotonic() - began_s
    return {
        "hub_rush_boxes_a_minute_taken": taken / took_s * 60,
        "hub_rush_boxes_a_minute_through": taken / through_s * 60,
        "hub_rush_cpu_ms_a_box": (hub.cpu_s() - cpu_s) * 1000 / taken,
    }


class Homes:
    """Every box's own way to the hub. `failed`: what was not answered 204, by its status or its error."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context, self._sessions, self.failed = context, dict[str, aiohttp.ClientSession](), Counter[str]()

    async def post(self, vantage: str, body: bytes) -> None:
        headers = dict(remotewrite.HEADERS) | {"Authorization": basic(vantage, "secret")}
        url = f"https://127.0.0.1:{_HUB}/api/v1/write"
        try:
            async with self._session(vantage).post(url, data=body, headers=headers, ssl=self._context) as answer:
                if answer.status != 204:
                    self.failed[str(answer.status)] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failed[type(error).__name__] += 1

    def _session(self, vantage: str) -> aiohttp.ClientSession:
        if vantage not in self._sessions:
            number = len(self._sessions)
            own = (f"127.1.{number // 250}.{number % 250 + 1}", 0)
            connector = aiohttp.TCPConnector(limit=1, local_addr=own, keepalive_timeout=150)
            timeout = aiohttp.ClientTimeout(total=60)
            self._sessions[vantage] = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._sessions[vantage]

    async def close(self) -> None:
        for each in self._sessions.values():
            await each.close()


def _hub(folder: Path) -> Engine:
    command = [sys.executable, "-m", "monitor", "hub", f"--config.file={folder}/hub.yml"]
    return TlsEngine(command, f"https://127.0.0.1:{_HUB}", "/-/healthy", folder / "hub.log", folder / "ca.pem")


class TlsEngine(Engine):
    def __init__(self, command: Sequence[str | Path], base: str, ready: str, said: Path, ca_file: Path) -> None:
        self.context = ssl.create_default_context(cafile=str(ca_file))
        super().__init__(command, base, ready, said)


def _configure(folder: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    own = authority.issue_cert("127.0.0.1")
    own.private_key_pem.write_to_path(str(folder / "hub.key"))
    for pem in own.cert_chain_pems:
        pem.write_to_path(str(folder / "hub.pem"), append=True)
    (folder / "credentials").mkdir()
    for row in boxes():
        (folder / "credentials" / row["vantage"]).write_text(hashlib.sha256(b"secret").hexdigest())
    (folder / "registry.yml").write_text(_registry())
    (folder / "hub.yml").write_text(f"""
listen: 127.0.0.1:{_HUB}
tls: {{cert_file: hub.pem, key_file: hub.key}}
forward: {{remote_write: "http://127.0.0.1:{_DATABASE}/api/v1/write"}}
storage: {{path: queue}}
most_samples_per_minute: 10000000
""")
    return ssl.create_default_context(cafile=str(folder / "ca.pem"))


def _registry() -> str:
    rows = [
        f"  - {{id: {row['vantage']}, country: {row['country']}, network: {row['network']}, access: {row['access']},"
        f" role: {row['role']}}}"
        for row in boxes()
    ]
    networks = [
        f"  - {{country: {each.country}, network: {each.name}, operator: o{each.name.lower()}, weight: {1 / NETWORKS:.4f},"
        " source: bench}"
        for each in FLEET
    ]
    return "\n".join(["vantages:", *rows, "networks:", *networks, ""])
