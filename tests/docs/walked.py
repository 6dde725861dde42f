"""Walks one page: does its steps on the machines it names, and says where the page and the machine differ."""

from __future__ import annotations

import io
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

from tests.docs import reader
from tests.docs.ground import YOURS, Machine
from tests.docs.reader import Ended, NotRun, Step, Typed, Written
from tests.docs.terminal import Running
from tests.lab.lab import Lab

_PATIENCE_S, _LONG_S = 45.0, 900.0


@dataclass
class Ground:
    """Every machine a page has named so far, what runs on them, and what was kept for later pages.

    Attributes:
        folder: where the homes are. Not in /run, which is another in the laboratory that `make demo` builds.
        heard: what to do with all that is typed and shown.
        long: whether blocks are run that take minutes.
        not_run: which blocks were not, and why.
        steps: how many were done, or passed over.
    """

    lab: Lab
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="didban-")))
    machines: dict[str, Machine] = field(default_factory=dict)
    staying: dict[str, Running] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    not_run: list[str] = field(default_factory=list)
    heard: Callable[[str], object] = lambda said: None
    long: bool = False
    steps: int = 0

    def machine(self, name: str) -> Machine:
        if name not in self.machines:
            self.machines[name] = Machine(self.lab, name, self.folder)
        return self.machines[name]

    def walk(self, page: Path) -> None:
        """Raises AssertionError with page, line, and what was shown, at the first step that is not as written."""
        self.walk_text(page.read_text(), page.name)

    def walk_text(self, text: str, page: str) -> None:
        for step in reader.read(text):
            self.steps += 1
            try:
                self._do(step, page)
            except (AssertionError, TimeoutError) as error:
                raise AssertionError(f"docs/{page}:{step.line} ({step.on}): {error}") from None

    def end(self) -> None:
        for name in reversed(list(self.staying)):
            going = self.staying.pop(name)
            going.interrupt()
            self.heard(f"[{name}, from its start on]\n{going.said}\n")
        for machine in self.machines.values():
            machine.end()
        shutil.rmtree(self.folder)

    def _do(self, step: Step, page: str) -> None:
        match step:
            case NotRun():
                self.not_run.append(f"{page}:{step.line}: {step.marks['not run']}")
            case Ended():
                going = self.staying.pop(step.text)
                code = going.interrupt()
                assert code in (0, -signal.SIGINT), f"ended by Ctrl-C with {code}:\n{going.said}"
                assert "Traceback" not in going.said, going.said
                self.heard(f"[{step.text}, from its start on]\n{going.said}\n")
            case Written():
                self._write(step)
            case Typed() if "long" in step.marks and not self.long:
                self.not_run.append(f"{page}:{step.line}: only with the full counts")
            case Typed():
                self._type(step)

    def _yours(self, text: str) -> str:
        for name, value in {**YOURS, **self.kept}.items():
            text = text.replace(name, value)
        return text

    def _type(self, step: Typed) -> None:
        until = time.monotonic() + (_LONG_S if "long" in step.marks else _PATIENCE_S)
        answers = tuple(self._yours(each.strip()) for each in step.marks.get("typed", "").split("|") if each)
        while True:
            going = self.machine(step.on).type(self._yours(step.text), answers, stays="stays" in step.marks)
            if "stays" in step.marks:
                self._stays(step, going, until)
                return
            code = going.ended(max(20.0, until - time.monotonic()))
            right = code == int(step.marks.get("exit", "0")) and self._as_shown(step, going)
            if right or "until shown" not in step.marks or time.monotonic() > until:
                break
            time.sleep(0.5)
        assert code == int(step.marks.get("exit", "0")), f"exit code {code}; shown was:\n{going.said}"
        assert right, f"the page shows:\n{step.shown}\nand the machine:\n{going.said}"
        self._keep(step, going.said)

    def _as_shown(self, step: Typed, going: Running) -> bool:
        whole = "stays" not in step.marks
        return step.shown is None or reader.shows(self._yours(step.shown), going.said, whole=whole)

    def _stays(self, step: Typed, going: Running, until: float) -> None:
        self.staying[step.marks["stays"]] = going
        while not self._as_shown(step, going):
            assert going.listen(0.1), f"it ended ({going.child.wait()}), and had shown:\n{going.said}"
            assert time.monotonic() < until, f"the page shows:\n{step.shown}\nand the machine so far:\n{going.said}"
        self._keep(step, going.said)

    def _keep(self, step: Typed, said: str) -> None:
        self.heard(f"[{step.on}]$ {step.text}{said}\n")
        if "keep" in step.marks:
            name, pattern = step.marks["keep"].split(maxsplit=1)
            found = re.search(pattern, said)
            assert found, f"{pattern} is not in what was shown:\n{said}"
            self.kept[name] = found[0]

    def _write(self, step: Written) -> None:
        machine = self.machine(step.on)
        at = Path((machine.home / ".cwd").read_text().strip()) / step.name.replace("~", str(machine.home))
        text = self._yours(step.text)
        match step.how:
            case "":
                at.parent.mkdir(parents=True, exist_ok=True)
                at.write_text(text)
            case "at the end of":
                at.write_text(at.read_text() + text)
            case "diff":
                at.write_text(_patched(at.read_text(), text))
            case "in":
                at.write_text(_merged(at.read_text(), text))


def _patched(before: str, diff: str) -> str:
    """The lines with a + behind those above them, which must stand there once."""
    there = "".join(line[1:] + "\n" for line in diff.splitlines() if not line.startswith("+"))
    after = "".join(line[1:] + "\n" for line in diff.splitlines())
    assert before.count(there) == 1, f"these lines stand there {before.count(there)} times:\n{there}"
    return before.replace(there, after)


def _merged(before: str, keys: str) -> str:
    """As a hand would: what stands there is changed, what does not is added, the rest is left."""
    yaml = YAML(typ="rt")
    yaml.width = 4096
    there, more = yaml.load(before), YAML(typ="safe").load(keys)
    _into(there, more)
    out = io.StringIO()
    yaml.dump(there, out)
    return out.getvalue()


def _into(there: dict[str, object], more: dict[str, object]) -> None:
    for key, value in more.items():
        match there.get(key), value:
            case dict() as inner, dict():
                _into(inner, value)
            case _:
                there[key] = value
