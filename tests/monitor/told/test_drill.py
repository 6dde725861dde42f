"""`didban drill`: an exercise takes the way of everything else, says at each hop when, and says which hop it never reached."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from monitor.beat.exercise import Exercise
from monitor.beside import rulefiles, stack
from monitor.drilling.hops import Begun, Follow, Where
from monitor.explaining import receipts
from monitor.explaining.receipts import Receipt
from monitor.home.querying import Far
from monitor.metrics import DRILL, NAMES_HOME
from monitor.settings import ClientTls
from probes.doors.clock import SystemClock
from tests.monitor.home.receivers import _live
from tests.monitor.local import Vantage
from tests.monitor.told.people import listening
from tests.monitor.told.relays import living
from tests.probes.liars import closed_port

TIMES = 10


def test_an_exercise_ends_by_itself_and_there_is_one_at_a_time() -> None:
    drill = Exercise(600)
    assert drill.said(1_000_000) is None
    assert drill.begin(1_000_000)
    assert not drill.begin(1_001_000)
    assert drill.said(1_002_000) == 1000.0
    assert drill.said(1_000_000 + 600_000) is None
    assert drill.begin(1_000_000 + 600_000)
    drill.end()
    assert drill.said(1_000_000 + 600_001) is None


def test_a_clock_set_back_ends_an_exercise() -> None:
    drill = Exercise(600)
    assert drill.begin(1_000_000)
    assert drill.said(999_000) is None


def test_an_exercise_goes_home_like_everything_that_pages() -> None:
    assert DRILL.name in NAMES_HOME
    assert DRILL.labels == (), "its moment is its value: no label grows with exercises"


def test_a_box_whose_clock_is_corrected_says_by_how_much() -> None:
    """Else the moment that its ticks state could never be found again in the database."""
    exercise = Exercise()
    assert exercise.begin(1_000_000)
    exercise.was_stated(1_015_000, ahead_ms=-420)
    assert exercise.as_json("v1", [])["ahead_ms"] == -420


def test_no_other_rule_reads_the_series_of_an_exercise() -> None:
    for path in rulefiles.RULES.glob("*.yml"):
        names = re.findall(r"didban[:\w]*drill\w*", path.read_text())
        assert path.name == "drill.yml" or not names


@pytest.fixture
def vantage(tmp_path: Path) -> Iterator[Vantage]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        made = Vantage(tmp_path, server.getsockname()[1], times=TIMES)
        yield made
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.communicate()


def drilled(vantage: Vantage, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitor", "drill", f"--config.file={vantage.config}"]
    command += [f"--web.listen-address=127.0.0.1:{vantage.port}", *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_without_a_daemon_nothing_is_begun(vantage: Vantage) -> None:
    done = drilled(vantage)
    assert done.returncode == 3
    assert "begins no exercise" in done.stderr


def test_a_hop_that_is_never_reached_is_named_and_nothing_behind_it_is_asked(vantage: Vantage) -> None:
    vantage.times = 30
    vantage.start()
    nobody = f"http://127.0.0.1:{closed_port()}"
    done = drilled(vantage, f"--query={nobody}", f"--alertmanager={nobody}", "--patience=6")
    assert done.returncode == 1, done.stderr
    assert "EXERCISE at v1, no event" in done.stdout
    assert re.search(r"stated in a tick, and kept on disk +[0-9.]+ +\+", done.stdout)
    assert re.search(rf"to be asked of the database +- +never reached \({nobody}: .+\)", done.stdout), done.stdout
    assert "Alertmanager" not in done.stdout


@contextlib.asynccontextmanager
async def home(vantage: Vantage, folder: Path, receivers: str) -> AsyncIterator[list[str]]:
    """Prometheus and Alertmanager as `didban up` runs them, as fast as the box: how they are named to a drill."""
    for program in ("prometheus", "prometheus-alertmanager"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    ports = {name: closed_port() for name in ("prometheus", "alertmanager")}
    listen = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    route = "route: {receiver: nobody, group_wait: 1s, routes: [{matchers: ['severity=\"page\"'], receiver: pages}]}\n"
    (folder / "am.yml").write_text(f"{route}receivers: [{{name: nobody}}, {{name: pages, {receivers}}}]\n")
    config = stack.write_prometheus(
        folder, alertmanager=listen["alertmanager"], scrape=[f"127.0.0.1:{vantage.port}"], times=TIMES
    )
    commands = {
        "prometheus": stack.prometheus_command(
            "prometheus", config, folder / "tsdb", listen["prometheus"], times=TIMES
        ),
        "alertmanager": stack.alertmanager_command(
            "prometheus-alertmanager", folder / "am.yml", folder / "am", listen["alertmanager"]
        ),
    }
    asked = [f"--query=http://{listen['prometheus']}", f"--alertmanager=http://{listen['alertmanager']}"]
    running = [await asyncio.to_thread(_live, command, ports[name], "/-/ready") for name, command in commands.items()]
    try:
        yield asked
    finally:
        for process in running:
            process.kill()
            process.wait()


async def test_every_hop_from_a_real_box_to_each_receipt_has_its_delay(vantage: Vantage, tmp_path: Path) -> None:
    """Prometheus, Alertmanager, a relay: its own book says who was told, and when."""
    vantage.start()
    async with listening() as people, living(tmp_path / "relay", people) as relay:
        hook = f"{{url: '{relay.url}/alertmanager', http_config: {{authorization: {{credentials: '{relay.token}'}}}}}}"
        async with home(vantage, tmp_path, f"webhook_configs: [{hook}]") as asked:
            book = [f"--relay={relay.url}", f"--relay.token-file={relay.folder / 'relay.token'}"]
            done = await asyncio.to_thread(drilled, vantage, *asked, *book, "--json", "--patience=55")
    assert done.returncode == 0, done.stdout + done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    after = {each["hop"]: each["after_s"] for each in said}
    assert after.pop("taken by the hub") is None
    assert after.pop("handed over, by Alertmanager's count") > 0, "it is asked twice a second, the book is exact"
    assert list(after)[-3:] == [
        "with the relay", "taken by the way to the first person", "taken by the way to each of them",
    ]  # fmt: skip
    assert list(after.values()) == sorted(after.values())
    assert all(each["exercise"] for each in said)
    assert people.told["ntfy"][0]["title"].startswith("PAGE EXERCISE")
    assert "تمرین" in people.told["matrix"][0]["body"]


class Book:
    """A relay's, as it was found in this moment."""

    def __init__(self, *found: Receipt) -> None:
        self.found = list(found)
        self.server: web.AppRunner | None = None

    async def open(self, folder: Path) -> Far:
        app = web.Application()
        app.router.add_get("/api/v1/receipts", self.answer)
        self.server = web.AppRunner(app)
        await self.server.setup()
        await web.TCPSite(self.server, "127.0.0.1", 0).start()
        (folder / "token").write_text("sesame\n")
        return receipts.relay(f"http://127.0.0.1:{self.server.addresses[0][1]}", folder / "token")

    async def answer(self, request: web.Request) -> web.Response:
        return web.json_response({"receipts": [msgspec.to_builtins(each) for each in self.found]})


async def test_who_refuses_or_is_not_told_yet_is_named_and_the_last_hop_is_not_reached(tmp_path: Path) -> None:
    def told(person: str, state: str, done_ms: int | None) -> Receipt:
        return Receipt(1_000_500, "ntfy", person, "page", "EXERCISE", state, done_ms, None, None, [])

    book = Book(told("Sara", "delivered", 1_001_000))
    where = Where(Far.of("http://127.0.0.1:1", None, ClientTls(), tmp_path), None, None, await book.open(tmp_path))
    follow = Follow(Begun("v1", 1_000_000, False), where, SystemClock(), {})
    hops = {name: asked for name, asked in follow.hops() if asked is not None}
    first, each = hops["taken by the way to the first person"], hops["taken by the way to each of them"]
    assert await hops["with the relay"]() == 1_000_500
    assert (await first(), await each()) == (1_001_000, 1_001_000)
    book.found += [told("Omid", "refused", 1_001_500), told("Neda", "waiting", None)]
    assert (await first(), await each()) == (1_001_000, None)
    assert follow.trouble == "Omid by ntfy: refused, Neda by ntfy: waiting"
    assert [receipt.person for receipt in follow.told] == ["Sara", "Omid", "Neda"]
    assert book.server is not None
    await book.server.cleanup()
    assert await each() is None
    assert "127.0.0.1" in follow.trouble
