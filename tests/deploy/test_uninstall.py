"""Off a machine without a trace: the tree of files before Didban came, and after it was taken off again, is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy import machine
from tests.deploy.machine import ROOT, Machine

WHY_NOT = machine.missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=f"no systemd can be process 1 here: {WHY_NOT}")

DIDBAN = "/opt/didban/.venv/bin/didban"
TO = "/opt/elsewhere"  # what is removed: the tests' own /opt/didban leads to this very working tree
OWN = ("/etc", "/opt", "/var")  # of the machine; it cannot write anywhere else
# what `useradd` and `userdel` keep for themselves: they were there before any machine had a Didban
OF_PASSWD = ("/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/.pwd.lock")
OF_LOGINS = ("/var/log/wtmp", "/var/log/lastlog")


def tree(box: Machine) -> set[str]:
    """Every file and folder with its mode and owner, and every content by its SHA-256."""
    files = f"find {' '.join(OWN)} -path /opt/didban -prune -o"
    shown = box.run("sh", "-c", f"{files} -printf '%p %m %U:%G %y\\n'; {files} -type f -exec sha256sum {{}} +").stdout
    return {line for line in shown.splitlines() if not set(line.split()) & {*OF_PASSWD, *OF_LOGINS}}


def test_it_leaves_no_trace(tmp_path: Path) -> None:
    with Machine(tmp_path) as box:
        box.run("systemd-tmpfiles", "--create")  # what any machine has that was once started
        before = tree(box)
        box.install("didban")
        box.install("didban-hub")
        box.write(f"{TO}/.venv/bin/didban", f'#!/bin/sh\nexec {DIDBAN} "$@"\n', mode="755")
        agreed = ("--role=control", "--country=DE", "--access=datacenter", "--i-understand")
        assert box.run(DIDBAN, "init", *agreed, "--out=/etc/didban/didban.yml").returncode == 0
        assert box.run("systemctl", "enable", "--now", "didban").returncode == 0, box.said("didban")
        box.until(lambda: box.run("test", "-f", "/var/lib/didban/spool.db").returncode == 0, "it kept nothing")
        assert tree(box) != before
        refused = box.run("sh", str(ROOT / "deploy/bundle/uninstall.sh"), "--to", TO)
        assert refused.returncode == 2
        assert box.show("didban", "ActiveState") == "active", "nothing goes before somebody said --yes"
        done = box.run("sh", "/opt/didban/src/deploy/bundle/uninstall.sh", "--yes", "--to", TO)
        assert done.returncode == 0, done.stderr
        assert tree(box) ^ before == set()
        assert box.run("systemctl", "cat", "didban").returncode != 0
        assert box.run("id", "didban").returncode != 0
