"""docs/deploy.md as a new user would follow it, on a machine of its own: every command is one that stands there."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.deploy import machine
from tests.deploy.machine import ROOT, Machine
from tests.deploy.test_bundle import PUBLIC, built
from tests.deploy.test_uninstall import tree

WHY_NOT = machine.missing()
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(WHY_NOT is not None, reason=f"no systemd can be process 1 here: {WHY_NOT}"),
]

PAGE = (ROOT / "docs/deploy.md").read_text()
DIDBAN = "/opt/didban/.venv/bin/didban"
HUB = """
listen: 127.0.0.1:8443
tls: {cert_file: hub.pem, key_file: secrets/hub.key}
public: {url: "https://localhost:8443/api/v1/write", ca_file: hub.pem}
storage: {path: /var/lib/didban-hub}
forward: {remote_write: "http://127.0.0.1:9/api/v1/write"}
"""


def written(begins: str, **instead: str) -> str:
    """The line of the page that begins so, without its comment; what stands for something is replaced."""
    line = next(line for line in PAGE.splitlines() if line.startswith(begins)).partition("   #")[0].strip()
    for word, other in instead.items():
        line = line.replace(word.replace("_", "-"), other)
    return line.replace("didban init", f"{DIDBAN} init") if line.startswith("didban ") else line


class User:
    """Types what the page says."""

    def __init__(self, box: Machine) -> None:
        self._box = box

    def __call__(self, line: str, *, stdin: str = "") -> str:
        line = f"{DIDBAN}{line.removeprefix('didban')}" if line.startswith("didban ") else line
        done = self._box.run("sh", "-c", f"cd /root 2>/dev/null; {line}", stdin=stdin)
        assert done.returncode == 0, f"{line}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        return done.stdout


def test_a_hub_and_a_box_from_the_archive_and_off_again(tmp_path: Path) -> None:
    brought = tmp_path / "stick"
    archive = built(brought, "x86_64")
    shutil.copy(ROOT / "deploy/bundle/install.sh", brought)
    (tmp_path / "machine").mkdir()
    with Machine(tmp_path / "machine", brought=brought, bare=True) as box:
        _followed(box, User(box), archive.name)


def _followed(box: Machine, user: User, archive: str) -> None:
    user("systemd-tmpfiles --create; true")
    before = tree(box)
    install = written("sh install.sh", PUBLIC_KEY=PUBLIC).partition("didban-VERSION")[0].replace("vantage", "both")
    python = f"/usr/bin/python3.{sys.version_info.minor}"
    user(f"cd /opt/tests && PYTHON={python} {install} {archive}")
    line = _hub(box, user)
    user(written("didban init --enrol").replace("--enrol -", f"--enrol '{line}'") + " --i-understand")
    user(written("systemctl enable --now didban"))
    box.until(lambda: "healthy" in box.run("curl", "-s", "http://127.0.0.1:9810/-/healthy").stdout, "it is not there")
    _renewed(box, user)
    _kept_and_brought_back(box, user)
    user(written("sh /opt/didban/deploy/bundle/uninstall.sh"))
    assert tree(box) ^ before == set()


def _hub(box: Machine, user: User) -> str:
    """As section 4 says; the line that enrols a box."""
    box.write("/etc/didban-hub/hub.yml", HUB)
    box.write("/etc/didban-hub/registry.yml", "vantages:\n")
    user(
        "cd /etc/didban-hub && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout secrets/hub.key -out hub.pem 2>/dev/null"
    )
    user(
        f"cd /etc/didban-hub && {written('install -d -o didban-hub')} && {written('chown didban-hub:')} && chmod 644 hub.pem"
    )
    user(written("systemctl enable --now didban-hub"))
    said = user(f"{written('didban hub --config.file=/etc/didban-hub/hub.yml add')}")
    return next(each for each in said.split() if each.startswith("didban1:"))


def _renewed(box: Machine, user: User) -> None:
    user("cd /root 2>/dev/null; true")
    public = user(
        f"cd /tmp && {DIDBAN} {written('didban catalogue key --out catalogue.key').partition(' ')[2]}"
    ).strip()
    user(f"printf 'catalogue: {{keys: [\"{public}\"]}}\\n' >> /etc/didban/didban.yml")
    pack = written("didban catalogue pack").partition(" ")[2]
    user(f"cd /tmp && {DIDBAN} {pack}")
    user(f"cd /tmp && {DIDBAN} {written('didban catalogue install').partition(' ')[2]}")
    user(written("systemctl reload didban"))

    def taken() -> bool:
        told = box.run("curl", "-s", "http://127.0.0.1:9810/api/v1/status").stdout
        return bool(told) and json.loads(told)["catalogue"]["from"] == "signed"

    box.until(taken, "the daemon does not run by it")
    assert "signed" in user(written("didban catalogue show"))


def _kept_and_brought_back(box: Machine, user: User) -> None:
    identity = user("sha256sum /etc/didban/secrets/*.secret")
    user(written("didban backup").replace("~/kept", "/tmp/box"))
    user(written("didban hub --config.file=/etc/didban-hub/hub.yml backup").replace("~/kept", "/tmp/hub"))
    user("systemctl stop didban didban-hub && rm -rf /var/lib/didban /etc/didban/* /var/lib/didban-hub")
    user("systemd-tmpfiles --create /etc/tmpfiles.d/didban.conf")
    user(written("didban restore").replace("~/kept", "/tmp/box"))
    assert user("sha256sum /etc/didban/secrets/*.secret") == identity
    user(f"{DIDBAN} hub --config.file=/etc/didban-hub/hub.yml restore /tmp/hub --force")
    user("systemctl start didban-hub didban")
    assert "signed" in user(written("didban catalogue show"))
