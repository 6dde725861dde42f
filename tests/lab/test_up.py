"""`didban up` on a box of the laboratory: what it starts, what it does where ports are taken and children die, its end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import enter, world
from tests.lab.lab import Lab, scratch
from tests.lab.world import Box

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

UP, OTHER = (next(box for box in world.VANTAGES if box.name == name) for name in ("m1", "m2"))
_HOLD = "import socket, time; held = [socket.create_server(('127.0.0.1', p)) for p in (9090, 9093)]; time.sleep(999)"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One box on which 9090 and 9093 are taken, and `didban up` was started all the same."""
    with scratch() as folder, Lab(folder, times=20) as running:
        running.spawn("blocker", UP.name, [sys.executable, "-c", _HOLD])
        running.wait_for("the blocker", lambda: "9093" in running.run(UP.name, "ss", "-tln").stdout)
        running.spawn("up", UP.name, command(running, UP))
        running.wait_for("the daemon", lambda: ask(running, UP, "http://127.0.0.1:9810/-/ready"))
        yield running


def command(lab: Lab, box: Box) -> list[str]:
    config = lab.config(box, ship=False)
    return [sys.executable, "-m", "monitor", "up", f"--config.file={config}", "--time-scale=20"]


def ask(lab: Lab, box: Box, url: str) -> str:
    """The body of a page on the box's own loopback; empty when it does not answer."""
    return lab.run(box.name, "curl", "-gsf", "--max-time", "5", url).stdout


def said(lab: Lab, name: str = "up") -> str:
    return (lab.folder / f"{name}.log").read_text()


def address(lab: Lab, what: str) -> str:
    """Where `didban up` said this is."""
    found = re.search(rf"{what} +(http://127\.0\.0\.1:\d+)/", said(lab))
    assert found, said(lab)
    return found[1]


def running(box: Box) -> dict[int, str]:
    """Process id -> command line of everything on a box."""
    pids = subprocess.run(["ip", "netns", "pids", box.name], capture_output=True, text=True, check=True).stdout.split()
    lines = {int(pid): Path(f"/proc/{pid}/cmdline") for pid in pids}
    return {pid: path.read_text().replace("\0", " ") for pid, path in lines.items() if path.exists()}


def until(there: Callable[[], object], what: str, patience_s: float = 30) -> None:
    end = time.monotonic() + patience_s
    while not there():
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.1)


def query(lab: Lab, expr: str) -> list[dict[str, Any]]:
    answer = ask(lab, UP, f"{address(lab, 'Prometheus')}/api/v1/query?query={urllib.parse.quote(expr)}")
    found: list[dict[str, Any]] = json.loads(answer)["data"]["result"] if answer else []
    return found


def test_where_ports_are_taken_it_takes_others_and_says_which(lab: Lab) -> None:
    for what, taken in (("Prometheus", 9090), ("Alertmanager", 9093)):
        assert f"({taken} is taken)" in said(lab)
        assert not address(lab, what).endswith(f":{taken}")
        until(lambda what=what: ask(lab, UP, f"{address(lab, what)}/-/ready"), what)  # type: ignore[misc]
    assert address(lab, "status page") == "http://127.0.0.1:9810"
    assert "nobody is told yet: fill in notify: in" in said(lab)


def test_the_daemon_is_scraped_and_the_shipped_rules_judge(lab: Lab) -> None:
    until(lambda: query(lab, 'didban_target_up{service="whatsapp"}==1'), "a walk in Prometheus")
    until(lambda: query(lab, "didban:vantage_expected:max"), "the fleet of one")
    rules = json.loads(ask(lab, UP, f"{address(lab, 'Prometheus')}/api/v1/rules"))["data"]["groups"]
    alerts = {rule["name"] for group in rules for rule in group["rules"] if rule["type"] == "alerting"}
    assert {"NetworkShutdown", "ServiceBlocked", "Watchdog"} <= alerts
    assert not [rule for group in rules for rule in group["rules"] if rule["health"] == "err"]


def test_a_dead_child_is_reported_and_started_again(lab: Lab) -> None:
    until(lambda: ask(lab, UP, f"{address(lab, 'Prometheus')}/-/ready"), "Prometheus")
    (pid,) = (pid for pid, line in running(UP).items() if line.startswith("/usr/bin/prometheus "))
    os.kill(pid, signal.SIGKILL)
    until(lambda: "Prometheus ended (signal 9); starting it again in 1 s" in said(lab), "the report")
    until(lambda: ask(lab, UP, f"{address(lab, 'Prometheus')}/-/ready"), "Prometheus")
    assert pid not in running(UP)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_ends_everything(lab: Lab, how: signal.Signals) -> None:
    name = f"up-{how.name}"
    lab.spawn(name, OTHER.name, command(lab, OTHER))
    lab.wait_for("the daemon", lambda: ask(lab, OTHER, "http://127.0.0.1:9810/-/ready"))
    assert len(running(OTHER)) == 4, "the keeper, the daemon, Prometheus and Alertmanager"
    code = lab.stop(name, how)
    assert code == (-9 if how is signal.SIGKILL else 0)
    until(lambda: not running(OTHER), "the end of all children", patience_s=8)
    assert "Traceback" not in said(lab, name)


def test_without_prometheus_the_daemon_runs_alone_and_one_line_says_so(lab: Lab) -> None:
    lab.spawn("alone", OTHER.name, ["env", "PATH=/nowhere", *command(lab, OTHER)])
    lab.wait_for("the daemon", lambda: ask(lab, OTHER, "http://127.0.0.1:9810/-/ready"))
    missing = "didban: prometheus and prometheus-alertmanager: not installed, so nobody compares and nobody is told"
    assert [line for line in said(lab, "alone").splitlines() if line.startswith(missing)]
    assert lab.stop("alone", signal.SIGINT) == 0


def test_a_daemon_that_cannot_start_ends_it_all_with_its_own_words(lab: Lab) -> None:
    config = lab.config(OTHER, ship=False).with_name("broken.yml")
    config.write_text(lab.config(OTHER, ship=False).read_text().replace(f"{OTHER.name}/state", f"{OTHER.name}/secret"))
    done = lab.run(OTHER.name, sys.executable, "-m", "monitor", "up", f"--config.file={config}")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert [line.startswith("didban: ") for line in done.stderr.splitlines()] == [True]


def test_with_nobody_to_agree_the_same_stack_runs_in_a_laboratory_of_its_own() -> None:
    """`make run` without a terminal: pages on this machine's loopback, packets only inside."""
    environment = {key: text for key, text in os.environ.items() if key != enter.MARK}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.lab.home"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment,
    ) as home:  # fmt: skip
        try:
            assert home.stdout is not None
            lines = [home.stdout.readline() for _ in range(3)]
            found = re.search(r"status page +(http://127\.0\.0\.1:\d+)/  \(laboratory\)", lines[0])
            assert found, lines

            def services() -> bool:
                asked = ["curl", "-sf", "--max-time", "5", f"{found[1]}/api/v1/status"]
                answer = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
                states = {each["state"] for each in json.loads(answer)["services"]} if answer else set()
                return states == {"ok"}

            until(services, "the status page", patience_s=60)
        finally:
            home.send_signal(signal.SIGINT)
            home.communicate(timeout=30)
    assert home.returncode == 0
