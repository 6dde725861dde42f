"""The same world gives the same figures in every process, whatever that process hashes strings to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SMALL = """
scenario: small
title: {en: "One network is cut for half an hour"}
set: tuned
sort: shutdown
source: "made up"
from: 2024-05-01T18:00Z
until: 2024-05-01T19:30Z
countries: [TR]
services: [imo]
lines:
  - {country: TR, network: AS16135, count: 2, name: turkcell}
  - {country: TR, network: AS47331, count: 1, name: ttnet}
noise: [ordinary]
causes:
  - id: cut
    from: 2024-05-01T18:41Z
    until: 2024-05-01T19:11Z
    precision: minute
    assumed: false
    source: "made up"
    where: {country: TR, networks: [AS16135]}
    path: foreign
    drops: [all]
expect:
  - {alert: NetworkSilent, labels: {country: TR, network: AS16135}, severity: page, cause: cut, needs: {lines: 2}}
"""


def told(file: Path, seed: str) -> str:
    command = [sys.executable, "-m", "monitor", "backtest", str(file), "--quick", "--json", "--jobs", "1"]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_world_comes_to_the_same_whatever_strings_are_hashed_to(tmp_path: Path) -> None:
    file = tmp_path / "small.yml"
    file.write_text(SMALL)
    first = told(file, "1")
    assert first == told(file, "4242")
    assert '"fired": "2024-05-01T18:4' in first
