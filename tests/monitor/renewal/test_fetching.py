"""A catalogue from the hub: at most once a day, counted, believed like the file by hand; and a hub hands out no other."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from monitor import config
from monitor.beat.spread import unit
from monitor.config import Loaded
from monitor.engine import Crew, Engine
from monitor.home.credentials import read_basic
from monitor.home.ways import Way
from monitor.hub.gateway import Refusal, Refused
from monitor.hub.handing import Handing
from monitor.renewal import fetching, shelf, signed
from monitor.renewal.fetching import CATALOGUE, Fetching
from monitor.renewal.signed import MOST_BYTES
from monitor.spool import Spool
from probes.doors.clock import SystemClock
from tests.monitor.hub.hubs import REGISTRY, Database, Hub, basic, enrolled
from tests.monitor.local import Vantage
from tests.monitor.renewal.catalogues import KEY, NOW_MS, OTHER, OTHER_PUBLIC, PUBLIC, VERSION, packed
from tests.probes.liars import closed_port

DAY_MS = 86_400_000
MIDNIGHT_MS = NOW_MS // DAY_MS * DAY_MS
LAST_MS = MIDNIGHT_MS + DAY_MS - 1  # by then every box has had its moment


@dataclass
class Asked:
    """Somebody at the hub's place, who answers `answer`; what was asked of it."""

    answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    came: list[web.Request] = field(default_factory=list)
    port: int = 0

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.came.append(request)
        return await self.answer(request)


@asynccontextmanager
async def standing(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[Asked]:
    there, app = Asked(answer), web.Application()
    app.router.add_route("*", "/{path:.*}", there.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there.port = runner.addresses[0][1]
    try:
        yield there
    finally:
        await runner.cleanup()


def hands(file: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """As a hub does, to whoever knows the password."""

    def admitted(request: web.Request) -> str:
        user, password = read_basic(request.headers.get("Authorization"))
        if password != "secret":
            raise Refusal(Refused.UNAUTHORIZED)
        return user

    return Handing(admitted, file).answer


class At(SystemClock):
    def __init__(self, now_ms: int) -> None:
        self.at_ms = now_ms

    def now_ms(self) -> int:
        return self.at_ms


class Box:
    """As much of a daemon as fetching knows."""

    def __init__(self, folder: Path, port: int, more: str = "") -> None:
        self.folder, self.clock, self.reloads = folder, At(LAST_MS), 0
        (folder / "state").mkdir(exist_ok=True)
        (folder / "secret").write_bytes(b"k" * 32)
        (folder / "hub.password").write_text("secret\n")
        more = more or f"catalogue: {{keys: ['{PUBLIC}']}}"
        (folder / "didban.yml").write_text(f"""
vantage: {{id: v1, secret_file: secret, country: DE, network: AS1, access: datacenter, role: control}}
services: [imo]
storage: {{path: state}}
ship:
  - name: hub
    remote_write: http://127.0.0.1:{port}/api/v1/write
    basic_auth: {{username: v1, password_file: hub.password}}
{more}
""")
        self.spool = Spool(folder / "state")

    async def __aenter__(self) -> Box:
        await self.spool.open()
        await self.reload()
        self.fetching = Fetching(self.spool, lambda: self.engine, self.reload)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.engine.close()
        await self.spool.close()

    async def reload(self) -> None:
        self.reloads += 1
        self.engine = Engine.build(self.loaded(), 1, self.spool, Crew(asyncio.create_task), self.clock)

    def loaded(self) -> Loaded:
        found, mistakes = config.load(self.folder / "didban.yml")
        assert found is not None, mistakes
        return found

    async def look(self, days: int = 0) -> int:
        """The version it runs by afterwards; 0 for what is shipped."""
        self.clock.at_ms = LAST_MS + days * DAY_MS
        await self.fetching.look()
        renewed = self.loaded().renewed
        return renewed.version if renewed is not None else 0


@pytest.fixture
def today(tmp_path: Path) -> Path:
    """Where a hub has its catalogue."""
    return put(tmp_path / "today", packed())


def put(file: Path, data: bytes) -> Path:
    file.write_bytes(data)
    return file


# ---------------------------------------------------------------- a box


async def test_what_the_hub_has_is_at_work_a_moment_later(tmp_path: Path, today: Path) -> None:
    async with standing(hands(today)) as there, Box(tmp_path, there.port) as box:
        assert await box.look() == VERSION
        assert box.reloads == 2
        assert [(each.method, each.path) for each in there.came] == [("GET", CATALOGUE)]
        assert there.came[0].headers["Authorization"] == basic("v1", "secret")


async def test_its_bytes_are_counted(tmp_path: Path, today: Path) -> None:
    async with standing(hands(today)) as there, Box(tmp_path, there.port) as box:
        budget = box.engine.budget
        await box.look()
        assert budget.total == {("sent", "ship"): 700 + 1200, ("received", "ship"): 700 + 4500 + len(packed())}


async def test_it_is_asked_for_once_a_day_whatever_came_of_it(tmp_path: Path, today: Path) -> None:
    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    for number, answer in enumerate((away, hands(today))):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with standing(answer) as there, Box(folder, there.port) as box:
            for days in (0, 0, 0, 1, 1, 2):
                await box.look(days)
            assert len(there.came) == 3


async def test_the_moment_is_another_on_every_day_and_for_every_box(tmp_path: Path, today: Path) -> None:
    async def moments(secret: bytes) -> list[int]:
        folder = tmp_path / secret.decode()
        folder.mkdir()
        async with standing(hands(today)) as there, Box(folder, there.port) as box:
            (folder / "secret").write_bytes(secret * 32)
            await box.reload()
            found = []
            for day in range(4):
                for hour in range(24):
                    box.clock.at_ms, before = MIDNIGHT_MS + day * DAY_MS + hour * 3_600_000, len(there.came)
                    await box.fetching.look()
                    found += [hour] if len(there.came) > before else []
            return found

    one, other = await moments(b"a"), await moments(b"b")
    assert 3 <= len(one) <= 4
    assert len(set(one)) > 1, "the last hour of a day may have no look after it"
    assert one != other


async def test_what_is_there_already_is_not_sent_again(tmp_path: Path, today: Path) -> None:
    sent: list[int] = []

    async def counted(request: web.Request) -> web.StreamResponse:
        answer = await handed(request)
        sent.append(answer.status)
        return answer

    handed = hands(today)
    async with standing(counted) as there, Box(tmp_path, there.port) as box:
        assert await box.look() == VERSION
        assert await box.look(1) == VERSION
        put(today, packed(VERSION + 1))
        assert await box.look(2) == VERSION + 1
    assert sent == [200, 304, 200]


@pytest.mark.parametrize("more", ["histograms: false", f"catalogue: {{keys: ['{PUBLIC}'], fetch: false}}"])
async def test_without_a_key_or_by_a_word_nobody_is_asked(tmp_path: Path, today: Path, more: str) -> None:
    async with standing(hands(today)) as there, Box(tmp_path, there.port, more) as box:
        assert await box.look() == 0
        assert there.came == []


async def test_a_box_that_keeps_still_asks_nobody(tmp_path: Path, today: Path) -> None:
    async with standing(hands(today)) as there, Box(tmp_path, there.port) as box:
        box.engine.rests = type("Hushed", (), {"hushed": True})()
        assert await box.look() == 0
        assert there.came == []


async def test_a_receiver_that_is_no_hub_is_not_asked(tmp_path: Path, today: Path) -> None:
    async with standing(hands(today)) as there, Box(tmp_path, there.port) as box:
        path = tmp_path / "didban.yml"
        path.write_text(path.read_text().replace("/api/v1/write", "/push"))
        await box.reload()
        assert await box.look() == 0
        assert there.came == []


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<html>log in</html>", packed()[:-1], packed(key=OTHER), packed(VERSION - 5), packed(expires="2026-11-02"),
        packed(files={"services/../x.yml": "x"}), packed() + bytes(MOST_BYTES),
    ],
    ids=["nothing", "a page", "half", "another's", "older", "expired", "what may not be", "too much"],
)  # fmt: skip
async def test_what_would_be_refused_by_hand_is_refused(tmp_path: Path, data: bytes) -> None:
    async def says(request: web.Request) -> web.StreamResponse:
        return web.Response(body=data)

    async with standing(says) as there, Box(tmp_path, there.port) as box:
        shelf.install(packed(VERSION - 1), tmp_path / "state/catalogue", (PUBLIC,), NOW_MS)
        assert await box.look() == VERSION - 1
        assert box.reloads == 1


async def test_a_rotation_comes_by_the_hub_as_well(tmp_path: Path) -> None:
    handed = [signed.rotation((), [OTHER_PUBLIC], KEY)]
    file = tmp_path / "today"
    async with standing(hands(file)) as there, Box(tmp_path, there.port) as box:
        file.write_bytes(packed(rotations=handed, key=OTHER))
        assert await box.look() == VERSION
        file.write_bytes(packed(VERSION + 1, key=KEY))
        assert await box.look(1) == VERSION, "the first key holds no more"


async def test_no_body_is_read_without_end(tmp_path: Path) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(bytes(64 * 1024))
            sent += 64 * 1024

    async with standing(endless) as there, Box(tmp_path, there.port) as box:
        assert await box.look() == 0
    assert sent < 20 * MOST_BYTES, "what the kernel holds, and no more"


async def test_a_portal_on_one_way_is_passed_over_and_no_redirect_followed(tmp_path: Path, today: Path) -> None:
    async def portal(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{there.port}/login"})

    async with standing(hands(today)) as hub, standing(portal) as there, Box(tmp_path, hub.port) as box:
        path = tmp_path / "didban.yml"
        ways = f"    proxies: ['http://127.0.0.1:{there.port}', direct]\n    basic_auth"
        path.write_text(path.read_text().replace("    basic_auth", ways))
        await box.reload()
        assert await box.look() == VERSION
        assert len(there.came) == 1


# ---------------------------------------------------------------- a hub


async def got(hub: Hub, **headers: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(hub.url + CATALOGUE, headers=headers) as answer:
        return answer.status, await answer.read()


async def test_a_hub_hands_its_file_to_its_vantages_and_nothing_to_strangers(tmp_path: Path, today: Path) -> None:
    (tmp_path / "registry.yml").write_text(REGISTRY)
    enrolled(tmp_path, "v1")
    hub = Hub(tmp_path, Database(port=closed_port()), extra=["catalogue: today"])
    await hub.start()
    mine = {"Authorization": basic("v1", "secret")}
    assert await got(hub, **mine) == (200, packed())
    assert (await got(hub))[0] == 401
    assert (await got(hub, Authorization=basic("v1", "guess")))[0] == 401
    assert (await got(hub, Authorization=basic("v2", "secret")))[0] in (401, 403)
    await hub.stop()


@pytest.mark.parametrize("what", ["no file", "a key", "a pipe", "a full pipe", "a folder", "a device", "a huge one"])
async def test_whatever_else_is_named_there_is_not_handed_out(tmp_path: Path, what: str) -> None:
    file, held = tmp_path / "today", None
    match what:
        case "a key":
            file.write_text(KEY)
        case "a pipe" | "a full pipe":
            os.mkfifo(file)
            held = os.open(file, os.O_RDWR | os.O_NONBLOCK) if what == "a full pipe" else None
            if held is not None:
                os.write(held, packed())
        case "a folder":
            file.mkdir()
        case "a device":
            file.symlink_to("/dev/zero")
        case "a huge one":
            file.write_bytes(packed() + bytes(MOST_BYTES))
    async with standing(hands(file)) as there, Box(tmp_path, there.port) as box, asyncio.timeout(5):
        assert await fetching._get(next(fetching._hubs(box.engine)), Way(), "", 2, lambda s, r: None) == (
            404, b"this hub has no catalogue to hand out\n",
        )  # fmt: skip
    if held is not None:
        os.close(held)


async def test_one_that_asks_without_end_gets_eight_a_day(tmp_path: Path, today: Path) -> None:
    async with standing(hands(today)) as there, Box(tmp_path, there.port) as box:
        home = next(fetching._hubs(box.engine))
        found = [(await fetching._get(home, Way(), "", 2, lambda s, r: None))[0] for _ in range(10)]
    assert found == [200] * 8 + [429] * 2


# ---------------------------------------------------------------- a daemon


async def test_a_daemon_does_so_and_runs_by_it_at_once(tmp_path: Path) -> None:
    """A process, by the machine's own clock, with a secret whose moment of this day has passed."""
    now_ms = SystemClock().now_ms()
    day, made = now_ms // DAY_MS, datetime.datetime.fromtimestamp(now_ms / 1000, datetime.UTC).date()
    file = put(tmp_path / "today", packed(made=str(made), expires=str(made + datetime.timedelta(days=9))))
    own = Vantage(tmp_path, closed_port())
    secrets = (hashlib.sha256(bytes([number % 256, number // 256])).digest() for number in range(2**16))
    put(tmp_path / "secret", next(each for each in secrets if unit(each, "catalogue", day) < 0.0005))
    put(tmp_path / "hub.password", b"secret")
    async with standing(hands(file)) as there:
        ship = f"ship: [{{name: hub, remote_write: 'http://127.0.0.1:{there.port}/api/v1/write', "
        own.write(
            extra=f"{ship}basic_auth: {{username: v1, password_file: hub.password}}}}]\ncatalogue: {{keys: ['{PUBLIC}']}}"
        )
        await asyncio.to_thread(own.start)
        try:
            async with asyncio.timeout(40):
                while (await asyncio.to_thread(own.status))["catalogue"]["version"] != VERSION:  # noqa: ASYNC110 - a process
                    await asyncio.sleep(0.1)
        finally:
            _, _, said = await asyncio.to_thread(own.stop)
    assert f"event=catalogue_installed version={VERSION}" in said
    assert len([each for each in there.came if each.path == CATALOGUE]) == 1
