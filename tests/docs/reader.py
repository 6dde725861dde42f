"""Reads a page into what its reader does: types this, writes that file, waits until that is shown. Runs nothing.

How a page is written. A fenced block is one of these, by its word:

    sh      is typed, and ends well. A `text` block right behind it is what is then shown, whole: `...` on a line of its
            own stands for any lines, within a line for any words.
    yaml, ini, python ...   goes into a file. Its first line is a comment that says which: `# NAME` is the whole file,
            `# in NAME` are keys to set in it (yaml), `# at the end of NAME` is put there.
    diff    lines with a + are put behind those above them, in the file that a line `+++ NAME` before them names.

What a page cannot say in words without being tedious stands before a block as a comment that no reader sees:

    <!-- on: hub -->            from here on, another machine
    <!-- given: COMMAND -->     what another page has led to, and this one takes for granted
    <!-- typed: a | b -->       what is answered when the command asks
    <!-- exit: 1 -->            it does not end well, and with this code
    <!-- stays: NAME -->        it runs on; <!-- ends: NAME --> is where Ctrl-C is pressed
    <!-- until shown -->        it is typed again until it shows what it should
    <!-- keep: NAME REGEX -->   what was shown there, for `typed`
    <!-- long -->               only with the full counts
    <!-- not run: REASON -->    cannot be run where there is no internet, no systemd, no second card
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"

_FENCE = re.compile(r"^( *)```(\w*)\s*$")
_MARK = re.compile(r"^\s*<!--\s*(on|given|typed|exit|stays|ends|until shown|keep|long|not run)(?::\s*(.*?))?\s*-->\s*$")
_NAMED = re.compile(r"^(?:# (in |at the end of )?|\+\+\+ )(\S+\.?\w+)$")
_SHELL, _SHOWN = "sh", "text"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, and where it stands. `marks`: what the comments before it say."""

    line: int
    on: str
    text: str
    marks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Typed(Step):
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Written(Step):
    """`how`: "" the whole file, "in", "at the end of", or "diff"."""

    name: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class NotRun(Step):
    pass


@dataclass(frozen=True, slots=True)
class Ended(Step):
    """`text`: the name of what stays no longer."""


def pages() -> list[Path]:
    return sorted(DOCS.glob("*.md"))


def read(text: str, on: str = "box") -> list[Step]:
    """Every step of a page in its order. Raises ValueError, with the line, where a block says nobody what it is for."""
    steps: list[Step] = []
    marks: dict[str, str] = {}
    for line, language, body in _parts(text):
        if language is None:
            name, _, value = body.partition(":")
            if name == "on":
                on = value
            elif name == "ends":
                steps.append(Ended(line, on, value))
            elif name == "given":
                steps.append(Typed(line, on, value))
            else:
                marks[name] = value
            continue
        if "not run" in marks:
            steps.append(NotRun(line, on, body, marks))
        elif language == _SHOWN:
            steps[-1] = _showing(steps, body, line)
        else:
            steps += _steps(line, on, language, body, marks)
        marks = {}
    return steps


def _showing(steps: list[Step], shown: str, line: int) -> Step:
    match steps[-1:]:
        case [Typed(shown=None) as last]:
            return Typed(last.line, last.on, last.text, last.marks, shown)
        case [NotRun() as last]:
            return last  # what it would show was not seen here either
    raise ValueError(f"line {line}: nothing was typed that would show this")


def _steps(line: int, on: str, language: str, body: str, marks: dict[str, str]) -> Iterator[Step]:
    if language == _SHELL:
        yield Typed(line, on, body, marks)
        return
    for part in re.split(r"^(?=\+\+\+ )", body, flags=re.MULTILINE) if language == "diff" else [body]:
        first, _, rest = part.partition("\n")
        found = _NAMED.match(first)
        if found is None and part:
            raise ValueError(f"line {line}: a block of {language or 'no language'} whose first line names no file")
        if found is not None:
            how = "diff" if language == "diff" else (found[1] or "").strip()
            yield Written(line, on, rest, marks, found[2], how)


def _parts(text: str) -> Iterator[tuple[int, str | None, str]]:
    """Line, language and body of each fenced block; None and `name:value` for each comment."""
    fence: tuple[int, str, str] | None = None
    body: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if fence is not None:
            if line.strip() == "```":
                yield fence[0], fence[1], "\n".join(body) + "\n"
                fence, body = None, []
            else:
                body.append(line.removeprefix(fence[2]))
        elif found := _FENCE.match(line):
            fence = number, found[2], found[1]
        elif found := _MARK.match(line):
            yield number, None, f"{found[1]}:{found[2] or ''}"


def shows(shown: str, output: str, *, whole: bool = True) -> bool:
    """Whether the output is what the page shows; where it is not the whole of it, whether it begins so."""
    lines = [line.rstrip() for line in shown.strip("\n").splitlines()]
    pattern = ""
    for line in lines:
        pattern += r"(?:[^\n]*\n)*?" if line.strip() == "..." else _line(line) + r"[ ]*\n"
    plain = "\n".join(line.rstrip() for line in output.strip("\n").splitlines()) + "\n"
    return re.match(pattern + (r"\Z" if whole else ""), plain) is not None


def _line(line: str) -> str:
    return "[^\n]*".join(re.escape(part) for part in line.split("..."))
