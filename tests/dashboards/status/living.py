"""A hub at work for a browser to look at: five hours with a block and a cut behind it, in a real Prometheus."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.home.remotewrite import labels
from monitor.metrics import HEARTBEAT
from monitor.relay.alerts import read
from monitor.relay.outbox import Outbox, Recipient, State
from monitor.relay.texts import Text
from tests.monitor.home.receivers import prometheus
from tests.monitor.hub.hubs import Hub, batch, enrolled
from tests.monitor.hub.late import MINUTE, Sample, write
from tests.monitor.hub.test_looking_lived import Port
from tests.monitor.told.past import past
from tests.monitor.told.test_explain_lived import given
from tests.probes.liars import closed_port
from tests.rules.peace import box, dark, world
from tests.rules.world import MCI, TCI

BLOCKED, CUT, SILENT, MINUTES = 30, 120, 290, 300  # minutes of that evening, which ends now
FELL_SILENT, PAUSED, DRILLED, LEAVING = "m2", "f3", "f2", "c4"


@dataclass(frozen=True, slots=True)
class Living:
    """`base`: of Prometheus. `delivered`: what m1 was answered."""

    hub: Hub
    base: str
    delivered: int

    async def command(self, name: str, *words: str) -> str:
        """Of `didban hub`; what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor", "hub", f"--config.file={self.hub.file}", name, *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        return said.decode()

    async def heard(self, vantage: str, ago_s: float) -> None:
        """As though this box had last been heard so long ago."""
        now_s = time.time()
        series = labels(HEARTBEAT.name, {"vantage": vantage, "country": "DE", "network": "AS4", "role": "control"})
        await write(self.base, [(series, int(now_s * 1000), now_s - ago_s)])


@asynccontextmanager
async def living(folder: Path) -> AsyncIterator[Living]:
    now_ms = int(time.time()) // 60 * MINUTE
    (folder / "registry.yml").write_text(_registry())
    (folder / "topic").write_text("http://127.0.0.1:9/didban\n")
    enrolled(folder, "m1")
    with prometheus(folder / "prometheus") as base:
        await given(base, [*evening(now_ms), *_exercise(now_ms)])
        hub = Hub(folder, Port(base), path="/api/v1/write", extra=_settings())
        hub.file.write_text(hub.file.read_text().replace('/api/v1/write"}', f'/api/v1/write", query: "{base}"}}'))
        (folder / "queue").mkdir()
        await _told(folder / "queue", now_ms)
        await hub.start(times=1)
        try:
            answer = await hub.write(batch(), Authorization=_M1)
            yield Living(hub, base, answer)
        finally:
            await hub.stop()


_M1 = "Basic bTE6c2VjcmV0"  # m1:secret


def evening(now_ms: int) -> list[Sample]:
    """Instagram is blocked at TCI, then MCI is cut off, and one of its boxes falls silent; as the rules lived it."""
    made = world()
    for vantage, network in (("m3", MCI), ("f3", TCI)):
        made.line(vantage, network)
    for vantage in ("f1", "f2", "f3"):
        box(made, vantage).state("instagram", {0: "ok", BLOCKED: "broken"})
    dark(made, "m1", "m2", "m3", since=CUT)
    box(made, FELL_SILENT).silent(SILENT)
    return past(made, MINUTES, now_ms)


def _exercise(now_ms: int) -> list[Sample]:
    began_ms = now_ms - 60 * MINUTE
    series = labels("didban_drill_timestamp_seconds", {"vantage": DRILLED, "country": "IR", "role": "inside"})
    return [(series, began_ms, began_ms / 1000)]


def _registry() -> str:
    lines = {"m1": MCI, "m2": MCI, "m3": MCI, "f1": TCI, "f2": TCI, PAUSED: TCI}
    inside = [f"{{id: {each}, country: IR, network: {of}, access: mobile, role: inside" for each, of in lines.items()]
    inside = [f"{each}{', paused: true' if PAUSED in each else ''}}}" for each in inside]
    controls = [
        f"{{id: c{each}, country: DE, network: AS{each}, access: datacenter, role: control}}" for each in range(1, 5)
    ]
    return "vantages:\n" + "".join(f"  - {each}\n" for each in (*inside, *controls))


def _settings() -> tuple[str, ...]:
    return (
        "name: hub-1",
        "look: {enabled: false}",
        f"notify: {{ntfy: [{{name: Sara, url_file: topic}}], relay: {{listen: '127.0.0.1:{closed_port()}'}}}}",
    )


async def _told(folder: Path, now_ms: int) -> None:
    """The relay's book of a hub that was at work when it began: Sara has the message, and has it."""
    outbox, sara = Outbox(folder / "outbox.db", now_ms=lambda: now_ms, repeat_ms=86_400_000), Recipient("ntfy", "Sara")
    await outbox.open()
    about = {"product": "didban", "severity": "page", "family": "shutdown", "country": "IR", "network": MCI}
    firing = {"labels": {**about, "alertname": "NetworkShutdown"}, "annotations": {}, "status": "firing"}
    payload = {"receiver": "r", "groupKey": "g", "alerts": [firing | {"startsAt": _RFC, "fingerprint": "1"}]}
    assert await outbox.take(read(json.dumps(payload).encode()), [sara], lambda alerts: Text("t", "b")) == 1
    message, _ = await outbox.next_for(sara)
    assert message is not None
    await outbox.settle(message, State.DELIVERED)
    await outbox.desk.do(lambda db: db.execute("UPDATE incidents SET taken_by = 'Sara'").close())
    await outbox.close()


_RFC = "2026-11-22T10:00:00Z"
