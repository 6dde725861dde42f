"""An evening as a box kept it, and what `didban export` makes of it, for tests of exports and of their check."""

from __future__ import annotations

import shutil
from pathlib import Path

from msgspec.structs import replace
from typer.testing import CliRunner, Result

from monitor import __main__
from monitor.stored import reading
from monitor.stored.verdict import Verdict
from probes import known
from probes.facts import Round
from probes.words import Failure, Finding, Reason, Step
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS, box, few_ticks
from tests.monitor.evidence.test_stored_ours import CANARIES
from tests.monitor.facts import INSIDE, endpoint, rounds, walk

KNOWN = known.load()


def evening() -> list[Round]:
    """Canaries live, four of them a turn; Instagram is reached twice, then its name is a lie; imo is well."""
    found: list[Round] = []
    for number in range(1, 9):
        at_ms = NOON_MS + number * MINUTE_MS
        for each in (CANARIES * 2)[number % len(CANARIES) :][:4]:
            seen = walk(to=each.name, at=each.endpoints[0], step=Step.HANDSHAKE, started_ms=at_ms)
            seen = replace(seen, reason=Reason.CANARY)
            found.append(replace(rounds(seen, number=number, at_ms=at_ms), reason=Reason.CANARY))
        lied = number > 2
        seen = walk(
            at=endpoint(number, "www.instagram.com"),
            address=f"157.240.1.{number}",
            failed=Failure.DNS_BOGON if lied else None,
            step=Step.RESOLVE if lied else Step.FETCH,
            findings=(Finding.FORGED_DNS_ANSWER,) if lied else (),
            started_ms=at_ms + 1000,
        )
        found.append(rounds(seen, number=number, at_ms=at_ms + 1000))
        two = [
            walk(to="imo/web", at=endpoint(n, f"e{n}.imo.im"), started_ms=at_ms + 2000 + n, address=f"192.12.31.{n}")
            for n in (1, 2)
        ]
        found.append(rounds(*two, number=number, at_ms=at_ms + 2000))
    return found


def exported(*arguments: str | Path) -> Result:
    return CliRunner().invoke(__main__.app, ["export", *map(str, arguments)])


def sealed(folder: Path) -> Path:
    """One sealed export of that evening, which no test changes."""
    box(folder / "spool", INSIDE, evening(), stated=few_ticks())
    done = exported(
        "--sealed", "--since", "2026-11-16", "--until", "2026-11-17", "--format", "jsonl", "--out", folder / "out",
        "--storage.path", folder / "spool", "--config.file", folder / "none.yml",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder / "out"


def fresh(evidence: Path, tmp_path: Path) -> Path:
    """A copy of it to be changed."""
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(evidence, copy)
    return copy


def taken(tmp_path: Path, form: str, *more: str, **how: object) -> Path:
    """The same in another form."""
    box(tmp_path / "spool", INSIDE, evening(), stated=few_ticks())
    out = tmp_path / "out"
    done = exported(
        "--sealed", "--since", "2026-11-16", "--until", "2026-11-17", "--format", form, "--out", out,
        "--storage.path", tmp_path / "spool", "--config.file", tmp_path / "none.yml", *more,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return out


def judged(file: Path) -> list[tuple[object, ...]]:
    def told(verdict: Verdict) -> tuple[object, ...]:
        return (verdict.about, verdict.state, verdict.rule_id, verdict.broke_at, verdict.failure, verdict.findings)

    return sorted(map(told, reading.judged(file, KNOWN)), key=str)
