"""Reads a Containerfile: its instructions, stage by stage, as they would be carried out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instruction:
    """`stage`: from 0. `word`: as FROM, RUN, COPY; `rest`: what follows, its lines joined."""

    stage: int
    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """Of the JSON form, or cut at spaces."""
        if self.rest.startswith("["):
            found: list[str] = json.loads(self.rest)
            return found
        return self.rest.split()


def read(path: Path) -> list[Instruction]:
    return list(_read(path.read_text()))


def _read(text: str) -> Iterator[Instruction]:
    bare = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    stage = -1
    for line in re.sub(r"\\\n\s*", " ", bare).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            stage += 1
        if word:
            yield Instruction(stage, word, rest.strip())
