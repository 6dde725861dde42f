"""Asks the advisory database of PyPI about every package of the locks, and says plainly what was not asked.

    python -m deploy.audit      0: asked about each, and nothing is known; 1: something is; 3: NOT REACHED

pip-audit ends with 0 also where the index knew none of the packages it was asked about: so its report is counted here.
Only names and versions leave this machine. AUDIT_TIMEOUT_S: for each of them, 15 without it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = tuple(ROOT / "deploy" / "locks" / name for name in ("dev.txt", "build.txt"))  # the first holds all the others
NOTHING, SOMETHING, NOT_REACHED = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Audited:
    """Of one lock."""

    code: int
    says: tuple[str, ...]


def judged(lock: str, report: str, stderr: str) -> Audited:
    """Of what pip-audit wrote; its own exit code says less than that."""
    try:
        rows: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        why = (stderr.strip().splitlines() or ["it said nothing"])[-1][:300]
        return Audited(NOT_REACHED, (f"{lock}: NOT REACHED, nothing was checked: {why}",))
    known = tuple(
        f"{row['name']} {row['version']}: {flaw['id']}, mended in {', '.join(flaw.get('fix_versions') or ['none yet'])}"
        for row in rows
        for flaw in row.get("vulns", ())
    )
    unasked = [f"{row['name']}" for row in rows if "skip_reason" in row]
    said = [f"{lock}: {each}" for each in known]
    if unasked or not rows:
        some = ", ".join(unasked[:5]) + (" ..." if len(unasked) > 5 else "")
        said.append(f"{lock}: NOT REACHED for {len(unasked)} of {len(rows)} packages, of which nothing is said: {some}")
    if not said:
        said = [f"{lock}: {len(rows)} packages were asked about, and nothing is known of them"]
    return Audited(SOMETHING if known else NOT_REACHED if unasked or not rows else NOTHING, tuple(said))


def _asked(lock: Path) -> Audited:
    command = [
        str(Path(sys.executable).parent / "pip-audit"),
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner=off",
    ]
    command += [f"--timeout={os.environ.get('AUDIT_TIMEOUT_S', '15')}", "--format=json", f"--requirement={lock}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments alone
    return judged(lock.name, done.stdout, done.stderr)


def main() -> int:
    every = [_asked(lock) for lock in LOCKS]
    for audited in every:
        for line in audited.says:
            print(f"didban: audit: {line}", file=sys.stdout if audited.code == NOTHING else sys.stderr)
    codes = {audited.code for audited in every}
    return SOMETHING if SOMETHING in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main())
