"""What a hub writes, by the shipped front, with real VictoriaMetrics, Prometheus and nginx: who has it, and what 204 means."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.home import remotewrite
from monitor.home.remotewrite import TimeSeries
from tests.bench import engines
from tests.deploy.scale.shipped import SCALE
from tests.deploy.scale.test_files import nginx
from tests.monitor.home.receivers import prometheus, victoria
from tests.probes.liars import closed_port

_HOUR_MS = 3_600_000
_PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True)
class Front:
    """`hub`: where a hub would write; `stored`, `evaluating`: the bases of those behind."""

    hub: str
    stored: str
    evaluating: str

    def write(self, name: str, *ages_ms: int) -> int:
        """The status. One series, a sample of each age."""
        now_ms = int(time.time() * 1000)
        samples = tuple(sorted((now_ms - age, remotewrite.value(1.0)) for age in ages_ms))
        body = remotewrite.encode([TimeSeries(remotewrite.labels(name, {"vantage": "v1"}), samples)])
        request = urllib.request.Request(f"{self.hub}/api/v1/write", body, dict(remotewrite.HEADERS))
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


def points(base: str, name: str) -> int:
    asked = urllib.parse.urlencode({"query": f"{name}[10d]", "nocache": "1"})
    with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(f"{base}/api/v1/query?{asked}") as answer:
        return sum(len(each["values"]) for each in json.load(answer)["data"]["result"])
    return 0


def come(base: str, name: str, count: int) -> bool:
    until = time.monotonic() + _PATIENCE_S
    with contextlib.suppress(urllib.error.HTTPError):  # VictoriaMetrics shows what came; Prometheus does so by itself
        urllib.request.urlopen(f"{base}/internal/force_flush").close()
    while points(base, name) != count and time.monotonic() < until:
        time.sleep(0.1)
    return points(base, name) == count


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    shown = "-search.latencyOffset=1ms"
    with victoria(tmp_path / "victoria", shown) as stored, prometheus(tmp_path / "prometheus") as evaluating:
        (tmp_path / "nginx").mkdir()
        at = f"127.0.0.1:{closed_port()}"
        others = {"127.0.0.1:8428": stored[7:], "127.0.0.1:9090": evaluating[7:], "127.0.0.1:8440": at}
        config = nginx(SCALE / "victoria/front.conf", tmp_path / "nginx", **others)
        running = subprocess.Popen(["nginx", "-c", config])
        try:
            until = time.monotonic() + _PATIENCE_S
            while time.monotonic() < until and not _listens(at):
                time.sleep(0.05)
            yield Front(f"http://{at}", stored, evaluating)
        finally:
            running.terminate()
            running.wait()


def _listens(at: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{at}/", timeout=1).close()
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError:
        return False
    return True


def _pid(base: str) -> int:
    """Who listens there."""
    port = base.rpartition(":")[2]
    done = subprocess.run(["ss", "-Htlnp", f"sport = :{port}"], capture_output=True, text=True, check=True)
    return int(done.stdout.partition("pid=")[2].partition(",")[0])


def test_news_and_backlog_reach_both_and_204_is_the_stores(front: Front) -> None:
    assert front.write("didban_target_up", 0, _HOUR_MS, 6 * 24 * _HOUR_MS) == 204
    for base in (front.stored, front.evaluating):
        assert come(base, "didban_target_up", 3)
    os.kill(_pid(front.evaluating), signal.SIGSTOP)
    assert [front.write("didban_while_it_hangs", age) for age in range(20)] == [204] * 20
    assert come(front.stored, "didban_while_it_hangs", 20)
    os.kill(_pid(front.evaluating), signal.SIGKILL)
    assert front.write("didban_while_it_is_gone", 0) == 204
    os.kill(_pid(front.stored), signal.SIGKILL)
    assert front.write("didban_for_nobody", 0) == 502


@pytest.mark.long
def test_a_prometheus_passes_on_nothing_older_than_its_last_start(tmp_path: Path) -> None:
    """Why no raw sample goes by way of whoever evaluates the rules."""
    with victoria(tmp_path / "victoria", "-search.latencyOffset=1ms") as stored:
        config = tmp_path / "prometheus.yml"
        config.write_text(
            f"storage: {{tsdb: {{out_of_order_time_window: 8d}}}}\nremote_write: [{{url: '{stored}/api/v1/write'}}]\n"
        )
        with engines.ending(lambda: engines.prometheus(tmp_path, closed_port(), config)) as (engine,):
            between, way = engine.base, Front(engine.base, stored, engine.base)
            assert way.write("didban_target_up", 0) == 204
            assert way.write("didban_target_up", _HOUR_MS) == 204
            assert come(between, "didban_target_up", 2)
            assert come(stored, "didban_target_up", 1)
            time.sleep(10)
            assert points(stored, "didban_target_up") == 1, "the hour-old one would be there by now"
