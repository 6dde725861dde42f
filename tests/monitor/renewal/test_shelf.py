"""A catalogue is installed whole or not at all, never an older one, never what may not be asked; else the shipped one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor import config, parts
from monitor.config import Loaded
from monitor.renewal import shelf, signed
from monitor.renewal.shelf import SHIPPED_VERSION, Refused
from monitor.telling.notices import of_catalogue
from tests.monitor.renewal.catalogues import (
    KEY,
    NOW_MS,
    OTHER,
    OTHER_PUBLIC,
    PUBLIC,
    VERSION,
    install,
    packed,
    service,
)


def standing(folder: Path, *keys: str) -> int | str | None:
    renewed, why_not = shelf.standing(folder, keys or (PUBLIC,))
    return renewed.version if renewed else why_not


def test_it_stands_there_until_a_newer_one_takes_its_place(tmp_path: Path) -> None:
    assert standing(tmp_path / "catalogue") is None
    install(packed(), tmp_path / "catalogue")
    install(packed(VERSION + 1), tmp_path / "catalogue")
    assert standing(tmp_path / "catalogue") == VERSION + 1
    names = sorted(path.name for path in (tmp_path / "catalogue").iterdir())
    assert names == [str(VERSION + 1), "current", "mark.json"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (packed(VERSION), f"is of version {VERSION}, and this box has been at {VERSION}"),
        (packed(VERSION - 1), "this box has been at"),
        (packed(SHIPPED_VERSION), "this box has been at"),
        (packed(VERSION + 1, key=OTHER), "is signed by a key that is not in"),
        (packed(VERSION + 1)[:-1], "was changed"),
        (packed(VERSION + 1, expires="2026-11-10"), "has expired on 2026-11-10"),
        (packed(VERSION + 1, expires="never"), "where a day should stand"),
        (packed(VERSION + 1, {}), "holds too much, or nothing"),
        (packed(VERSION + 1, {"services/../../x.yml": "a"}), "belongs into no catalogue"),
        (packed(VERSION + 1, {"/etc/passwd": "a"}), "belongs into no catalogue"),
        (packed(VERSION + 1, {"services/a.py": "a"}), "belongs into no catalogue"),
        (packed(VERSION + 1, {"services/a.yml": "service: a"}), "holds what may not be asked"),
        (packed(VERSION + 1, {"fingerprints/a.yml": "marks: 1"}), "holds what may not be asked"),
    ],
)
def test_what_is_refused_changes_nothing(tmp_path: Path, data: bytes, why: str) -> None:
    folder = tmp_path / "catalogue"
    install(packed(), folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(Refused, match=why):
        install(data, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_without_a_key_nothing_is_installed(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no key is configured"):
        shelf.install(packed(), tmp_path, (), NOW_MS)


def test_an_older_one_does_not_come_back_after_the_newer_one_was_taken_away(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    install(packed(), folder)
    (folder / "current").unlink()
    assert standing(folder) is None
    with pytest.raises(Refused, match="this box has been at"):
        install(packed(VERSION - 1), folder)


def test_a_key_that_was_taken_back_installs_nothing_any_more(tmp_path: Path) -> None:
    """Who stole the first key signs a catalogue that does not know of the second."""
    folder = tmp_path / "catalogue"
    handed = [signed.rotation((), [OTHER_PUBLIC], KEY)]
    install(packed(rotations=handed, key=OTHER), folder)
    with pytest.raises(Refused, match="does not know that its keys were changed"):
        install(packed(VERSION + 1, key=KEY), folder)
    install(packed(VERSION + 1, rotations=handed, key=OTHER), folder)


def test_a_board_whose_clock_never_ran_can_be_renewed_and_an_expired_one_stays_at_work(tmp_path: Path) -> None:
    renewed = shelf.install(packed(), tmp_path, (PUBLIC,), 0)
    told = list(of_catalogue(renewed, None, NOW_MS + 365 * 86_400_000))
    assert told == [
        f"It runs by catalogue {VERSION}, made on 2026-11-01.",
        "The catalogue it runs by has expired on 2027-05-01, and is still newer than the shipped one.",
    ]


@pytest.mark.parametrize("what", ["a row", "a file more", "a file less", "the signed file", "another version"])
def test_what_was_changed_on_the_disk_is_not_run_by(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "catalogue"
    install(packed(), folder)
    row = folder / str(VERSION) / "services/imo.yml"
    match what:
        case "a row":
            row.write_text(row.read_text().replace("example.com", "example.org"))
        case "a file more":
            row.with_name("more.yml").write_text(service("more"))
        case "a file less":
            row.unlink()
        case "the signed file":
            (folder / str(VERSION) / "signed").write_bytes(packed(VERSION, {"services/imo.yml": service()}, key=OTHER))
        case _:
            (folder / str(VERSION)).rename(folder / "202612010000")
            (folder / "current").write_text("202612010000\n")
    assert isinstance(standing(folder), str)


def test_an_install_that_was_cut_off_leaves_the_one_before(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    install(packed(), folder)
    (folder / str(VERSION + 1) / "services").mkdir(parents=True)  # everything but the word that it is the one
    (folder / f".{VERSION + 1}").mkdir()
    assert standing(folder) == VERSION
    install(packed(VERSION + 1), folder)
    assert standing(folder) == VERSION + 1


# ---------------------------------------------------------------- what a box runs by


def loaded(tmp_path: Path, keys: str = PUBLIC, services: str = "imo") -> Loaded:
    (tmp_path / "secret").write_bytes(bytes(32))
    path = tmp_path / "didban.yml"
    path.write_text(
        "vantage: {id: v1, secret_file: secret, country: DE, network: AS1, access: datacenter, role: control}\n"
        f"services: [{services}]\nstorage: {{path: state}}\ncatalogue: {{keys: ['{keys}']}}\n"
    )
    found, mistakes = config.load(path)
    assert found is not None, mistakes
    return found


def hosts(found: Loaded) -> set[str]:
    return {endpoint.host for target in found.services[0].targets for endpoint in target.endpoints}


def test_a_box_runs_by_what_was_installed_and_says_so_in_its_digest(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    shipped = loaded(tmp_path)
    install(packed(), tmp_path / "state/catalogue")
    found = loaded(tmp_path)
    assert hosts(found) == {"www.example.com"} != hosts(shipped)
    assert found.renewed is not None
    assert parts.catalogue_digest(found) != parts.catalogue_digest(shipped)


def test_what_is_not_in_it_is_taken_from_what_is_shipped(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    install(packed(), tmp_path / "state/catalogue")
    assert loaded(tmp_path, services="instagram").services[0].id == "instagram"


def test_under_another_key_a_box_runs_by_what_is_shipped_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    shipped = hosts(loaded(tmp_path))
    install(packed(), tmp_path / "state/catalogue")
    found = loaded(tmp_path, keys=OTHER_PUBLIC)
    assert hosts(found) == shipped
    assert next(of_catalogue(found.renewed, found.not_renewed, NOW_MS)).startswith(
        "A catalogue that was installed is signed by a key that is not in `catalogue: keys:`"
    )


def test_a_service_that_only_the_renewed_one_has_is_walked_when_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    install(packed(files={"services/newcomer.yml": service("newcomer")}), tmp_path / "state/catalogue")
    assert loaded(tmp_path, services="newcomer").services[0].id == "newcomer"
    assert {each.id for each in loaded(tmp_path).services} == {"imo"}, "and not before"


def test_a_person_packs_hands_on_and_installs_by_the_command_line(tmp_path: Path) -> None:
    """As docs say it; each step is a process."""
    (tmp_path / "state").mkdir()
    loaded(tmp_path)
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}

    def didban(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "monitor", "catalogue", *words]
        return subprocess.run(command, cwd=tmp_path, env=here, capture_output=True, text=True, check=False)

    public = didban("key", "--out", "a.key").stdout.strip()
    other = didban("key", "--out", "b.key").stdout.strip()
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600
    loaded(tmp_path, keys=public)
    (tmp_path / "mine/services").mkdir(parents=True)
    (tmp_path / "mine/services/imo.yml").write_text(service())
    assert didban("pack", "--key-file", "a.key", "--version", str(VERSION), "--out", "one", "mine").returncode == 0
    assert didban("install", "one").stdout.startswith(f"catalogue {VERSION} is installed")
    assert didban("show").stdout.startswith(f"{VERSION}, signed")
    again = didban("install", "one")
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert didban("rotate", "--key-file", "a.key", "--rotations", "r.json", other).returncode == 0
    handed = ("--version", str(VERSION + 1), "--rotations", "r.json", "--out", "two", "mine")
    assert didban("pack", "--key-file", "b.key", *handed).returncode == 0
    assert didban("install", "two").returncode == 0
    (tmp_path / "mine/services/imo.yml").write_text(service(category="vpn"))
    refused = didban("pack", "--key-file", "b.key", "--out", "three", "mine")
    assert (refused.returncode, "stays that" in refused.stderr) == (1, True)
