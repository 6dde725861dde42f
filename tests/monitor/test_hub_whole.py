"""A whole vantage, a whole hub, each killed in its turn while the database is away: what the spool holds, the database has."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from tests.monitor.hubs import Database, Hub, enrolled, until
from tests.monitor.local import Vantage
from tests.monitor.test_kills import Samples, stated
from tests.probes.liars import closed_port

REGISTRY = "vantages:\n  - {id: v1, country: DE, network: AS1, access: datacenter, role: control}\n"


def as_stated(database: Database) -> Samples:
    """What the database has of the vantage, named as in its spool."""
    found = Samples()
    for (labels, at_ms), packed in database.kept.items():
        rest = dict(labels)
        name = rest.pop("__name__")
        found[(f"{name}{msgspec.json.encode(dict(sorted(rest.items()))).decode()}", at_ms)] = packed
    return found


async def test_from_the_spool_through_the_hub_to_the_database_nothing_is_lost(tmp_path: Path) -> None:
    for name in ("hub", "box"):
        (tmp_path / name).mkdir()
    enrolled(tmp_path / "hub", "v1")
    (tmp_path / "hub" / "registry.yml").write_text(REGISTRY)
    (tmp_path / "box" / "hub.password").write_text("secret\n")
    database = Database(answer=503)
    await database.start()
    hub = Hub(tmp_path / "hub", database)
    await hub.start()
    box = Vantage(tmp_path / "box", closed_port())
    auth = "basic_auth: {username: v1, password_file: hub.password}"
    box.write(extra=f"ship: [{{name: hub, remote_write: 'http://127.0.0.1:{hub.port}/api/v1/write', {auth}}}]\n")
    await asyncio.to_thread(box.start)
    for killed in range(2):
        await asyncio.sleep(4)
        await hub.kill()
        assert box.process is not None
        box.process.kill()
        await asyncio.to_thread(box.process.communicate)
        await asyncio.to_thread(box.start)
        await hub.start()
        database.answer = 204 if killed else 503

    def all_home() -> bool:
        return stated(box.folder)[1] <= 1

    await until(all_home, 60)
    assert (await asyncio.to_thread(box.stop))[0] == 0
    samples, owed = stated(box.folder)
    assert owed == 0
    assert len(samples) > 100
    await until(lambda: samples.items() <= as_stated(database).items())
    assert database.twice == 0
    await hub.stop()
    await database.stop()
