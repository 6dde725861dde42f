"""Somebody else's VMess server: Debian's v2ray on loopback, as it comes, and whom it leaves without an answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from probes.facts import Walk
from probes.words import Failure, Kind, Step, Transport
from tests.lab.peers import listens, running
from tests.probes.liars import closed_port, listening, target, tools, walked
from tests.probes.test_vmess import OTHER_ID, Wrong
from tests.probes.vmess_server import ID

V2RAY = shutil.which("v2ray") or ""
pytestmark = pytest.mark.skipif(not V2RAY, reason="v2ray is not installed (apt: v2ray)")

_PATIENCE_S = 5.0
_SILENCE_S = 0.5  # it answers within a tenth of that


@contextlib.contextmanager
def v2ray(folder: Path, page: int, *, alter: int = 0) -> Iterator[int]:
    """Its port; whatever host it is asked for, it asks port `page` of loopback."""
    port = closed_port()
    users = {"clients": [{"id": ID, "alterId": alter}]}
    inbound = {"listen": "127.0.0.1", "port": port, "protocol": "vmess", "settings": users}
    outbound = {"protocol": "freedom", "settings": {"redirect": f"127.0.0.1:{page}"}}
    (folder / "config.json").write_text(json.dumps({"inbounds": [inbound], "outbounds": [outbound]}))
    command = [V2RAY, "-config", "config.json"]
    with running(command, folder / "v2ray.log", listens(port, Transport.TCP)):
        yield port


@dataclass
class Page:
    """`asked`: what came."""

    asked: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await reader.read()


async def walk(port: int, *, user: str = ID, off_s: int = 0, timeout_s: float = _PATIENCE_S) -> Walk:
    to = replace(target(Kind.VMESS, port), options={"through": "www.example.org"}, secrets={"id_file": user})
    return await walked(to, replace(tools(timeout_s=timeout_s), clock=Wrong(off_s), token=os.urandom))


@pytest.mark.parametrize("alter", [0, 64])
async def test_v2ray_asks_for_the_page_and_proves_that_it_knows_the_id(tmp_path: Path, alter: int) -> None:
    """It opens the sealed header whatever its alterId, and needs no variable of the environment for it."""
    page = Page()
    async with listening(page.serve) as there:
        with v2ray(tmp_path, there, alter=alter) as port:
            done = [await walk(port) for _ in range(3)]
    assert [(each.failure, each.authenticated, each.last.step) for each in done] == [(None, True, Step.KNOCK)] * 3
    assert page.asked == [b"HEAD / HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n"] * 3


async def test_v2ray_is_silent_to_a_stranger_and_to_another_hour(tmp_path: Path) -> None:
    page = Page()
    async with listening(page.serve) as there:
        with v2ray(tmp_path, there) as port:
            assert (await walk(port, off_s=-100)).authenticated
            assert (await walk(port, off_s=100)).authenticated
            for user, off_s in ((OTHER_ID, 0), (ID, -130), (ID, 130)):
                done = await walk(port, user=user, off_s=off_s, timeout_s=_SILENCE_S)
                assert (done.failure, done.authenticated) == (Failure.TIMEOUT, False)
    assert len(page.asked) == 2


async def test_behind_a_host_that_does_not_answer_v2ray_proves_nothing(tmp_path: Path) -> None:
    with v2ray(tmp_path, closed_port()) as port:
        done = await walk(port, timeout_s=_SILENCE_S)
    assert done.failure in (Failure.TIMEOUT, Failure.EOF)
    assert not done.authenticated
