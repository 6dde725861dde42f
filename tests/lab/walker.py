"""Walks many services on many hosts, cheaply: a process a host, in which each service is asked as `didban probe` asks it.

    python -m tests.lab.walker HOSTS_AT_ONCE < JOBS

JOBS is a JSON list of `[host, didban.yml, [service, ...], at once]`; printed is a JSON list with, for each, every object
that `didban probe SERVICE --json` would print for every service. What goes wrong on a host is told on stderr, and ends all.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from monitor import config
from monitor.telling import probe
from tests.lab import prober

Job = tuple[str, str, Sequence[str], int]  # the last: how many services at once


async def _walked(job: Job) -> list[dict[str, Any]]:
    _, file, services, at_once = job
    loaded, mistakes = config.load(Path(file))
    assert loaded is not None, mistakes
    turns = asyncio.Semaphore(at_once)

    async def one(service: str) -> list[dict[str, Any]]:
        async with turns:
            return [probe.as_json(each) for each in await probe.probe(loaded, service)]

    found = await asyncio.gather(*map(one, services))
    return [each for service in found for each in service]


def _child(job: Job, out: Path) -> NoReturn:
    """Never returns."""
    code = 1
    try:
        prober.enter(job[0])
        out.write_text(json.dumps(asyncio.run(_walked(job))))
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)


def walk(jobs: Sequence[Job], at_once: int, folder: Path) -> list[list[dict[str, Any]]]:
    codes = prober.forked(len(jobs), at_once, lambda number: _child(jobs[number], folder / str(number)))
    assert not any(codes), [f"{job[0]} ended with {code}" for job, code in zip(jobs, codes, strict=True) if code]
    return [json.loads((folder / str(number)).read_text()) for number in range(len(jobs))]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(walk(json.load(sys.stdin), int(sys.argv[1]), Path(scratch))))
