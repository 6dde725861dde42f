"""`didban drill`: an exercise takes the way of everything else, says at each hop when, and says which hop it never reached."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.beat.exercise import Exercise
from monitor.beside import rulefiles, stack
from monitor.metrics import DRILL, NAMES_HOME
from tests.monitor.local import Vantage
from tests.monitor.receivers import _live
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


async def test_every_hop_from_a_real_box_to_the_receiver_has_its_delay(vantage: Vantage, tmp_path: Path) -> None:
    """Prometheus and Alertmanager as `didban up` runs them, ten times as fast, and a webhook as the person."""
    for program in ("prometheus", "prometheus-alertmanager"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    vantage.start()
    told, ports = asyncio.Queue[bytes](), {name: closed_port() for name in ("prometheus", "alertmanager")}

    async def person(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        assert length is not None
        await told.put(await reader.readexactly(int(length[1])))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(person, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    (tmp_path / "am.yml").write_text(
        "route: {receiver: nobody, group_wait: 1s, routes: [{matchers: ['severity=\"page\"'], receiver: me}]}\n"
        f"receivers: [{{name: nobody}}, {{name: me, webhook_configs: [{{url: '{url}'}}]}}]\n"
    )
    listen = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    config = stack.write_prometheus(
        tmp_path, alertmanager=listen["alertmanager"], scrape=[f"127.0.0.1:{vantage.port}"], times=TIMES
    )
    commands = {
        "prometheus": stack.prometheus_command(
            "prometheus", config, tmp_path / "tsdb", listen["prometheus"], times=TIMES
        ),
        "alertmanager": stack.alertmanager_command(
            "prometheus-alertmanager", tmp_path / "am.yml", tmp_path / "am", listen["alertmanager"]
        ),
    }
    asked = [f"--query=http://{listen['prometheus']}", f"--alertmanager=http://{listen['alertmanager']}"]
    living = [await asyncio.to_thread(_live, command, ports[name], "/-/ready") for name, command in commands.items()]
    try:
        done = await asyncio.to_thread(drilled, vantage, *asked, "--json", "--patience=55")
        said = [json.loads(line) for line in done.stdout.splitlines()]
        body = json.loads(await asyncio.wait_for(told.get(), 20))
        (living[1]).kill()
        lost = await asyncio.to_thread(drilled, vantage, *asked, "--patience=25")
    finally:
        server.close()
        for process in living:
            process.kill()
            process.wait()
    assert done.returncode == 0, done.stdout + done.stderr
    after = {each["hop"]: each["after_s"] for each in said}
    assert after.pop("taken by the hub") is None
    assert list(after.values()) == sorted(after.values())
    assert all(each["exercise"] for each in said)
    (alert,) = body["alerts"]
    assert alert["labels"]["alertname"] == "DidbanDrill"
    assert alert["annotations"]["summary"].startswith("EXERCISE")
    assert alert["annotations"]["summary_fa"].startswith("تمرین")
    assert lost.returncode == 1
    assert re.search(r"with Alertmanager +- +never reached", lost.stdout), lost.stdout
    assert "EXERCISE at v1, no event" in lost.stdout
