"""What real promtool says: many expressions at many moments in one call, over series told and rules given."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from monitor.home.remotewrite import STALE, Labels, labels

_FAILED = re.compile(
    r'^ {4}expr: ("(?:[^"\\]|\\.)*"), time: (\S+?),(?: err: (.*)|\n {8}exp: nil\n {8}got: (.*))$', re.MULTILINE
)
_SAMPLE = re.compile(r"(\{(?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*\}) (\S+?)(?:, |$)")
_PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Answer = dict[Labels, float] | str  # or why not


@dataclass(frozen=True)
class Told:
    """A series: a value a step, "_" for none, "stale" for a marker."""

    name: str
    labels: dict[str, str]
    values: tuple[str, ...]

    @property
    def series(self) -> Labels:
        return labels(self.name, self.labels)

    @property
    def written(self) -> str:
        return self.name + "{" + ",".join(f"{key}={json.dumps(text)}" for key, text in self.labels.items()) + "}"

    def samples(self, interval_s: int) -> tuple[list[int], list[float]]:
        some = [(1000 * interval_s * step, text) for step, text in enumerate(self.values) if text != "_"]
        return [at_ms for at_ms, _ in some], [STALE if text == "stale" else float(text) for _, text in some]


@dataclass
class Promtool:
    """One world for promtool: series, rules, and what is asked when."""

    told: Sequence[Told]
    interval_s: int = 30
    rules: Sequence[dict[str, object]] = ()
    asked: list[tuple[str, int]] = field(default_factory=list)

    def answers(self, folder: Path) -> list[Answer]:
        """To each question, in order. A rule that fails fails everything."""
        unit = {
            "interval": f"{self.interval_s}s",
            "input_series": [{"series": each.written, "values": " ".join(each.values)} for each in self.told],
            "promql_expr_test": [
                {"expr": expr, "eval_time": f"{at_s}s", "exp_samples": []} for expr, at_s in self.asked
            ],
        }
        group = {"name": "one", "interval": "15s", "rules": list(self.rules)}
        (folder / "rules.yml").write_text(json.dumps({"groups": [group] if self.rules else []}))
        document = {"rule_files": ["rules.yml"], "evaluation_interval": "15s", "tests": [unit]}
        (folder / "world.yml").write_text(json.dumps(document))
        command = ["promtool", "test", "rules", "world.yml"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 0 or _FAILED.search(said), said
        found: dict[tuple[str, int], Answer] = {}
        for expr, time, error, got in _FAILED.findall(said):
            found[json.loads(expr), _seconds(time)] = error or _samples(got)
        return [found.get(question, {}) for question in self.asked]


def _seconds(text: str) -> int:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))


def _samples(text: str) -> dict[Labels, float]:
    found = {}
    for written, value in _SAMPLE.findall(text):
        pairs = tuple(sorted((key, json.loads(f'"{word}"')) for key, word in _PAIR.findall(written)))
        found[pairs] = float(value.replace("Inf", "inf"))
    return found
