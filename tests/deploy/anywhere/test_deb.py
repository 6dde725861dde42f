"""The Debian package: built of this tree, read by lintian, installed into a disk of its own, run, removed and purged."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.deploy.anywhere.carriers import DEPLOY, alone, run, tool

DEB = DEPLOY / "deb"
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


@pytest.mark.parametrize("script", [*SCRIPTS, "build.sh"])
def test_its_scripts_are_plain_shell(script: str) -> None:
    done = run(tool("shellcheck"), DEB / script)
    assert done.returncode == 0, done.stdout


def test_nothing_is_started_that_did_not_run_and_nothing_past_the_policy() -> None:
    for script in SCRIPTS:
        text = (DEB / script).read_text()
        assert not re.search(r"systemctl[^\n]*\b(start|restart|enable|stop)\b", text), script
        for line in text.splitlines():
            if "deb-systemd-invoke" in line:
                assert re.search(r"invoke (try-restart|stop) ", line), line


def test_the_package_brings_no_configuration() -> None:
    """A vantage's is made by `didban init`, after consent: there is no conffile that could be taken for one."""
    assert " etc/" not in (DEB / "build.sh").read_text()


def test_every_override_has_its_reason() -> None:
    lines = (DEB / "overrides").read_text().splitlines()
    for number, line in enumerate(lines):
        assert line.startswith("#") or lines[number - 1].startswith(("#", "didban: "))
    assert lines[0].startswith("#")


# ---------------------------------------------------------------- by its tools


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built now; DIDBAN_DEB names one that was built a moment ago."""
    if given := os.environ.get("DIDBAN_DEB"):
        return Path(given)
    out = tmp_path_factory.mktemp("deb")
    done = run(DEB / "build.sh", out, COMPRESS="gzip")
    assert done.returncode == 0, done.stderr
    (found,) = out.glob("didban_*.deb")
    return found


@pytest.mark.deployed
def test_lintian_finds_no_error_and_no_warning(package: Path) -> None:
    done = run(tool("lintian"), "--allow-root", "--fail-on", "error,warning", package)
    assert done.returncode == 0, done.stdout


@pytest.mark.deployed
def test_lintian_sees_what_is_wrong(tmp_path: Path) -> None:
    """The same question, of a package with a planted mistake."""
    (tmp_path / "wrong/DEBIAN").mkdir(parents=True)
    (tmp_path / "wrong/etc").mkdir()
    control = (DEB / "control").read_text().replace("@VERSION@", "0.1.0-1").replace("@ARCH@", "all")
    control = control.replace("@PYTHON@", "python3.11").replace("@SIZE@", "1")
    (tmp_path / "wrong/DEBIAN/control").write_text(control)
    (tmp_path / "wrong/etc/didban.yml").write_text("services: []\n")
    assert run("dpkg-deb", "--root-owner-group", "-b", tmp_path / "wrong", tmp_path / "wrong.deb").returncode == 0
    done = run(tool("lintian"), "--allow-root", "--fail-on", "error,warning", tmp_path / "wrong.deb")
    assert done.returncode != 0
    assert "file-in-etc-not-marked-as-conffile" in done.stdout


# what useradd and userdel write, and write back: passwd and its like are the same as before, passwd- is of in between
ACCOUNTS = {
    f"etc/{name}{end}" for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid") for end in ("", "-")
}
ACCOUNTS.add("etc/.pwd.lock")

# a disk of its own: what is written to it stands in $upper, to be looked at; dpkg's own books are no trace of ours
_DISK = r"""
disk={room}; upper=$disk/upper; top=$disk/top
mount -t tmpfs -o mode=755 tmpfs $disk
mkdir $upper $disk/work $top
mount -t overlay overlay -o lowerdir=/,upperdir=$upper,workdir=$disk/work $top
mount -t proc proc $top/proc; mount --rbind /dev $top/dev
mkdir -p $top/run/lock; cp {deb} $top/didban.deb
in_it() {{ chroot $top env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }}
tree() {{ (cd $upper && find . \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache -o -path ./run -o -path ./proc -o -path ./dev \) -prune -o ! -type d -print | grep -v '^./didban.deb$' | sort); }}
"""


@pytest.mark.deployed
def test_it_is_installed_runs_is_removed_and_purged_without_a_trace(package: Path, tmp_path: Path) -> None:
    room = tmp_path / "disk"
    room.mkdir()
    script = (
        _DISK.format(room=room, deb=package)
        + r"""
in_it getent passwd didban && exit 9
in_it dpkg -i /didban.deb >&2
in_it didban --version
in_it /bin/sh -e /var/lib/dpkg/info/didban.postinst configure 0.0.1 && echo TWICE
in_it dpkg --verify didban && echo VERIFIED
in_it stat -c '%U:%G %a %n' /etc/didban /etc/didban/secrets /etc/didban-hub
in_it su -s /bin/sh didban -c 'touch /opt/didban/x' 2>/dev/null && exit 8
in_it didban init --role control --country DE --access datacenter --i-understand --out /etc/didban/didban.yml \
  --storage /var/lib/didban >/dev/null
in_it didban check-config /etc/didban/didban.yml >/dev/null && echo CHECKED
in_it dpkg --remove didban 2>&1 | grep kept
test -s $top/etc/didban/didban.yml && echo STAYS
test ! -e $top/usr/bin/didban
in_it dpkg --purge didban 2>&1 | grep gone
in_it dpkg --purge didban >/dev/null 2>&1
for each in opt/didban etc/didban etc/didban-hub var/lib/didban usr/bin/didban; do test ! -e $top/$each || echo "LEFT $each"; done
in_it getent passwd didban didban-hub || echo NOBODY
in_it getent group didban didban-hub || echo NO_GROUP
for each in passwd group shadow gshadow; do cmp -s /etc/$each $top/etc/$each || echo "CHANGED $each"; done
tree | sed 's/^/TRACE /'
"""
    )
    done = alone(script, seconds=300)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    for word in ("didban 0.", "TWICE", "VERIFIED", "CHECKED", "STAYS", "NOBODY", "NO_GROUP"):
        assert word in said, f"{word}: {said}{done.stderr}"
    assert "root:didban 2750 /etc/didban\n" in said
    assert "root:root 700 /etc/didban/secrets\n" in said
    assert "kept, with all that was measured" in said
    assert "LEFT" not in said
    assert "CHANGED" not in said
    assert set(re.findall(r"TRACE \./(\S+)", said)) <= ACCOUNTS, said
