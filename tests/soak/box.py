"""The daemon as it is, but for two things: names are asked at a port of ours, and it writes down how many tasks it has.

python -m tests.soak.box FOLDER DNS_PORT LISTEN_PORT TIME_SCALE [leaking]     the last: by a door that leaks
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvloop

from monitor import config, engine, logs
from monitor.daemon import Daemon
from monitor.options import Options
from monitor.webconfig import OPEN
from probes.doors.names import Resolvers
from probes.place import Tools
from probes.ports import Greeted, Greeting, Stream, Traffic, Wire
from probes.words import Transport

_EVERY_S = 0.5
_LEAKED_BYTES = 200_000  # a walk


class Leaking:
    """A `Wire` that keeps a descriptor, some memory and a task of each connection."""

    def __init__(self, below: Wire) -> None:
        self._below, self._kept = below, list[Any]()

    async def connect(self, address: str, port: int, transport: Transport, traffic: Traffic) -> Stream:
        self._kept.append(os.open(os.devnull, os.O_RDONLY))
        self._kept.append(os.urandom(_LEAKED_BYTES))
        self._kept.append(asyncio.ensure_future(asyncio.sleep(3600)))
        return await self._below.connect(address, port, transport, traffic)

    async def handshake(self, stream: Stream, greeting: Greeting) -> Greeted:
        return await self._below.handshake(stream, greeting)


def _tools(made: Any, leak: bool, dns_port: int, *given: Any) -> Tools:
    hands: Tools = made(*given)
    names = hands.names
    assert isinstance(names, Resolvers)
    wire: Wire = Leaking(hands.wire) if leak else hands.wire
    return replace(hands, wire=wire, names=replace(names, port=dns_port))


async def _live(folder: Path, dns_port: int, port: int, scale: float, leak: bool) -> None:
    engine.tools = functools.partial(_tools, engine.tools, leak, dns_port)  # type: ignore[attr-defined]
    loaded, mistakes = config.load(folder / "didban.yml")
    assert loaded is not None, mistakes
    options = Options(folder / "didban.yml", "127.0.0.1", port, OPEN, folder, folder / "state", scale)
    counting = asyncio.ensure_future(_count(folder / "tasks"))
    await Daemon(loaded, options).run()
    counting.cancel()


async def _count(file: Path) -> None:
    while True:
        file.with_suffix(".new").write_text(str(len(asyncio.all_tasks())))
        file.with_suffix(".new").replace(file)
        await asyncio.sleep(_EVERY_S)


if __name__ == "__main__":
    folder_, dns_port_, port_, scale_, *leak_ = sys.argv[1:]
    logs.set_up(logs.Level.ERROR, logs.Form.LOGFMT)
    uvloop.run(_live(Path(folder_), int(dns_port_), int(port_), float(scale_), bool(leak_)))
