"""compose.yaml: taken by those who read it, nothing in clear beyond loopback, and lived through as far as it can be here."""

from __future__ import annotations

import copy
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.deploy.anywhere import pod
from tests.deploy.anywhere.carriers import DEPLOY, alone, read, run, tool

FILE = DEPLOY / "compose.yaml"
COMPOSE = read(FILE.read_text())
TLS_DOORS = {"8443:8443", "127.0.0.1:3000:3000"}
YAMLLINT = "{extends: default, rules: {line-length: {max: 125}, document-start: disable, comments: {min-spaces-from-content: 1}}}"
_SECRET = re.compile(r"password|secret|token|key", re.IGNORECASE)


# ---------------------------------------------------------------- what it says


def faults(compose: Any) -> list[str]:
    """What would weaken it, a line each."""
    found = []
    for name, service in compose["services"].items():
        if not service.get("read_only") or service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
            found.append(f"{name}: may do more than an ordinary user")
        if "no-new-privileges:true" not in service.get("security_opt", ()) or service.get("privileged"):
            found.append(f"{name}: may become more")
        if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", service.get("user", "")):
            found.append(f"{name}: is root, or nobody can see that it is not")
        if not service.get("mem_limit") or not service.get("pids_limit"):
            found.append(f"{name}: has no limits")
        found += [f"{name}: publishes {port}" for port in set(service.get("ports", ())) - TLS_DOORS]
        found += [
            f"{name}: {key} in a variable"
            for key, said in service.get("environment", {}).items()
            if _is_secret(key, said)
        ]
        found += [f"{name}: listens beyond loopback" for word in service.get("command", ()) if _beyond(word)]
        if service.get("network_mode", "bridge") not in ("service:line", "none", "bridge") or "docker.sock" in str(
            service
        ):
            found.append(f"{name}: is not apart from the machine")
        if "labels" in service:
            found.append(f"{name}: has labels")
    return found


def _is_secret(key: str, said: str) -> bool:
    return bool(_SECRET.search(key)) and not str(said).startswith("/run/secrets/")


def _beyond(word: str) -> bool:
    return "listen-address=" in word and not re.search(r"=(127\.0\.0\.1:\d+)?$", word)


def test_nothing_weakens_it() -> None:
    assert not faults(COMPOSE)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("line", "ports", ["8443:8443", "9090:9090"]),
        ("line", "ports", ["3000:3000"]),
        ("prometheus", "command", ["--web.listen-address=0.0.0.0:9090"]),
        ("prometheus", "command", ["--web.listen-address=:9090"]),
        ("hub", "user", "root"),
        ("hub", "user", "10001:0"),
        ("hub", "read_only", False),
        ("control", "cap_add", ["NET_RAW"]),
        ("grafana", "environment", {"GF_SECURITY_ADMIN_PASSWORD": "admin"}),
        ("alertmanager", "security_opt", []),
        ("alertmanager", "mem_limit", None),
        ("control", "network_mode", "host"),
        ("control", "labels", {"secret": "x"}),
    ],
)  # fmt: skip
def test_what_would_weaken_it_is_seen(name: str, key: str, value: Any) -> None:
    weaker = copy.deepcopy(COMPOSE)
    weaker["services"][name][key] = value
    assert len(faults(weaker)) == 1


def test_grafana_speaks_tls_and_calls_nobody() -> None:
    said = COMPOSE["services"]["grafana"]["environment"]
    assert said["GF_SERVER_PROTOCOL"] == "https"
    assert {said[f"GF_ANALYTICS_{each}"] for each in ("REPORTING_ENABLED", "CHECK_FOR_UPDATES")} == {"false"}
    provider = read((DEPLOY / "grafana/dashboards/didban.yml").read_text())["providers"][0]
    assert f"shipped:{provider['options']['path']}:ro" in COMPOSE["services"]["grafana"]["volumes"]


def test_prometheus_and_alertmanager_are_asked_what_the_shipped_command_lines_ask() -> None:
    for name in ("prometheus", "prometheus-alertmanager"):
        shipped = (DEPLOY / f"prometheus/{name}.default").read_text().partition('ARGS="')[2].rstrip('"\n').split()
        assert set(shipped) <= set(COMPOSE["services"][name.rpartition("-")[2]]["command"])


def test_who_owns_the_loopback_is_never_started_anew_by_what_happens_to_the_others() -> None:
    """Whoever shares a namespace loses it with its owner: a hub that is started anew must find the others where they were."""
    together = {name for name, each in COMPOSE["services"].items() if each.get("network_mode") == "service:line"}
    assert together == {"hub", "prometheus", "alertmanager", "grafana"}
    assert "command" not in COMPOSE["services"]["line"]


# ---------------------------------------------------------------- by its tools


def takes_it(path: Path) -> list[str]:
    asked = (
        (tool("docker-compose"), "-f", path, "config", "--quiet"),
        (tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", path),
        (tool("yamllint"), "-s", "-d", YAMLLINT, path),
    )
    return [f"{command[0]}: {done.stdout}{done.stderr}" for command in asked if (done := run(*command)).returncode]


@pytest.mark.deployed
def test_those_who_read_compose_files_take_it(tmp_path: Path) -> None:
    assert not takes_it(FILE)
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(
        FILE.read_text()
        .replace("    read_only: true", "    read_onyl: true")
        .replace("mem_limit: 4g", "memlimit: 4g  ")
    )
    assert len(takes_it(wrong)) == 3, "a word that nobody knows, and spaces that nobody sees"
    done = run(tool("yamllint"), "-s", "-d", YAMLLINT, DEPLOY / "container/hub.yml")
    assert done.returncode == 0, done.stdout


# ---------------------------------------------------------------- lived through


@pytest.fixture
def beside() -> Iterator[Path]:
    """A folder with what compose.yaml names, and the secrets an operator would make."""
    folder = Path(tempfile.mkdtemp(prefix="didban-compose-", dir="/var/tmp"))
    folder.chmod(0o755)
    shutil.copytree(DEPLOY / "container", folder / "container")
    shutil.copytree(DEPLOY / "prometheus", folder / "prometheus")
    (folder / "secrets/hub").mkdir(parents=True)
    made = trustme.CA().issue_cert("hub.example.org")
    made.cert_chain_pems[0].write_to_path(folder / "secrets/hub/hub.pem")
    made.private_key_pem.write_to_path(folder / "secrets/hub/hub.key")
    for path in (folder / "secrets/hub").iterdir():
        shutil.chown(path, 0, 10001)
        path.chmod(0o640)
    yield folder
    shutil.rmtree(folder)


_ASK = r"""
# patient: a group of rules has its first turn somewhere within its interval
ask() { /usr/bin/python3 -c '
import sys, urllib.request
print(urllib.request.urlopen(urllib.request.Request(sys.argv[1]), timeout=5).read().decode())' "$1"; }
until_said() { for turn in $(seq 400); do if ask "$1" 2>/dev/null | grep -q "$2"; then return 0; fi; sleep 0.2; done; return 1; }
"""


@pytest.mark.deployed
def test_hub_prometheus_and_alertmanager_live_in_one_namespace_as_it_says(beside: Path) -> None:
    """What the hub states of itself arrives in Prometheus with the shipped rules loaded, and Alertmanager is told."""
    health = COMPOSE["services"]["hub"]["healthcheck"]["test"]
    play = {
        name: pod.service(COMPOSE, name, beside) for name in ("hub", "rules", "render", "prometheus", "alertmanager")
    }
    room = beside / "room"
    room.mkdir()
    script = f"""
{pod.begin(room)}{pod.volumes(COMPOSE)}{_ASK}
say() {{ tail -n 20 $room/logs/* >&2; echo "$1" >&2; exit 1; }}
( {play["hub"]} ) >$room/logs/hub 2>&1 &
healthy() {{ chroot $room/hub setpriv --reuid=10001 --regid=10001 --clear-groups {" ".join(health[1:])}; }}
for turn in $(seq 150); do sleep 0.2; if healthy 2>/dev/null; then break; fi; done
healthy || say "the hub is not healthy"
( {play["rules"]} ) >$room/logs/rules 2>&1 || say "no rules"
( {play["render"]} ) >$room/logs/render 2>&1 || say "nothing rendered"
( {play["prometheus"]} ) >$room/logs/prometheus 2>&1 &
( {play["alertmanager"]} ) >$room/logs/alertmanager 2>&1 &
until_said http://127.0.0.1:9090/api/v1/rules DidbanBlind || say "no rules are loaded"
until_said 'http://127.0.0.1:9090/api/v1/query?query=didban_service_info' whatsapp || say "the hub says nothing to Prometheus"
until_said http://127.0.0.1:9093/api/v2/alerts Watchdog || say "Alertmanager is told nothing"
stat -c '%U %a %n' $room/volumes/alertmanager/alertmanager.yml
ss -Hltn | awk '{{print "LISTENS", $4}}'
ls $room/volumes/shipped/dashboards
"""
    done = alone(script, seconds=400)
    assert done.returncode == 0, done.stderr
    assert re.search(r" 600 .*/alertmanager.yml", done.stdout)
    listeners = {"0.0.0.0:8443", "127.0.0.1:9090", "127.0.0.1:9093"}  # the relay's only where somebody is reached by it
    assert set(re.findall(r"LISTENS (\S+)", done.stdout)) == listeners
    assert len(re.findall(r"^didban-\w+\.json$", done.stdout, re.MULTILINE)) == 6
