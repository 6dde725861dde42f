"""`python -m tests.fuzz NAME ... --seconds N`: atheris looks for what no one thought of; without a name, in all of them.

Each reader in a child of its own: one that hangs, or eats all memory, is a find too. Writes results/fuzz.json. A crash leaves its input, and says where. Needs atheris (`pip install 'didban[fuzz]'`).
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.fuzz.target import Target
from tests.long import git

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results" / "fuzz.json"
CRASHES = Path(tempfile.gettempdir()) / "didban-fuzz"
_MOST_LENGTH, _MOST_S, _MOST_MB = 16 * 1024, 25, 1024  # of an example; a reading; the process
_LOOKED_INTO = ["probes", "monitor", "deploy", "dns", "h11", "h2", "hpack", "wsproto", "aioquic"]


def main() -> int:
    given = _arguments()
    import atheris

    with atheris.instrument_imports(include=_LOOKED_INTO):  # half a minute, and so once for all of them
        from tests.fuzz.table import TABLE
    if unknown := [name for name in given.names if name not in TABLE]:
        sys.stderr.write(f"no such reader: {', '.join(unknown)}; there are: {' '.join(TABLE)}\n")
        return 2
    CRASHES.mkdir(exist_ok=True)
    done = [_run(TABLE[name], given.seconds) for name in given.names or TABLE]
    found = [each for each in done if each["crash"]]
    _write(done, given.seconds)
    sys.stdout.write(f"{len(done)} readers, {sum(each['runs'] for each in done):,} readings, {len(found)} finds\n")
    return 1 if found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seconds", type=int, default=30, help="for each of them")
    return parser.parse_args()


def _run(target: Target, seconds: int) -> dict[str, Any]:
    """In a child of this process: what was made ready once is there."""
    began_s, log = time.monotonic(), CRASHES / f"{target.name}.log"
    child = os.fork()
    if not child:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        try:
            _fuzz(target, seconds)
        finally:
            os._exit(70)  # it ended otherwise than atheris ends
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = log.read_text(errors="replace")
    crash = "" if status == 0 else _crash(said)
    runs = [int(each) for each in re.findall(r"^(?:Done |#)(\d+)\s", said, re.MULTILINE)]
    covered = [int(each) for each in re.findall(r"cov: (\d+)", said)]
    result = {"name": target.name, "runs": max(runs, default=0), "branches": max(covered, default=0),
              "took_s": round(time.monotonic() - began_s), "crash": crash}  # fmt: skip
    sys.stdout.write(f"{target.name}: {result['runs']:,} readings{', FOUND: ' + crash if crash else ''}\n")
    sys.stdout.flush()
    return result


def _fuzz(target: Target, seconds: int) -> None:
    import atheris

    corpus = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=CRASHES))
    for number, seed in enumerate(target.seeds()):
        (corpus / str(number)).write_bytes(seed)

    def reading(data: bytes) -> None:
        try:
            target.run(data)
        except BaseException:
            (CRASHES / f"{target.name}.crash").write_bytes(data)
            raise

    bounds = [
        f"-max_total_time={seconds}",
        f"-max_len={_MOST_LENGTH}",
        f"-timeout={_MOST_S}",
        f"-rss_limit_mb={_MOST_MB}",
    ]
    atheris.Setup([target.name, *bounds, f"-artifact_prefix={CRASHES}/{target.name}-", str(corpus)], reading)
    atheris.Fuzz()


def _crash(said: str) -> str:
    """The last line of the traceback, and where it flew from; the input lies in CRASHES."""
    error = re.findall(
        r"^(?:[\w.]+(?:Error|Exception|Refusal|Exit)\b.*|ERROR: libFuzzer.*)$", said.replace("==", ""), re.MULTILINE
    )
    places = re.findall(r'File "([^"]+)", line (\d+), in', said)
    where = ":".join(places[-1]).removeprefix(f"{ROOT}/") if places else ""
    return " | ".join(filter(None, [*error[-1:], where])) or said[-300:]


def _write(done: list[dict[str, Any]], seconds: int) -> None:
    """Readers that were asked for by name are written beside what was found of the others before."""
    known = json.loads(RESULTS.read_text())["by_reader"] if RESULTS.exists() else {}
    commit, at = git("rev-parse", "HEAD"), datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    for each in done:
        said = {
            "readings": each["runs"],
            "branches": each["branches"],
            "seconds": seconds,
            "commit": commit,
            "date": at,
        }
        known[each["name"]] = said | ({"found": each["crash"]} if each["crash"] else {})
    total = {
        "readers": len(known),
        "readings": sum(each["readings"] for each in known.values()),
        "finds": sorted(name for name, each in known.items() if "found" in each),
    }
    RESULTS.write_text(json.dumps(total | {"by_reader": known}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
