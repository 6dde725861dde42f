"""Closed hours reach a store of the operator's own, each once, and are read there in place."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import Loaded, load
from monitor.evidence.store.sigv4 import Key, path_of, signed
from monitor.evidence.tending import Tending
from monitor.keeping.records import decode
from monitor.spool import Spool
from monitor.stored import reading
from probes import known
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS
from tests.monitor.evidence.signature import worked_out
from tests.monitor.facts import rounds, walk

HOUR_MS = 60 * MINUTE_MS
# Amazon S3 API Reference, sig-v4-header-based-auth, example "PUT Object"
EXAMPLE = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
SIGNATURE = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"


def test_the_published_example_has_the_published_signature() -> None:
    headers = {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}
    url = "https://examplebucket.s3.amazonaws.com/" + path_of("test$file.text")
    found = signed(EXAMPLE, "PUT", url, b"Welcome to Amazon S3.", 1_369_353_600_000, headers)
    assert found["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        f"SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, Signature={SIGNATURE}"
    )


def test_a_key_is_never_shown() -> None:
    assert "wJalr" not in repr(EXAMPLE)
    assert "AKIA" not in repr(EXAMPLE)
    with pytest.raises(ValueError, match="holds no access key"):
        Key.read("one", "r")


@given(st.text(max_size=20), st.binary(max_size=20), st.integers(0, 4_102_444_800_000))
def test_what_was_signed_is_what_a_store_works_out(name: str, body: bytes, at_ms: int) -> None:
    try:
        path = "/bucket/" + path_of(name)
    except UnicodeEncodeError:  # half a character is no name
        return
    headers = signed(EXAMPLE, "PUT", "http://store.example:9000" + path, body, at_ms)
    assert worked_out(EXAMPLE.secret, "PUT", path, headers, body) == headers["Authorization"].rpartition("=")[2]


@dataclass
class Store:
    """Takes what is put, if whoever puts it may; into a folder, as a store would lay it."""

    folder: Path
    status: int = 200
    taken: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, may: Callable[[web.Request, bytes], bool]) -> AsyncIterator[str]:
        async def put(request: web.Request) -> web.Response:
            body = await request.read()
            if not may(request, body):
                return web.Response(status=403)
            if self.status == 200:
                path = self.folder / request.match_info["name"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
                self.taken.append(request.match_info["name"])
            return web.Response(status=self.status)

        app = web.Application()
        app.router.add_put("/store/{name:.+}", put)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


def by_signature(request: web.Request, body: bytes) -> bool:
    try:
        signature = worked_out("secret/word", request.method, request.raw_path, dict(request.headers), body)
    except (KeyError, AssertionError):
        return False
    return request.headers["Authorization"].endswith(f"Signature={signature}")


def by_a_lock(request: web.Request, body: bytes) -> bool:
    """As a bucket with Object Lock takes it: signed, the sum of the body among what is signed."""
    said, signed_names = request.headers.get("Content-MD5"), request.headers["Authorization"].lower()
    told = base64.b64encode(hashlib.md5(body).digest()).decode()
    return said == told and ";content-md5;" in signed_names.replace("=", ";") and by_signature(request, body)


def by_password(request: web.Request, body: bytes) -> bool:
    return request.headers.get("Authorization") == "Basic ZGlkYmFuOnB3"


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    """Three hours of walks."""
    opened = Spool(tmp_path / "spool")
    await opened.open()
    for number in range(6):
        await opened.add(rounds(walk(to="imo/web", started_ms=NOON_MS + number * 30 * MINUTE_MS), number=number))
    yield opened
    await opened.close()


def configured(tmp_path: Path, upload: str) -> Loaded:
    (tmp_path / "secret").write_bytes(bytes(32))
    (tmp_path / "key").write_text("ACCESS secret/word\n")
    (tmp_path / "password").write_text("pw\n")
    (tmp_path / "didban.yml").write_text(
        "vantage: {id: v1, secret_file: secret, country: IR, network: AS197207, access: mobile, role: inside}\n"
        f"upload: {upload}\n"
    )
    found, mistakes = load(tmp_path / "didban.yml")
    assert found is not None, mistakes
    return found


async def tended(spool: Spool, loaded: Loaded, now_ms: int) -> int:
    """How many bytes that took."""
    spent: list[int] = []
    tending = Tending(spool, lambda sent, received: spent.append(sent + received))
    await tending.tend(loaded, now_ms=now_ms, before_ms=0, patience_s=1)
    return sum(spent)


S3 = "{{s3: {{bucket: store, endpoint: '{url}', region: eu-central-1, key_file: key}}}}"
PUT = "{{url: '{url}/store', username: didban, password_file: password}}"


@pytest.mark.parametrize(("form", "may"), [(S3, by_signature), (S3, by_a_lock), (PUT, by_password)])
async def test_closed_hours_are_put_once_under_their_names(
    spool: Spool, tmp_path: Path, form: str, may: Callable[[web.Request, bytes], bool]
) -> None:
    store = Store(tmp_path / "store")
    async with store.open(may) as url:
        loaded = configured(tmp_path, form.format(url=url))
        assert await tended(spool, loaded, NOON_MS + 2 * HOUR_MS + 1) > 1000
        hours = [f"IR/AS197207/v1/2026-11-16T{hour}.jsonl.gz" for hour in (12, 13)]
        assert store.taken == hours, "the hour that runs stays"
        await tended(spool, loaded, NOON_MS + 2 * HOUR_MS + 1)
        assert store.taken == hours
        await tended(spool, loaded, NOON_MS + 3 * HOUR_MS + 1)
        assert len(store.taken) == 3
    lines = gzip.decompress((store.folder / hours[0]).read_bytes()).splitlines()
    found = [json.loads(line) for line in lines]
    assert [(each["id"], each["round"], each["link"]) for each in found] == [(1, 0, 1), (2, 1, 1)]
    assert all(decode(json.dumps(each["walk"]).encode()).target == "imo/web" for each in found)
    assert [each.about for each in reading.judged(store.folder / hours[0], known.load())] == ["imo/web"]


@pytest.mark.parametrize("status", [403, 404, 500, 302])
async def test_a_store_that_will_not_is_asked_again_for_the_same(spool: Spool, tmp_path: Path, status: int) -> None:
    store = Store(tmp_path / "store", status)
    async with store.open(by_signature) as url:
        loaded = configured(tmp_path, S3.format(url=url))
        await tended(spool, loaded, NOON_MS + 9 * HOUR_MS)
        assert store.taken == []
        store.status = 200
        await tended(spool, loaded, NOON_MS + 9 * HOUR_MS)
        assert len(store.taken) == 3
    await tended(spool, loaded, NOON_MS + 9 * HOUR_MS)  # and nobody there is nothing to fall over


async def test_an_hour_is_the_same_bytes_again(spool: Spool, tmp_path: Path) -> None:
    """What a crash sent twice is stored once."""
    store = Store(tmp_path / "store")
    async with store.open(by_signature) as url:
        loaded = configured(tmp_path, S3.format(url=url))
        await tended(spool, loaded, NOON_MS + 9 * HOUR_MS)
        before = {path: path.read_bytes() for path in store.folder.rglob("*.gz")}
        await spool.remember("uploaded", 0)
        await tended(spool, loaded, NOON_MS + 9 * HOUR_MS)
    assert {path: path.read_bytes() for path in store.folder.rglob("*.gz")} == before
    assert len(store.taken) == 6


async def test_duckdb_reads_the_store_in_place(spool: Spool, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    async with store.open(by_signature) as url:
        await tended(spool, configured(tmp_path, S3.format(url=url)), NOON_MS + 9 * HOUR_MS)
    with duckdb.connect() as db:
        found = db.execute(
            "SELECT walk.target, count(*), sum(len(walk.steps)) FROM read_json_auto(?) GROUP BY 1",
            [str(store.folder / "IR/*/*/*.jsonl.gz")],
        ).fetchall()
    assert found == [("imo/web", 6, 24)]


@pytest.mark.parametrize(
    ("upload", "mistake"),
    [
        ("{}", "needs url or s3, and not both"),
        ("{url: 'http://store.example/'}", "must be https"),
        ("{url: 'https://store.example/', username: me}", "go together"),
        ("{s3: {bucket: B, endpoint: 'https://s.example', key_file: key}}", "the name of a bucket"),
        ("{s3: {bucket: bucket, endpoint: 'https://s.example', key_file: gone}}", "gone: no such file"),
    ],
)
def test_a_mistake_in_it_is_said(tmp_path: Path, upload: str, mistake: str) -> None:
    (tmp_path / "secret").write_bytes(bytes(32))
    (tmp_path / "didban.yml").write_text(
        f"vantage: {{id: v1, secret_file: secret, country: IR, access: mobile, role: inside}}\nupload: {upload}\n"
    )
    found, mistakes = load(tmp_path / "didban.yml")
    assert found is None
    assert any(mistake in str(each) and ":2: upload" in str(each) for each in mistakes), mistakes
