"""What lies in deploy/ is taken by the programs it is for, and says what the product says elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from monitor.beside import stack

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text())


def test_promtool_takes_the_hubs_prometheus() -> None:
    done = run("promtool", "check", "config", "--syntax-only", DEPLOY / "prometheus/prometheus.yml")
    assert done.returncode == 0, done.stderr


def test_the_hubs_prometheus_is_the_one_that_was_tried(tmp_path: Path) -> None:
    """The laboratory and `didban up` run what monitor/beside/stack.py writes; what is shipped says the same."""
    tried = read(stack.write_prometheus(tmp_path, alertmanager="127.0.0.1:9093"))
    shipped = read(DEPLOY / "prometheus/prometheus.yml")
    for key in ("global", "storage", "alerting"):
        assert shipped[key] == tried[key]
    command = stack.prometheus_command("prometheus", tmp_path, tmp_path, "127.0.0.1:9090")
    asked = (DEPLOY / "prometheus/prometheus.default").read_text().partition('ARGS="')[2].rstrip('"\n').split()
    assert len(asked) == 3
    assert set(asked) <= set(command)


def test_a_scraped_vantage_keeps_its_own_labels() -> None:
    commented = (DEPLOY / "prometheus/prometheus.yml").read_text().partition("#  - job_name: didban")[2]
    assert "honor_labels: true" in commented


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/didban/.venv/bin/didban", "/bin/true"))
    done = run("systemd-analyze", "verify", "--recursive-errors=no", copy)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def exposure(text: str, folder: Path, name: str) -> float:
    """0 to 10, as `systemd-analyze security` counts it."""
    unit = folder / f"{name}.service"
    unit.write_text(text)
    done = run("systemd-analyze", "security", "--offline=true", "--json=short", unit)
    return sum(float(row["exposure"] or 0) for row in json.loads(done.stdout))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_the_units_give_away_as_little_as_they_can(unit: Path) -> None:
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=11", unit)  # of 100: 1.1 of 10
    assert done.returncode == 0, done.stdout[-400:]


HARDENING = [
    (unit, line)
    for unit in UNITS
    for line in unit.read_text().partition("UMask=")[2].partition("[Install]")[0].splitlines()
    if "=" in line and not line.startswith("#")
]
# what systemd-analyze does not rate; tests/deploy/test_under_systemd.py sees what they do, as far as it shows
UNRATED = (
    "LimitCORE=", "TasksMax=", "MemoryMax=", "NoExecPaths=", "DevicePolicy=", "PrivateIPC=", "SystemCallErrorNumber=",
)  # fmt: skip


@pytest.mark.parametrize(("unit", "line"), HARDENING, ids=[f"{unit.stem}-{line}"[:60] for unit, line in HARDENING])
def test_no_line_of_the_sandbox_can_go_unnoticed(unit: Path, line: str, tmp_path: Path) -> None:
    whole = unit.read_text()
    with_it = exposure(whole, tmp_path, unit.stem)
    without = exposure(whole.replace(f"\n{line}\n", "\n"), tmp_path, unit.stem)
    assert without > with_it or line.startswith(UNRATED), "taking it away changes nothing: it protects nobody"


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_the_units_are_watched_and_what_is_refused_is_not_tried_again(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert {"Type=notify", "WatchdogSec=2min", "RestartPreventExitStatus=1 2", "Restart=always"} <= set(lines)
    assert "StartLimitIntervalSec=0" in lines


@pytest.mark.parametrize("kind", ["sysusers", "tmpfiles"])
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_each_unit_has_its_user_and_its_folders(unit: Path, kind: str, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for each in ("passwd", "group"):
        (tmp_path / "etc" / each).write_text("root:x:0:0::/root:/bin/sh\n" if each == "passwd" else "root:x:0:\n")
    made = run("systemd-sysusers", f"--root={tmp_path}", unit.with_suffix(".sysusers.conf"))
    assert made.returncode == 0, made.stderr
    assert f"\n{unit.stem}:" in (tmp_path / "etc/passwd").read_text()
    if kind == "tmpfiles":
        done = run("systemd-tmpfiles", "--create", f"--root={tmp_path}", unit.with_suffix(".tmpfiles.conf"))
        assert done.returncode == 0, done.stderr
        assert (tmp_path / f"etc/{unit.stem}/secrets").stat().st_mode & 0o777 == 0o700


def test_the_units_start_commands_that_exist() -> None:
    for unit in UNITS:
        line = next(line for line in unit.read_text().splitlines() if line.startswith("ExecStart="))
        words = line.split()
        asked = [word.partition("=")[0] for word in words[2:]]
        shown = run(sys.executable, "-m", "monitor", words[1], "--help").stdout
        assert all(option in shown for option in asked), shown


def test_grafana_finds_the_dashboards_and_the_data() -> None:
    source = read(DEPLOY / "grafana/datasources/didban.yml")["datasources"][0]
    assert (source["type"], source["url"]) == ("prometheus", "http://127.0.0.1:9090")
    assert source["jsonData"]["httpMethod"] == "POST", "some questions are longer than a URL may be"
    provider = read(DEPLOY / "grafana/dashboards/didban.yml")["providers"][0]
    assert provider["allowUiUpdates"] is False
    assert provider["options"]["path"] in (DEPLOY / "README.md").read_text()


@pytest.mark.parametrize("script", sorted(DEPLOY.glob("*.sh")), ids=lambda path: path.name)
def test_the_scripts_are_plain_shell(script: Path) -> None:
    done = run("shellcheck", script)
    assert done.returncode == 0, done.stdout
