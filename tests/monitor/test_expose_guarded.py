"""No other site makes a browser ask us, no other name leads to us, no path to a file; every answer says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.webconfig import OPEN
from tests.monitor.served import Box, serve


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    async for each in serve(tmp_path, OPEN):
        yield each


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("127.0.0.1", 421),
        ("", 421),
        ("box.local", 200),
        (None, 200),
    ],
)
async def test_another_name_in_front_of_our_address_gets_nothing(box: Box, host: str | None, status: int) -> None:
    """DNS rebinding: a page of evil.example may make a browser ask us, but not by our name."""
    headers = {} if host is None else {"Host": host}
    for path in ("/", "/metrics", "/api/v1/status"):
        assert (await box.get(path, headers=headers))[0] == status


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
async def test_whoever_listens_on_all_addresses_answers_to_each_and_to_no_name(tmp_path: Path, everywhere: str) -> None:
    async for box in serve(tmp_path, OPEN, told=everywhere):
        mine = box.url.partition("://")[2]
        assert (await box.get("/metrics", headers={"Host": mine}))[0] == 200
        assert (await box.get("/-/reload", method="POST", headers={"Host": mine, "Origin": box.url}))[0] == 200
        assert (await box.get("/metrics", headers={"Host": "box.local"}))[0] == 200
        for other in (
            "evil.example",
            mine.replace("127.0.0.1", "127.0.0.2"),
            mine.replace("127.0.0.1", "evil.example"),
        ):
            assert (await box.get("/metrics", headers={"Host": other}))[0] == 421


FOLLOWED = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize(
    ("headers", "may_post", "may_look"),
    [
        ({}, True, True),  # curl, Prometheus
        ({"Origin": "OURS"}, True, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "OURS", "Referer": "OURS/"}, True, True),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, True, True),  # typed into the address bar
        ({"Origin": "https://evil.example"}, False, False),
        ({"Origin": "null"}, False, False),
        ({"Origin": "http://127.0.0.1:1"}, False, False),  # another listener of this machine
        ({"Sec-Fetch-Site": "cross-site"}, False, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "OURS"}, False, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, False, False),
        (FOLLOWED, False, True),  # a link in a letter
        ({"Referer": "https://evil.example/OURS"}, False, True),  # a form, sent by a browser of before 2020
        ({"Referer": "OURS/"}, True, True),
    ],
)
async def test_no_other_site_can_make_the_box_walk(
    box: Box, headers: dict[str, str], may_post: bool, may_look: bool
) -> None:
    said = {name: text.replace("OURS", box.url) for name, text in headers.items()}
    for path in ("/probe?target=instagram/web", "/-/reload", "/-/drill"):
        assert (await box.get(path, method="POST", headers=said))[0] == (200 if may_post else 403)
    assert box.reloads == may_post
    assert (await box.get("/api/v1/status", headers=said))[0] == (200 if may_look else 403)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_nothing_but_a_post_makes_it_walk(box: Box, method: str) -> None:
    for path in ("/probe?target=instagram/web", "/-/reload", "/-/drill/end"):
        assert (await box.get(path, method=method))[0] == 405
    assert box.reloads == 0


async def test_two_hosts_are_none(box: Box) -> None:
    """Two readers of such a request could each believe another one."""
    host, _, port = box.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /metrics HTTP/1.1\r\nHost: {host}:{port}\r\nHost: evil.example\r\n\r\n".encode())
    async with asyncio.timeout(5):
        status = await reader.readline()
    writer.close()
    assert status.split()[1] in (b"400", b"421")


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status", "/nothing", "/probe", "/runbook/x", "/-/healthy"])
async def test_every_answer_carries_the_headers_and_says_not_what_serves_it(box: Box, path: str) -> None:
    async with box.session.get(box.url + path) as answer:
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Server" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/static/x", "//etc/passwd", "/runbook/%2fetc%2fpasswd"]
)
async def test_no_path_leads_to_a_file(box: Box, path: str) -> None:
    host, _, port = box.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert answer.split()[1] in (b"404", b"400")
    assert b"root:" not in answer
