"""A box comes back from its backup: the same identity, consent, spool and catalogue, or nothing is written at all."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from monitor import config
from monitor.disk.copies import BadBackup
from monitor.keeping import backup, wiping
from monitor.spool import Spool
from tests.deploy.record import RECORDED, WALKS
from tests.monitor.local import Vantage
from tests.monitor.renewal.catalogues import VERSION, install, packed


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A didban.yml with its secret, a service file, a spool as a daemon left it, a catalogue."""
    folder = tmp_path / "box"
    (folder / "state").mkdir(parents=True)
    Vantage(folder, 9)
    shutil.copy(RECORDED / "0.1.0/spool.db", folder / "state")
    install(packed(), folder / "state/catalogue")
    return folder


def kept(box: Path, to: Path) -> list[str]:
    names, elsewhere = backup.write(box / "didban.yml", box / "state", box / "state/catalogue", to)
    assert elsewhere == []
    return names


async def test_what_is_restored_elsewhere_is_the_same_box(box: Path, tmp_path: Path) -> None:
    names = kept(box, tmp_path / "kept")
    assert {"didban.yml", "secret", "services.yml", "spool.db", "catalogue/current"} <= set(names)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "kept").rglob("*") if path.is_file()} == {0}
    shutil.rmtree(box)
    assert backup.restore(tmp_path / "kept", box / "didban.yml") == names
    found, mistakes = config.load(box / "didban.yml")
    assert found is not None, mistakes
    assert found.config.consent is not None
    assert found.path(found.config.vantage.secret_file).read_bytes() == bytes(32)
    assert (box / "state/catalogue/current").read_text() == f"{VERSION}\n"
    spool = Spool(box / "state")
    await spool.open()
    assert tuple(await spool.walks())[:2] == WALKS
    assert await spool.owed_samples("hub") == 2, "and what it owes goes home from there"
    await spool.close()


async def test_a_copy_is_taken_beside_a_daemon_that_writes(box: Path, tmp_path: Path) -> None:
    spool = Spool(box / "state")
    await spool.open()
    await spool.remember("news", {"a": 1})
    kept(box, tmp_path / "kept")
    await spool.close()
    with sqlite3.connect(tmp_path / "kept/spool.db") as db:
        assert db.execute("SELECT count(*) FROM memory WHERE key = 'news'").fetchone() == (1,)
    db.close()


@pytest.mark.parametrize("change", ["a byte", "a file less", "a file more", "no list", "a path out of it"])
def test_a_backup_that_is_not_what_it_was_writes_nothing(box: Path, tmp_path: Path, change: str) -> None:
    folder = tmp_path / "kept"
    kept(box, folder)
    match change:
        case "a byte":
            (folder / "secret").write_bytes(bytes(31) + b"x")
        case "a file less":
            (folder / "secret").unlink()
        case "a file more":
            (folder / "more").write_text("")
        case "no list":
            (folder / "SHA256SUMS").unlink()
        case _:
            with (folder / "SHA256SUMS").open("a") as sums:
                sums.write(f"{'0' * 64}  ../x\n")
    with pytest.raises(BadBackup):
        backup.restore(folder, tmp_path / "new/didban.yml")
    assert not (tmp_path / "new").exists()


def test_nothing_that_is_there_is_written_over(box: Path, tmp_path: Path) -> None:
    kept(box, tmp_path / "kept")
    before = (box / "didban.yml").read_bytes()
    with pytest.raises(FileExistsError):
        backup.restore(tmp_path / "kept", box / "didban.yml")
    with pytest.raises(FileExistsError):
        kept(box, tmp_path / "kept")
    assert (box / "didban.yml").read_bytes() == before


def test_by_the_command_line_it_says_what_such_a_copy_is(box: Path, tmp_path: Path) -> None:
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    words = [sys.executable, "-m", "monitor", "backup", "../kept"]
    done = subprocess.run(words, cwd=box, env=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "whoever has it can write as it" in done.stdout


def test_a_root_of_the_hub_among_the_secrets_is_ours_as_well(box: Path, tmp_path: Path) -> None:
    (box / "secrets").mkdir()
    (box / "secrets/hub-ca.pem").write_text("")
    with (box / "didban.yml").open("a") as config_file:
        config_file.write("tls: {ca_file: secrets/hub-ca.pem}\n")
    assert "secrets/hub-ca.pem" in kept(box, tmp_path / "kept")
    assert box / "secrets/hub-ca.pem" in wiping.find(box / "didban.yml", None).files
