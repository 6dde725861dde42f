"""What pyproject.toml asks for, what deploy/locks fixes and what these tests run upon are one and the same."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "deploy" / "locks"
MACHINE = ROOT / "deploy" / "machine.sh"
EXTRAS = ("dev", "lab", "report", "responder")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@dataclass(frozen=True, slots=True)
class Locked:
    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def version(self) -> Version:
        (pin,) = self.requirement.specifier
        assert pin.operator == "=="
        return Version(pin.version)


def read(text: str) -> dict[str, Locked]:
    """A lock, as pip reads it: one requirement a line, its hashes behind it, comments dropped."""
    bare = re.sub(r"^\s*#.*\n?", "", text, flags=re.MULTILINE)
    rows: dict[str, Locked] = {}
    for line in bare.replace("\\\n", " ").splitlines():
        asked, *hashes = re.split(r"\s+--hash=", line.strip())
        if asked:
            requirement = Requirement(asked)
            rows[canonicalize_name(requirement.name)] = Locked(requirement, tuple(hash.strip() for hash in hashes))
    return rows


def lock(name: str) -> dict[str, Locked]:
    return read((LOCKS / f"{name}.txt").read_text())


def asked(extra: str | None, project: Mapping[str, object] = PROJECT) -> Iterator[Requirement]:
    """What pyproject.toml asks for by itself and under an extra, an extra of ours within an extra followed."""
    optional = project["optional-dependencies"]
    assert isinstance(optional, dict)
    rows = optional[extra] if extra else project["dependencies"]
    assert isinstance(rows, list)
    for requirement in map(Requirement, rows):
        if requirement.name == project["name"]:
            for inner in sorted(requirement.extras):
                yield from asked(inner, project)
        else:
            yield requirement


def drifted(wanted: Iterable[Requirement], locked: Mapping[str, Locked]) -> list[str]:
    """The requirements no line of a lock meets."""
    return [
        str(requirement)
        for requirement in wanted
        if not (row := locked.get(canonicalize_name(requirement.name)))
        or not requirement.specifier.contains(row.version, prereleases=True)
    ]


def reached(wanted: Iterable[Requirement]) -> set[str]:
    """The packages which, on this machine, these requirements bring with them."""
    seen: set[tuple[str, str]] = set()
    waiting = [(requirement, "") for requirement in wanted]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        inner = [one for one in ("", *requirement.extras) if (name, one) not in seen]
        seen.update((name, one) for one in inner)
        brings = [Requirement(row) for row in importlib.metadata.requires(name) or ()] if inner else []
        waiting += [(row, one) for row in brings for one in inner]
    return {name for name, _ in seen}


@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_whatever_pyproject_asks_for_is_locked(extra: str | None) -> None:
    wanted = [*asked(None), *(asked(extra) if extra else ())]
    assert not drifted(wanted, lock(extra or "run")), "run deploy/lock.sh"


def test_a_requirement_that_moved_on_is_seen() -> None:
    locked = read("aiohttp==3.14.5 --hash=sha256:00\n")
    assert drifted([Requirement("aiohttp>=3.15")], locked) == ["aiohttp>=3.15"]
    assert drifted([Requirement("newcomer")], locked) == ["newcomer"]
    assert not drifted([Requirement("aiohttp>=3.13,<4")], locked)


def test_the_lock_names_what_is_brought_along_and_nothing_that_nobody_asks_for() -> None:
    """Both ways: an unlocked package would be refused by pip on a board; a stale line would be installed for nothing."""
    for name in ("run", *EXTRAS):
        wanted = [*asked(None), *(asked(name) if name != "run" else ())]
        here = {
            key for key, row in lock(name).items() if not row.requirement.marker or row.requirement.marker.evaluate()
        }
        assert here == reached(wanted), f"{name}.txt: run deploy/lock.sh"


def test_every_lock_names_the_versions_that_are_tested() -> None:
    tested = lock("dev")
    for name in ("run", "lab", "report", "responder"):
        for package, row in lock(name).items():
            assert row.version == tested[package].version, f"{name}.txt: {package}"


def test_what_is_tested_is_what_is_locked() -> None:
    """These very tests run on the locked versions: `make venv-dev` installs from the lock."""
    for package, row in lock("dev").items():
        if package != "pip" and (not row.requirement.marker or row.requirement.marker.evaluate()):
            assert Version(importlib.metadata.version(package)) == row.version, package


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.name)
def test_every_line_of_a_lock_is_held_by_sha_256(path: Path) -> None:
    for package, row in read(path.read_text()).items():
        assert row.hashes, package
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", hash) for hash in row.hashes), package


def test_the_machine_installs_what_the_locks_say_and_nothing_from_anywhere_else(tmp_path: Path) -> None:
    """pip is asked for hashes and ready-made files; Didban itself is laid over it without asking an index again."""
    said = _pip_calls(tmp_path)
    assert len(said) == 2
    assert "--require-hashes --only-binary :all:" in said[0]
    assert str(LOCKS / "build.txt") in said[0]
    assert str(LOCKS / "run.txt") in said[0]
    assert "--no-deps --no-index --no-build-isolation" in said[1]


def _pip_calls(folder: Path) -> list[str]:
    """machine.sh with a python that writes down what it is asked instead of doing it."""
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "$*" >>{folder}/said\n')
    python.chmod(0o755)
    shell = shutil.which("sh")
    assert shell
    subprocess.run([shell, MACHINE, "venv"], env={"VENV": str(folder), "PATH": "/usr/bin:/bin"}, check=True)
    return [line for line in (folder / "said").read_text().splitlines() if "pip install" in line]
