"""The way of a book, whole: two controls walk, write, are put together; a box inside reads it, and knows a stranger."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import trustme

from monitor import config
from monitor.begin import consent
from monitor.engine import Crew, Engine
from monitor.spool import Spool
from probes.words import Access, Finding, Role
from tests.monitor.local import Vantage
from tests.probes.liars import Authority, closed_port

NAME = "www.instagram.com"
HOUR_MS = 3_600_000


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await reader.read()
        writer.close()


@contextlib.asynccontextmanager
async def served(context: ssl.SSLContext) -> AsyncIterator[int]:
    server = await asyncio.start_server(_greet, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def box(folder: Path, ca_file: Path, port: int, role: str, extra: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "secret").write_bytes(bytes(32))
    (folder / "mine.yml").write_text(f"""service: instagram
title: {{en: Instagram}}
category: social_media
targets:
  - {{id: web, kind: tls, depth: web, hosts: [{NAME}], addresses: [127.0.0.1], ports: [{port}], source: test}}
""")
    path = folder / "didban.yml"
    path.write_text(f"""
vantage: {{id: v1, secret_file: secret, country: IR, network: AS1, access: mobile, role: {role}}}
services: [./mine.yml]
dns: {{system: [127.0.0.1]}}
tls: {{ca_file: {ca_file}}}
storage: {{path: state}}
{extra}""")
    return path


async def walked(path: Path, *, shift_ms: int = 0) -> tuple[Finding, ...]:
    """One round of its only target by the engine of that file; what it remembers is as old as `shift_ms` makes it."""
    loaded, mistakes = config.load(path)
    assert loaded is not None, mistakes
    spool = Spool(path.parent / "state")
    await spool.open()
    async with asyncio.TaskGroup() as tasks:
        engine = Engine.build(loaded, 1, spool, Crew(tasks.create_task))
        await engine.recall(spool)
        await engine.rounds.walk(engine.rounds.errands[0], 1)
        record = engine.view.standings["instagram/web"].record
        assert record.reached
        await engine.remember(spool)
        met = engine.view.book.issuers.memory()
        await spool.remember(
            "issuers", {h: {i: [s - shift_ms, t] for i, (s, t) in of.items()} for h, of in met.items()}
        )
        engine.crew.send_home()
    await spool.close()
    return record.findings()


def didban(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "monitor", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_a_certificate_of_a_stranger_is_known_by_the_book_of_two_controls(tmp_path: Path) -> None:
    genuine, stranger = Authority.make(tmp_path), trustme.CA(organization_name="Nobody Knows CA")
    trusted = tmp_path / "both.pem"
    trusted.write_bytes(genuine.ca.cert_pem.bytes() + stranger.cert_pem.bytes())
    inside, books = tmp_path / "inside", []
    async with served(genuine.server(NAME)) as port, served(genuine.server(NAME, ca=stranger)) as liar:
        path = box(inside, trusted, liar, "inside")
        assert await walked(path, shift_ms=2 * HOUR_MS) == (), "without a book nobody is suspected"
        for number in (1, 2):
            control = box(tmp_path / f"c{number}", trusted, port, "control")
            await walked(control)
            books.append(str(tmp_path / f"c{number}.yml"))
            await asyncio.to_thread(didban, "book", "--out", books[-1], f"--config.file={control}")
        await asyncio.to_thread(didban, "book", *books, "--out", str(inside / "book.yml"))
        path = box(inside, trusted, liar, "inside", "book: book.yml\n")
        assert "by 2 controls: 1 names" in await asyncio.to_thread(didban, "check-config", str(path))
        assert await walked(path) == (Finding.UNEXPECTED_ISSUER,)
        path = box(inside, trusted, port, "inside", "book: book.yml\n")
        assert await walked(path) == (), "and the genuine one is not"


# ---------------------------------------------------------------- a book that grows old


@pytest.fixture
def vantage(tmp_path: Path) -> Iterator[Vantage]:
    made = Vantage(tmp_path, closed_port())
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.communicate()


@pytest.mark.long
def test_a_running_daemon_walks_again_what_was_dead_once_the_book_is_too_old(vantage: Vantage) -> None:
    """In motion thirty times as fast: seven days are 5.6 hours, and the housekeeping comes every 20 s."""
    digest = consent.digest(Role.INSIDE, "IR", Access.MOBILE)
    text = vantage.config.read_text().replace("country: DE", "country: IR").replace("role: control", "role: inside")
    text = text.replace("datacenter", "mobile").replace(consent.digest(Role.CONTROL, "DE", Access.DATACENTER), digest)
    vantage.config.write_text(text + "book: book.yml\n")
    rows = [line for line in (vantage.folder / "services.yml").read_text().splitlines() if "ports" in line]
    ports = [line.partition("ports: [")[2].partition("]")[0] for line in rows]
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=7) / 30 + datetime.timedelta(seconds=10)
    (vantage.folder / "book.yml").write_text(
        f"book: 1\nat: {at:%Y-%m-%dT%H:%M:%SZ}\ncontrols: 2\n"
        f"endpoints: {{local/closed: {{'127.0.0.1:{ports[1]}/tcp': {{dead: 2}}}}}}\n"
    )
    vantage.start()
    assert rule_of(vantage) == "quarantined"
    assert "Not walked, dead at control points" in vantage.ask("/")[1]
    until(lambda: rule_of(vantage) not in ("quarantined", "nothing_fresh"))
    code, _, said = vantage.stop()
    assert code == 0
    assert "Traceback" not in said


def rule_of(vantage: Vantage) -> str:
    (service,) = vantage.status()["services"]
    found: str = next(each["rule_id"] for each in service["targets"] if each["target"] == "local/closed")
    return found


def until(condition: Callable[[], bool]) -> None:
    by = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < by
        time.sleep(0.5)
