"""The role: linted, and run for real against a machine with systemd in it: it starts what it should, and then has nothing to do.

What is not run here: its tasks that install a package or a bundle (those are run by hand in test_deb.py and
tests/deploy/test_bundle.py), and ssh.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from monitor.begin import consent
from probes.words import Access, Role
from tests.deploy import machine
from tests.deploy.anywhere.carriers import DEPLOY, read, run, tool
from tests.deploy.machine import Machine

ANSIBLE = DEPLOY / "ansible"
TASKS = sorted((ANSIBLE / "roles/didban/tasks").glob("*.yml"))
PASSWORD = "p" * 40
# in /run: a unit with a /tmp of its own, started, mounts the machine's anew
_ENVIRON = {
    "HOME": "/run",
    "TMPDIR": "/run",
    "LC_ALL": "C.UTF-8",
    "ANSIBLE_LOCAL_TEMP": "/run/a",
    "ANSIBLE_REMOTE_TEMP": "/run/b",
    "ANSIBLE_FORCE_COLOR": "0",
    "ANSIBLE_DEPRECATION_WARNINGS": "0",
}


def test_whatever_handles_a_secret_says_nothing_of_it() -> None:
    for path in TASKS:
        for task in read(path.read_text()) or ():
            said = json.dumps({key: text for key, text in task.items() if key not in ("name", "notify")})
            if re.search(r"didban_(password|secrets|all_secrets)", said):
                assert task.get("no_log"), f"{path.name}: {task['name']}"


def test_nothing_it_writes_may_be_read_by_everybody() -> None:
    for path in TASKS:
        for task in read(path.read_text()) or ():
            for key in ("ansible.builtin.copy", "ansible.builtin.file", "ansible.builtin.template"):
                if key in task and "/var/cache/" not in str(task[key]):
                    assert str(task[key]["mode"]).endswith("0"), f"{path.name}: {task['name']}"


def test_the_example_holds_no_secret() -> None:
    example = (ANSIBLE / "group_vars/vault.example.yml").read_text()
    assert set(read(example)["vault_passwords"].values()) == {""}
    for line in (ANSIBLE / "inventory.example.yml").read_text().splitlines():
        if re.search(r"didban_(password|secrets):", line):
            assert "{{ vault_" in line


# ---------------------------------------------------------------- by its tools


@pytest.mark.deployed
def test_ansible_lint_finds_nothing_in_its_strictest_profile(tmp_path: Path) -> None:
    def said(folder: Path) -> subprocess.CompletedProcess[str]:
        return run(tool("ansible-lint"), "--offline", "--nocolor", "--profile", "production", ".", folder=folder)

    done = said(ANSIBLE)
    assert done.returncode == 0, done.stdout
    shutil.copytree(ANSIBLE, tmp_path / "ansible")
    tasks = tmp_path / "ansible/roles/didban/tasks/hub.yml"
    tasks.write_text(
        tasks.read_text().replace('    mode: "0700"\n', "", 1).replace("ansible.builtin.set_fact", "set_fact")
    )
    found = said(tmp_path / "ansible")
    assert found.returncode != 0
    assert {"risky-file-permissions", "fqcn"} <= set(re.findall(r"[a-z-]+", found.stdout))


def inventory(password: str = PASSWORD) -> dict[str, Any]:
    here = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3", "didban_install": "none"}
    issued = trustme.CA().issue_cert("hub.example.org")
    pems = {"hub.pem": issued.cert_chain_pems[0].bytes().decode(), "hub.key": issued.private_key_pem.bytes().decode()}
    hub = {
        "listen": "127.0.0.1:8443",
        "tls": {"cert_file": "secrets/hub.pem", "key_file": "secrets/hub.key"},
        "public": {"url": "https://hub.example.org:8443/api/v1/write"},
        "storage": {"path": "/var/lib/didban-hub"},
        "forward": {"remote_write": "http://127.0.0.1:9/api/v1/write"},
    }
    box = {
        "vantage": {
            "id": "v1", "secret_file": "secrets/vantage.secret", "country": "NO", "network": "AS1",
            "access": "datacenter", "role": "control",
        },
        "consent": {"acknowledged": "2026-11-22", "text_sha256": consent.digest(Role.CONTROL, "NO", Access.DATACENTER)},
        "services": ["whatsapp"],
        "storage": {"path": "/var/lib/didban"},
        "ship": [
            {
                "name": "hub",
                "remote_write": "https://127.0.0.1:8443/api/v1/write",
                "basic_auth": {"username": "v1", "password_file": "secrets/hub.password"},
            }
        ],
    }  # fmt: skip
    hosts = {
        "hub": {"hosts": {"the-hub": {**here, "didban_config": hub, "didban_secrets": pems}}},
        "boxes": {"hosts": {"a-box": {**here, "didban_config": box, "didban_password": password}}},
    }
    return {"all": {"children": hosts}}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One machine that is the hub and a box, with systemd in it and no other interface than loopback."""
    why_not = machine.missing()
    if why_not:
        pytest.skip(f"no systemd can be process 1 here: {why_not}")
    with Machine(tmp_path_factory.mktemp("fleet")) as made:
        made.install("didban")
        made.install("didban-hub")
        # no packet is to be asked of anybody: it shows its pages, and walks nowhere
        made.write(
            "/etc/systemd/system/didban.service.d/idle.conf",
            "[Service]\nExecStart=\nExecStart=/opt/didban/.venv/bin/didban run --idle --config.file=/etc/didban/didban.yml"
            " --storage.path=/var/lib/didban\n",
        )
        yield made


def played(fleet: Machine, *words: str, given: dict[str, Any] | None = None) -> dict[str, int]:
    """What it did, over both hosts: ok, changed, failed."""
    fleet.write("/run/inventory.json", json.dumps(given or inventory_once()), mode="600")
    variables = [f"{key}={text}" for key, text in _ENVIRON.items()]
    command = [tool("ansible-playbook"), "-i", "/run/inventory.json", str(ANSIBLE / "site.yml"), *words]
    done = fleet.run("env", *variables, *command)
    recap = re.findall(r"^(\S+) +: ok=(\d+) +changed=(\d+) +unreachable=\d+ +failed=(\d+)", done.stdout, re.MULTILINE)
    assert recap, done.stdout + done.stderr
    assert PASSWORD not in done.stdout
    counted = {
        "changed": sum(int(row[2]) for row in recap),
        "failed": sum(int(row[3]) for row in recap),
        "hosts": len(recap),
    }
    if counted["failed"]:
        print(done.stdout[-3000:])
    return counted


_made: list[dict[str, Any]] = []


def inventory_once() -> dict[str, Any]:
    """The certificate is made once: a new one would be a change."""
    if not _made:
        _made.append(inventory())
    return _made[0]


@pytest.mark.deployed
def test_a_hub_and_a_box_are_set_up_run_and_then_nothing_is_left_to_do(fleet: Machine) -> None:
    first = played(fleet)
    assert first["failed"] == 0
    assert first["changed"] > 5
    for name in ("didban", "didban-hub"):
        assert fleet.show(name, "ActiveState") == "active", fleet.said(name)
        assert fleet.show(name, "UnitFileState") == "enabled"
    kept = fleet.run("cat", "/etc/didban-hub/credentials/v1").stdout.strip()
    assert kept == hashlib.sha256(PASSWORD.encode()).hexdigest()
    modes = fleet.run("stat", "-c", "%U %a %n", "/etc/didban/secrets/vantage.secret", "/etc/didban/didban.yml").stdout
    assert modes.split() == [
        "root",
        "600",
        "/etc/didban/secrets/vantage.secret",
        "root",
        "640",
        "/etc/didban/didban.yml",
    ]
    assert "country: 'NO'" in fleet.run("cat", "/etc/didban/didban.yml").stdout
    again = played(fleet)
    assert (again["changed"], again["failed"]) == (0, 0)
    looked = played(fleet, "--check", "--diff")
    assert (looked["changed"], looked["failed"]) == (0, 0)


@pytest.mark.deployed
def test_what_drifted_is_seen_and_mended(fleet: Machine) -> None:
    played(fleet)
    fleet.run("sh", "-c", "echo '# by hand' >> /etc/didban/didban.yml; chmod 644 /etc/didban/secrets/hub.password")
    assert played(fleet, "--check")["changed"] >= 2
    assert "by hand" in fleet.run("cat", "/etc/didban/didban.yml").stdout, "--check changes nothing"
    assert played(fleet)["failed"] == 0
    assert "by hand" not in fleet.run("cat", "/etc/didban/didban.yml").stdout


@pytest.mark.deployed
def test_nobody_agrees_in_the_keepers_place_and_a_mistake_starts_nothing(fleet: Machine) -> None:
    wrong = json.loads(json.dumps(inventory_once()))
    box = wrong["all"]["children"]["boxes"]["hosts"]["a-box"]["didban_config"]
    box["consent"]["text_sha256"] = "yes"
    assert played(fleet, "--limit", "boxes", given=wrong)["failed"] == 1
    box["consent"] = inventory_once()["all"]["children"]["boxes"]["hosts"]["a-box"]["didban_config"]["consent"]
    box["sevices"] = ["whatsapp"]
    assert played(fleet, "--limit", "boxes", given=wrong)["failed"] == 1
    assert played(fleet)["failed"] == 0
