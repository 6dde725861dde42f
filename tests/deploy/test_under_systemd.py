"""The shipped units under systemd itself, in a machine of namespaces: what the sandbox takes away, nobody misses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.begin import consent
from probes.words import Access, Role
from tests.deploy import machine
from tests.deploy.machine import Machine

WHY_NOT = machine.missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=f"no systemd can be process 1 here: {WHY_NOT}")

DIGEST = consent.digest(Role.CONTROL, "DE", Access.DATACENTER)
# its targets are the daemon's own listener, by TCP, and a UDP port at which nobody is
CONFIG = f"""
vantage: {{id: v1, secret_file: secrets/v1.secret, country: DE, network: AS1, access: datacenter, role: control}}
consent: {{acknowledged: 2026-11-21, text_sha256: {DIGEST}}}
services: [./own.yml]
dns: {{system: [127.0.0.1]}}
storage: {{path: /var/lib/didban}}
ship:
  - name: hub
    remote_write: http://127.0.0.1:8443/api/v1/write
    basic_auth: {{username: v1, password_file: secrets/hub.password}}
"""
OWN = """
service: own
title: {en: Own}
category: messaging
targets:
  - {id: page, kind: http, depth: web, hosts: [127.0.0.1], ports: [9810], options: {path: /-/healthy}, essential: true, source: test}
  - {id: names, kind: dns, depth: endpoint, hosts: [localhost], source: test}
"""
HUB = """
listen: 127.0.0.1:8443
storage: {path: /var/lib/didban-hub}
public: {url: "https://hub.example.org:8443/api/v1/write"}
forward: {remote_write: "http://127.0.0.1:9/api/v1/write", basic_auth: {username: u, password_file: secrets/forward.password}}
"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine(tmp_path_factory.mktemp("machine")) as made:
        made.install("didban")
        made.install("didban-hub")
        made.write("/etc/didban/didban.yml", CONFIG, owner="root:didban", mode="640")
        made.write("/etc/didban/own.yml", OWN, owner="root:didban", mode="640")
        made.write("/etc/didban/secrets/v1.secret", "s" * 32, mode="600")
        made.write("/etc/didban/secrets/hub.password", "p" * 16, mode="600")
        yield made


@pytest.fixture
def vantage(box: Machine) -> Machine:
    """At work; a test that ends it leaves the next one to start it."""
    done = box.run("systemctl", "start", "didban")  # Type=notify: it comes back when the daemon has said READY
    assert done.returncode == 0, box.said("didban")
    return box


@pytest.fixture
def stopped(box: Machine) -> Iterator[Machine]:
    """At rest, before and after, and tried again soon."""
    box.run("systemctl", "stop", "didban")
    box.run("systemctl", "reset-failed")
    for name in ("didban", "didban-hub"):
        box.write(f"/etc/systemd/system/{name}.service.d/soon.conf", "[Service]\nRestartSec=100ms\n")
    box.run("systemctl", "daemon-reload")
    yield box
    box.run("systemctl", "stop", "didban")
    box.run("systemctl", "reset-failed")


def status(box: Machine) -> dict[str, object]:
    told = box.run("curl", "-s", "http://127.0.0.1:9810/api/v1/status").stdout
    found: dict[str, object] = json.loads(told) if told else {}
    return found


def pid(box: Machine) -> str:
    return box.show("didban", "MainPID")


def test_it_says_ready_and_shows_its_page(vantage: Machine) -> None:
    assert vantage.show("didban", "ActiveState") == "active"
    assert status(vantage)["vantage"] == "v1"
    assert vantage.run("test", "-f", "/var/lib/didban/spool.db").returncode == 0


def test_it_walks_by_tcp_and_udp_and_judges_what_it_saw(vantage: Machine) -> None:
    def reached() -> bool:
        walks = vantage.run("curl", "-s", "http://127.0.0.1:9810/api/v1/observations?limit=50").stdout
        return '"fetch"' in walks and "own/names" in walks and '"failure": null' in walks.replace('":null', '": null')

    for target in ("own/page", "own/names"):
        vantage.run("curl", "-s", "-X", "POST", f"http://127.0.0.1:9810/probe?target={target}")
    vantage.until(reached, f"no walk went through: {vantage.said('didban')}")


def test_its_secrets_come_as_credentials_and_their_files_are_closed_to_it(vantage: Machine) -> None:
    closed = vantage.run(
        "setpriv", "--reuid=didban", "--regid=didban", "--clear-groups", "cat", "/etc/didban/secrets/v1.secret"
    )
    assert closed.returncode != 0
    environment = vantage.run("cat", f"/proc/{pid(vantage)}/environ").stdout
    assert "CREDENTIALS_DIRECTORY=/run/credentials/didban.service" in environment


def test_it_has_no_rights_and_cannot_get_any(vantage: Machine) -> None:
    lines = vantage.run("cat", f"/proc/{pid(vantage)}/status").stdout.splitlines()
    found = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert {found[key] for key in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    assert int(found["Uid"].split()[0]) != 0


def test_it_may_write_its_state_and_nothing_else(vantage: Machine) -> None:
    inside = ["nsenter", "-t", pid(vantage), "-m", "setpriv", "--reuid=didban", "--regid=didban", "--clear-groups"]
    for path in ("/etc/didban/x", "/opt/didban/x", "/usr/x", "/var/lib/x", "/run/x"):
        assert vantage.run(*inside, "touch", path).returncode != 0, path
    assert vantage.run(*inside, "touch", "/var/lib/didban/x").returncode == 0
    assert vantage.run(*inside, "rm", "/var/lib/didban/x").returncode == 0
    vantage.run(*inside, "cp", "/bin/true", "/var/lib/didban/run")
    refused = vantage.run(*inside, "/var/lib/didban/run")
    assert "Permission denied" in refused.stderr, "what was written is not run"
    vantage.run(*inside, "rm", "/var/lib/didban/run")


def test_the_clock_and_the_name_of_this_start_can_be_read(vantage: Machine) -> None:
    inside = vantage.run("nsenter", "-t", pid(vantage), "-m", "cat", "/proc/sys/kernel/random/boot_id").stdout
    assert inside == Path("/proc/sys/kernel/random/boot_id").read_text()
    assert status(vantage)["at"]


def test_a_reload_takes_the_new_configuration(vantage: Machine) -> None:
    assert vantage.run("systemctl", "reload", "didban").returncode == 0
    vantage.until(lambda: "config_taken" in vantage.said("didban"), "it never took it")
    assert vantage.show("didban", "NRestarts") == "0"


def test_a_stop_is_over_in_time_and_clean(vantage: Machine) -> None:
    box = vantage
    assert box.run("systemctl", "stop", "didban").returncode == 0
    assert box.show("didban", "Result") == "success"
    assert "event=stopped" in box.said("didban")


def test_a_daemon_that_is_stuck_is_ended_and_started_anew(stopped: Machine) -> None:
    box = stopped
    box.write("/etc/systemd/system/didban.service.d/watch.conf", "[Service]\nWatchdogSec=1s\n")
    box.run("systemctl", "daemon-reload")
    assert box.run("systemctl", "start", "didban").returncode == 0
    box.run("sleep", "2.5")
    assert box.show("didban", "NRestarts") == "0", "it is heard while it works"
    before = pid(box)
    box.run("kill", "-STOP", before)
    box.until(lambda: box.show("didban", "NRestarts") == "1", "nobody noticed")
    box.until(lambda: box.show("didban", "ActiveState") == "active", "it did not come back")
    box.run("rm", "/etc/systemd/system/didban.service.d/watch.conf")


@pytest.mark.parametrize(
    ("name", "file", "mended", "bad"),
    [
        ("didban", "/etc/didban/didban.yml", CONFIG, CONFIG + "sevices: [whatsapp]\n"),
        ("didban", "/etc/didban/didban.yml", CONFIG, CONFIG.replace(DIGEST, "0" * 64)),
        ("didban-hub", "/etc/didban-hub/hub.yml", HUB, HUB + "port: 1\n"),
    ],
    ids=["an unknown key", "no consent", "a hub's unknown key"],
)
def test_what_does_not_mend_itself_is_not_tried_again(
    stopped: Machine, name: str, file: str, mended: str, bad: str
) -> None:
    box = stopped
    box.write(file, bad)
    assert box.run("systemctl", "start", name).returncode != 0
    box.run("sleep", "0.5")
    assert box.show(name, "ActiveState") == "failed"
    assert (box.show(name, "ExecMainStatus"), box.show(name, "NRestarts")) == ("1", "0")
    box.write(file, mended)


def test_a_disk_that_is_not_there_yet_is_tried_again(stopped: Machine) -> None:
    box = stopped
    box.write("/etc/systemd/system/didban.service.d/soon.conf", "[Service]\nRestartSec=100ms\n")
    box.run("systemctl", "daemon-reload")
    box.run(
        "sh", "-c", "rm -rf /var/lib/didban && mkdir -p /var/lib/didban/spool.db && chown -R didban: /var/lib/didban"
    )
    box.run("systemctl", "start", "--no-block", "didban")
    box.until(lambda: int(box.show("didban", "NRestarts") or 0) >= 2, box.said("didban"))
    box.until(lambda: box.show("didban", "ExecMainStatus") == "3", box.said("didban"))
    box.run("rmdir", "/var/lib/didban/spool.db")
    box.until(lambda: box.show("didban", "ActiveState") == "active", "it did not come back")


def test_a_hub_starts_enrols_a_box_and_stops(box: Machine) -> None:
    box.write("/etc/didban-hub/hub.yml", HUB, owner="didban-hub:didban-hub", mode="600")
    box.write("/etc/didban-hub/registry.yml", "vantages:\n", owner="didban-hub:didban-hub", mode="600")
    box.run("install", "-d", "-o", "didban-hub", "-g", "didban-hub", "-m", "700", "/etc/didban-hub/credentials")
    box.write("/etc/didban-hub/secrets/forward.password", "f" * 16, mode="600")
    started = box.run("systemctl", "start", "didban-hub")
    assert started.returncode == 0, box.said("didban-hub")
    added = box.run(
        "/opt/didban/.venv/bin/didban", "hub", "--config.file=/etc/didban-hub/hub.yml", "add", "v1",
        "--country=DE", "--network=AS1", "--role=control", "--access=datacenter",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    box.until(lambda: "registry_taken" in box.said("didban-hub"), "it may not read what root wrote for it")
    assert box.run("curl", "-s", "http://127.0.0.1:8443/-/healthy").stdout.startswith("Didban's hub")
    assert box.run("systemctl", "stop", "didban-hub").returncode == 0
    assert box.show("didban-hub", "Result") == "success"


def test_a_renewed_catalogue_that_root_installed_is_read_by_the_daemon(vantage: Machine) -> None:
    didban = "/opt/didban/.venv/bin/didban"
    public = vantage.run(didban, "catalogue", "key", "--out", "/tmp/key").stdout.strip()
    vantage.write(
        "/etc/didban/didban.yml", f"{CONFIG}catalogue: {{keys: ['{public}']}}\n", owner="root:didban", mode="640"
    )
    later = ("--version", "203001010000", "--key-file", "/tmp/key", "--out", "/tmp/signed")
    assert vantage.run(didban, "catalogue", "pack", *later).returncode == 0
    installed = vantage.run(didban, "catalogue", "install", "/tmp/signed", "--config.file=/etc/didban/didban.yml")
    assert installed.returncode == 0, installed.stderr
    assert vantage.run("systemctl", "reload", "didban").returncode == 0
    vantage.until(lambda: "203001010000" in json.dumps(status(vantage).get("catalogue")), "it is not run by")
    vantage.write("/etc/didban/didban.yml", CONFIG, owner="root:didban", mode="640")
