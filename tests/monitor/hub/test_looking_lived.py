"""The late look in the hub as it is run: a backlog comes in by the gateway, and one notice goes out; before either database."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from monitor.home.remotewrite import Labels, TimeSeries, encode, value
from tests.monitor.home.receivers import prometheus, victoria
from tests.monitor.hub.hubs import Hub, basic, enrolled, until
from tests.monitor.hub.late import MINUTE, Sample, alertmanager, of_boxes, stated, write
from tests.rules.peace import dark, world
from tests.rules.world import MCI


class Port:
    """Of a database."""

    def __init__(self, base: str) -> None:
        self.port = urllib.parse.urlsplit(base).port or 0


def series(found: Iterable[Sample]) -> bytes:
    by: dict[Labels, list[tuple[int, bytes]]] = {}
    for labels, at_ms, sample in found:
        by.setdefault(labels, []).append((at_ms, value(sample)))
    return encode(TimeSeries(labels, tuple(sorted(each))) for labels, each in by.items())


def asked(base: str, query: str) -> list[dict[str, Any]]:
    given = urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(f"{base}/api/v1/query?{given}", timeout=5) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found


@pytest.mark.parametrize(
    "database",
    [pytest.param(prometheus, id="prometheus"), pytest.param(victoria, id="victoria-metrics", marks=pytest.mark.long)],
)
async def test_a_backlog_that_comes_home_through_a_hub_at_work_is_told_once(
    database: Callable[[Path], AbstractContextManager[str]], tmp_path: Path
) -> None:
    began_ms = int(time.time()) // 60 * MINUTE - 150 * MINUTE
    everything = stated(dark(world(), "m1", "m2", since=20, until=50), 149, began_ms)
    late = {
        box: [each for each in everything if of_boxes(each[0], box) and each[1] >= began_ms + 20 * MINUTE]
        for box in ("m1", "m2")
    }
    enrolled(tmp_path, "m1", "m2")
    boxes = (f"  - {{id: {box}, country: IR, network: {MCI}, access: mobile, role: inside}}\n" for box in late)
    (tmp_path / "registry.yml").write_text(f"vantages:\n{''.join(boxes)}")
    held_back = {each for part in late.values() for each in part}
    with database(tmp_path / "database") as base:
        await write(base, [each for each in everything if each not in held_back])
        async with alertmanager() as (teller, told):
            extra = [f"notify: {{relay: {{alertmanagers: ['{teller}']}}}}", "look: {quiet: 2s}"]
            hub = Hub(tmp_path, Port(base), extra=extra, path="/api/v1/write")
            hub.file.write_text(hub.file.read_text().replace('/api/v1/write"}', f'/api/v1/write", query: "{base}"}}'))
            await hub.start(times=1)
            for box, part in late.items():
                assert await hub.write(series(part), Authorization=basic(box, "secret")) == 204
            await until(lambda: told, 60)
            await until(lambda: asked(base, "last_over_time(didban_incident[3h])"))
            said = await hub.stop()
        found = asked(base, "last_over_time(didban_incident[3h])")
        spans = asked(base, "count_over_time(didban_incident[3h])")
    assert [each["metric"] for each in found] == [
        {"__name__": "didban_incident", "alert": "NetworkShutdown", "country": "IR", "network": MCI}
    ]
    assert 44 <= float(spans[0]["value"][1]) <= 48, "minute for minute, from onset to end"
    assert [each["labels"]["alertname"] for each in told] == ["LateLook"]
    assert f"{MCI}: was cut off from abroad" in told[0]["annotations"]["description"]
    assert said.count("event=late_look ") == 1, said
