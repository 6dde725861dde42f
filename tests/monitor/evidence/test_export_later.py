"""Evidence of what does not simply lie there: sealed hours, walks that were told their time later, or never."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from monitor import __main__, metrics
from monitor.evidence.proof import verify
from monitor.evidence.proof.commitments import DAY_MS
from monitor.keeping import chain, seal, wiping
from monitor.keeping.sealer import Sealer
from monitor.meaning.timeofday import Known
from monitor.metrics import Series, identity
from monitor.spool import Spool
from monitor.stored import reading
from monitor.stored.kept import Kept
from monitor.tick import Tick
from probes import known
from probes.facts import Walk
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS, NOW_MS, box, few_ticks
from tests.monitor.facts import INSIDE, rounds, walk

PRIVATE = seal.new_key()
UP = Series(metrics.TARGET_UP, ("instagram", "web"))


def exported(folder: Path, out: Path, *more: str | Path, form: str = "jsonl") -> Result:
    command = ["export", "--sealed", "--since=2026-11-16", "--until=2026-11-17", "--format", form, "--out", str(out)]
    where = ["--storage.path", str(folder), "--config.file", str(folder / "none.yml")]
    return CliRunner().invoke(__main__.app, [*command, *where, *map(str, more)])


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def manifest(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "manifest.json").read_text())["boxes"][0]
    return found


# ---------------------------------------------------------------- sealed


@pytest.mark.parametrize("form", ["jsonl", "csv", "ooni", "openmetrics"])
async def test_sealed_hours_leave_with_the_hubs_key_as_if_they_lay_open(tmp_path: Path, form: str) -> None:
    done = [rounds(walk(started_ms=NOON_MS + n * MINUTE_MS), number=n, at_ms=NOON_MS + n * MINUTE_MS) for n in range(9)]
    folder = box(tmp_path / "spool", INSIDE, done, stated=few_ticks())
    assert exported(folder, tmp_path / "open", form=form).exit_code == 0
    spool = Spool(folder)
    await spool.open()
    assert await Sealer(spool).seal(NOW_MS - DAY_MS, seal.public_of(PRIVATE)) == 1
    await spool.close()
    (tmp_path / "hub.key").write_text(PRIVATE)
    with_key = exported(folder, tmp_path / "opened", "--seal.key-file", tmp_path / "hub.key", form=form)
    assert with_key.exit_code == 0, with_key.output
    for path in (tmp_path / "open" / "v1").iterdir():
        assert path.read_bytes() == (tmp_path / "opened" / "v1" / path.name).read_bytes(), path.name
    assert verify.check(tmp_path / "opened", []) == []
    assert exported(folder, tmp_path / "without", form=form).exit_code == 0
    assert manifest(tmp_path / "without")["walks"]["written"] == 0
    assert manifest(tmp_path / "without")["chain"]["walks"] == 9, "what is committed to is known without the key"
    assert verify.check(tmp_path / "without", []) == []


# ---------------------------------------------------------------- times


async def a_boot_of_1970(folder: Path, id: str, *, learns_ms: int | None) -> None:
    """Two minutes of a board whose clock stands at 1970; then it may be told what time it was when it began."""
    spool = Spool(folder, boot=id)
    await spool.open()
    for minute in (1, 2):
        seen = _at(minute * MINUTE_MS)
        await spool.add(rounds(seen, at_ms=seen.started_ms))
        await spool.add_waiting(Tick(seen.started_ms, {UP: 1.0}), identity(INSIDE), minute * MINUTE_MS)
    if learns_ms is not None:
        await spool.later.learn(3 * MINUTE_MS, Known(learns_ms, 4, 700), since_ms=0, owed_to={})
    await spool.close()


def _at(boot_ms: int) -> Walk:
    """As our clock says, which is minutes after 1970."""
    return replace(walk(started_ms=boot_ms), boot_ms=boot_ms)


async def test_what_was_told_its_time_later_leaves_with_it_and_its_bytes_as_they_were(tmp_path: Path) -> None:
    await a_boot_of_1970(tmp_path / "spool", "a", learns_ms=NOON_MS)
    out = tmp_path / "out"
    assert exported(tmp_path / "spool", out).exit_code == 0
    (folder,) = (each for each in out.iterdir() if each.is_dir())
    found = lines(folder / "walks.jsonl")
    assert [each["started_ms"] for each in found] == [NOON_MS + MINUTE_MS, NOON_MS + 2 * MINUTE_MS]
    assert [each["walk"]["started_ms"] for each in found] == [MINUTE_MS, 2 * MINUTE_MS], "what our clock said"
    times = lines(folder / "times.jsonl")
    assert [(each["told_later"], each["error_ms"]) for each in times] == [(True, 700)] * 2
    assert [each["tick_ms"] for each in times] == [NOON_MS + MINUTE_MS, NOON_MS + 2 * MINUTE_MS]
    (verdict,) = reading.judged(folder / "walks.jsonl", known.load())
    assert verdict.about


async def test_a_boot_that_never_learned_the_time_leaves_between_bounds_and_never_at_a_point(tmp_path: Path) -> None:
    folder = box(tmp_path / "spool", INSIDE, [rounds(walk(started_ms=NOON_MS), at_ms=NOON_MS)], stated=few_ticks())
    await a_boot_of_1970(folder, "lost", learns_ms=None)
    await a_boot_of_1970(folder, "later", learns_ms=NOON_MS + 60 * MINUTE_MS)
    assert exported(folder, tmp_path / "out").exit_code == 0
    found = lines(tmp_path / "out" / "v1" / "walks.jsonl")
    lost = [each for each in found if "between_ms" in each]
    newest_ms = NOON_MS + 4 * MINUTE_MS + 7
    assert [each["between_ms"][0] for each in lost] == [newest_ms + MINUTE_MS, newest_ms + 2 * MINUTE_MS]
    assert all(each["between_ms"][1] <= NOON_MS + 60 * MINUTE_MS + 700 for each in lost)
    never = [each for each in lines(tmp_path / "out" / "v1" / "times.jsonl") if "between_ms" in each]
    assert [each["boot"] for each in never] == ["lost", "lost"]
    assert manifest(tmp_path / "out")["ticks_without_a_time"] == 2
    for form in ("ooni", "openmetrics"):
        assert exported(folder, tmp_path / form, form=form).exit_code == 0
    assert manifest(tmp_path / "ooni")["measurements"] == 2, "the round that has a time, and that of the next boot"
    with closing(Kept(folder)) as kept:
        assert len(list(kept.unstamped())) == 2
        stated = {at_ms for tick in kept.ticks(0) if (at_ms := tick.at_ms) < NOON_MS}
    assert stated == set(), "no point in time was made up"


async def test_commitments_to_walks_are_found_whatever_our_clock_said_when_they_were_made(tmp_path: Path) -> None:
    await a_boot_of_1970(tmp_path / "spool", "a", learns_ms=NOON_MS)
    spool = Spool(tmp_path / "spool")
    await spool.open()
    while await spool.bite(lambda db: chain.close(db, now_ms=NOW_MS, vantage="v1"), None):
        pass
    await spool.close()
    assert exported(tmp_path / "spool", tmp_path / "out").exit_code == 0
    said: list[str] = []
    assert verify.check(tmp_path / "out", said) == []
    assert any("2 walks open their commitments" in each for each in said), said


# ---------------------------------------------------------------- and wiped


def test_wipe_knows_where_exports_lie(tmp_path: Path) -> None:
    folder = box(tmp_path / "spool", INSIDE, [rounds(walk(started_ms=NOON_MS), at_ms=NOON_MS)])
    for name in ("one", "two", "one"):
        exported(folder, tmp_path / name)
    found = wiping.find(tmp_path / "none.yml", folder).files
    assert tmp_path / "one" / "v1" / "walks.jsonl" in found
    assert tmp_path / "two" / "manifest.json" in found
