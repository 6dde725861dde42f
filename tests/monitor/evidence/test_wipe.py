"""After `didban wipe --yes` nothing of what the box held can be read: not in its folders, not through an open handle."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.keeping.shred import shred
from monitor.spool import Spool
from tests.monitor.facts import rounds, walk
from tests.monitor.local import Vantage
from tests.probes.liars import closed_port

SECRET = b"nobody may ever read this"
NAMED = ("hub.password", "hub.key", "hub.pem", "watchdog.url", "responder.token", "own.yml", "vpn.key", "book.yml")


def didban(*words: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "wipe", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
async def box(tmp_path: Path) -> Path:
    """didban.yml, all that it names, and a spool with its copies; beside them what is not Didban's."""
    folder = tmp_path / "etc"
    folder.mkdir()
    for name in NAMED:
        (folder / name).write_bytes(SECRET * 100)
    (folder / "own.yml").write_bytes(
        b"service: own\ntargets: [{id: a, options: {tls_auth_file: vpn.key}}]\n# " + SECRET + b"\n"
    )
    (tmp_path / "public.pem").write_text("a root of everybody")
    (folder / "didban.yml").write_text(f"""
vantage: {{id: v1, secret_file: v1.secret, country: DE, access: datacenter, role: control}}
services: [whatsapp, ./own.yml]
storage: {{path: {tmp_path}/state}}
ship:
  - name: hub
    remote_write: https://hub.example.org/api/v1/write
    basic_auth: {{username: v1, password_file: hub.password}}
    tls: {{ca_file: {tmp_path}/public.pem, cert_file: hub.pem, key_file: hub.key}}
notify: {{watchdog: {{url_file: watchdog.url}}}}
responder: {{name: r.example, token_file: responder.token}}
book: book.yml
# {SECRET.decode()}
""")
    (folder / "didban.yml~").write_bytes(SECRET)
    (folder / "v1.secret").write_bytes(SECRET)
    spool = Spool(tmp_path / "state")
    await spool.open()
    for number in range(50):
        await spool.add(rounds(walk(to=SECRET.decode(), started_ms=number)))
    await spool.remember("exports", [str(tmp_path / "out")])
    await spool.close()
    for name in ("spool.db.v1", "spool-damaged-7.db", "spool-damaged-7.db-wal"):
        (tmp_path / "state" / name).write_bytes(SECRET * 1000)
    for name in ("state/up/prometheus", "out/day"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "chunk").write_bytes(SECRET)
    (tmp_path / "state" / "holiday.jpg").write_bytes(b"a picture")
    return tmp_path


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextlib.contextmanager
def handles(folder: Path) -> Iterator[dict[str, int]]:
    """Taken before: they show what lies in a file that no name leads to any more."""
    opened = {str(path): os.open(path, os.O_RDONLY) for path in everything(folder)}
    try:
        yield opened
    finally:
        for handle in opened.values():
            os.close(handle)


async def test_nothing_is_left_to_be_read_neither_by_name_nor_by_an_open_handle(box: Path) -> None:
    before = everything(box)
    assert sum(SECRET in content for content in before.values()) > 15
    with handles(box) as opened:
        code, said = didban("--yes", f"--config.file={box}/etc/didban.yml")
        assert code == 0, said
        assert set(everything(box)) == {box / "state" / "holiday.jpg", box / "public.pem"}
        for path, handle in opened.items():
            content = os.pread(handle, 10**7, 0)
            if not path.endswith(("holiday.jpg", "public.pem")):
                assert SECRET not in content
                assert len(content) == len(before[Path(path)])
                assert not content or content != before[Path(path)], path
    assert "holiday.jpg" in said
    assert "wear-levelling" in said
    assert "journalctl" in said
    assert not (box / "out").exists()
    assert not (box / "state" / "up").exists()


async def test_without_yes_it_says_what_it_would_destroy_and_destroys_nothing(box: Path) -> None:
    before = everything(box)
    code, said = didban(f"--config.file={box}/etc/didban.yml")
    assert code == 2
    for name in (*NAMED, "v1.secret", "didban.yml~", "spool.db", "spool.db.v1", "spool-damaged-7.db", "out/day/chunk"):
        assert name in said
    assert "public.pem" not in said
    assert before.items() <= everything(box).items()


async def test_twice_is_once(box: Path) -> None:
    assert didban("--yes", f"--config.file={box}/etc/didban.yml")[0] == 0
    code, said = didban("--yes", f"--config.file={box}/etc/didban.yml")
    assert code == 1
    assert said.startswith("nothing is there")
    assert len(said.splitlines()) == 1


async def test_what_is_gone_or_read_only_does_not_hold_it_up(box: Path) -> None:
    (box / "etc" / "hub.password").unlink()
    for name in ("etc/v1.secret", "state/spool.db"):
        (box / name).chmod(0o400)
    (box / "etc" / "hub.key").unlink()
    (box / "etc" / "hub.key").symlink_to(box / "elsewhere.key")
    (box / "elsewhere.key").write_bytes(SECRET)
    code, said = didban("--yes", f"--config.file={box}/etc/didban.yml")
    assert code == 0, said
    assert set(everything(box)) == {box / "state" / "holiday.jpg", box / "public.pem"}


@pytest.mark.parametrize("broken", ["vantage: [", "storage: {path: /x\n secret_file: v1.secret: x"])
async def test_a_configuration_that_no_longer_parses_wants_the_storage_by_hand(box: Path, broken: str) -> None:
    file = box / "etc" / "didban.yml"
    file.write_text(broken + "\n" + file.read_text())
    code, said = didban("--yes", f"--config.file={file}")
    assert code == 2
    assert "give --storage.path" in said
    assert file.exists()
    code, said = didban("--yes", f"--config.file={file}", f"--storage.path={box}/state")
    assert code == 0, said
    left = {path.relative_to(box).as_posix() for path, content in everything(box).items() if SECRET in content}
    assert left == {"etc/own.yml", "etc/vpn.key", "etc/book.yml"}, "whose names only a whole document gives"


async def test_a_configuration_that_is_wrong_but_parses_is_read_all_the_same(box: Path) -> None:
    file = box / "etc" / "didban.yml"
    file.write_text(file.read_text().replace("role: control", "role: nonsense"))
    assert didban("--yes", f"--config.file={file}")[0] == 0
    assert set(everything(box)) == {box / "state" / "holiday.jpg", box / "public.pem"}


def test_a_daemon_at_work_is_stopped_first(tmp_path: Path) -> None:
    vantage = Vantage(tmp_path, closed_port())
    vantage.start()
    code, said = didban("--yes", f"--config.file={vantage.config}")
    assert code == 0, said
    assert vantage.process is not None
    assert vantage.process.wait(timeout=5) == 0, "it said goodbye"
    vantage.process.communicate()
    assert everything(tmp_path) == {}


def test_what_is_no_ordinary_file_is_left_and_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert shred(tmp_path / "pipe") == "is no ordinary file"
    assert shred(tmp_path) == "is no ordinary file"
    assert shred(tmp_path / "never") is None
    (tmp_path / "dangling").symlink_to(tmp_path / "never")
    assert shred(tmp_path / "dangling") is None
    assert not (tmp_path / "dangling").is_symlink()


def test_what_cannot_be_overwritten_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only file system: the file stays, and nobody is told it went."""
    path = tmp_path / "key"
    path.write_bytes(SECRET)

    def refuse(*_: object, **__: object) -> int:
        raise OSError(30, "Read-only file system")

    for name in ("open", "rename", "unlink"):
        monkeypatch.setattr(os, name, refuse)
    said = shred(path)
    monkeypatch.undo()
    assert said is not None
    assert "not overwritten: read-only file system, but it stands there still" in said
    assert path.read_bytes() == SECRET
