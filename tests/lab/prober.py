"""Runs `didban` on many hosts at once and cheaply: the product is read once, then forked into each host's namespace.

    python -m tests.lab.prober AT_ONCE < JOBS

JOBS is a JSON list of `[host, argument, ...]`; printed is a JSON list of `[exit code, stdout, stderr]` in that order.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from monitor import __main__ as didban

_NEW_NETWORK = 0x40000000


def enter(host: str) -> None:
    """What `ip netns exec` does for the network; Python 3.11 has no os.setns."""
    with open(f"/run/netns/{host}") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "setns", host)


def _run(job: Sequence[str], out: Path) -> NoReturn:
    """In the child, which never returns."""
    code = 99
    try:
        for handle, suffix in ((1, "out"), (2, "err")):
            os.dup2(os.open(out.with_suffix(f".{suffix}"), os.O_WRONLY | os.O_CREAT), handle)
        enter(job[0])
        sys.argv = ["didban", *job[1:]]
        didban.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run(jobs: Sequence[Sequence[str]], at_once: int, folder: Path) -> list[tuple[int, str, str]]:
    codes = forked(len(jobs), at_once, lambda number: _run(jobs[number], folder / str(number)))
    texts = [[(folder / f"{number}.{end}").read_text() for end in ("out", "err")] for number in range(len(jobs))]
    return [(codes[number], out, err) for number, (out, err) in enumerate(texts)]


def forked(count: int, at_once: int, child: Callable[[int], NoReturn]) -> list[int]:
    """The exit codes of so many children, of which so many live at a time; `child` is told its number."""
    codes: dict[int, int] = {}
    children: dict[int, int] = {}
    for number in range(count):
        if len(children) == at_once:
            _wait(children, codes)
        pid = os.fork()
        if pid == 0:
            child(number)
        children[pid] = number
    while children:
        _wait(children, codes)
    return [codes[number] for number in range(count)]


def _wait(children: dict[int, int], codes: dict[int, int]) -> None:
    pid, status = os.wait()
    codes[children.pop(pid)] = os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(run(json.load(sys.stdin), int(sys.argv[1]), Path(scratch))))
