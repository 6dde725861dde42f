"""The dead man's switch: believed by the roots of the configuration, and heard out when it says no."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest
import trustme

from monitor import parts
from monitor.config import Loaded, load
from monitor.home import heartbeat
from monitor.logs import Level, Log


def configured(folder: Path, url: str) -> Loaded:
    (folder / "v.secret").write_bytes(bytes(32))
    (folder / "url").write_text(url)
    (folder / "didban.yml").write_text(
        "vantage: {id: v1, secret_file: v.secret, country: IR, access: mobile, role: inside}\n"
        "services: [imo]\nheartbeat: {url_file: url}\ntls: {ca_file: ca.pem}\n"
    )
    loaded, mistakes = load(folder / "didban.yml")
    assert loaded is not None, mistakes
    return loaded


@pytest.mark.parametrize(("status", "said"), [("204 No Content", ""), ("404 Not Found", 'why="HTTP 404"')])
async def test_it_is_asked_by_the_roots_of_the_laboratory_and_its_no_is_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, status: str, said: str
) -> None:
    monkeypatch.setattr(Log, "least", Level.INFO)
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    came = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            came += 1
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/TOP-SECRET"
    switch = parts.heartbeat_switch(configured(tmp_path, url))
    assert switch is not None
    assert "TOP-SECRET" not in repr(switch)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            await heartbeat.beat(switch, 0.1, 0.4)
    server.close()
    assert came
    logged = capsys.readouterr().err
    assert said in logged
    assert bool(said) is ("heartbeat_not_heard" in logged)
