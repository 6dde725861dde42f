"""A world of vantages as promtool sees it: what each box sends, minute by minute, and who must be told what.

Everything is what the wire would carry: no state of a rule is ever set, only series.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from monitor.promql import reading
from monitor.promql.reading import Group
from tests.rules import by_vmalert, lived
from tests.rules.lines import Line, Steps

RULES = Path(__file__).parents[2] / "monitor" / "rules"
_LONG_WORLD = 200_000  # characters it is told in: half a day of a dozen boxes
STATES = ("ok", "slow", "broken", "interfered", "refused", "cut_off", "insufficient")
LABELS = ("alertname", "severity", "country", "network", "service", "vantage", "extent")

MCI, TCI, RIGHTEL, IRANCELL = "AS197207", "AS58224", "AS57218", "AS44244"


@dataclass
class Box:
    """One vantage. `away`: minutes (from, to) in which nothing of it arrives."""

    labels: dict[str, str]
    series: dict[str, Steps] = field(default_factory=dict)
    away: list[tuple[int, int]] = field(default_factory=list)
    expected: Steps = field(default_factory=lambda: {0: 1.0})
    heartbeat: bool = True

    def send(self, name: str, steps: Steps, **labels: str) -> Box:
        self.series[series(name, {**self.labels, **labels})] = steps
        return self

    def reach(self, steps: Steps, scope: str = "international") -> Box:
        return self.send("didban_connectivity_ratio", steps, scope=scope)

    def state(self, service: str, steps: Mapping[int, str]) -> Box:
        for state in STATES:
            values = {minute: float(now == state) for minute, now in steps.items()}
            self.send("didban_service_state", values, service=service, state=state)
        return self

    def silent(self, since: int, until: int = 10_000) -> Box:
        self.away.append((since, until))
        return self


@dataclass
class World:
    """Lasts as long as somebody asks what happened in it."""

    boxes: list[Box] = field(default_factory=list)
    extra: dict[str, Steps] = field(default_factory=dict)
    wanted: list[dict[str, object]] = field(default_factory=list)
    texts: list[dict[str, object]] = field(default_factory=list)

    def line(self, vantage: str, network: str = MCI, *, role: str = "inside", country: str = "IR") -> Box:
        """A box that is well: reaches abroad and at home, and every service answers."""
        labels = {"vantage": vantage, "country": country, "network": network, "role": role}
        labels["access"] = "mobile" if role == "inside" else "datacenter"
        box = Box({key: value for key, value in labels.items() if value})
        box.reach({0: 1.0})
        if role == "inside":
            box.reach({0: 1.0}, "domestic").reach({0: 1.0}, "gateway")
        for service in ("whatsapp", "instagram", "imo"):
            box.state(service, {0: "ok"})
        self.boxes.append(box)
        return box

    def control(self, vantage: str, network: str) -> Box:
        return self.line(vantage, network, role="control", country="DE")

    def controls(self) -> list[Box]:
        return [self.control(f"c{number}", f"AS{number}") for number in (1, 2, 3)]

    def say(self, name: str, steps: Steps, **labels: str) -> World:
        self.extra[series(name, labels)] = steps
        return self

    def services(self) -> World:
        for service in ("whatsapp", "instagram", "imo"):
            self.say("didban_service_info", {0: 1.0}, service=service, page="true")
        return self.say("didban_country_utc_offset_seconds", {0: 12600.0}, country="IR")

    # ---------------------------------------------------------------- what must come of it

    def told(self, minute: float, *alerts: Mapping[str, str]) -> World:
        """At this minute exactly these alerts fire (the watchdog aside)."""
        samples = [{"labels": "{" + pairs(alert) + "}", "value": 1} for alert in alerts]
        query = f'count by ({", ".join(LABELS)}) (ALERTS{{alertstate="firing", alertname!="Watchdog"}})'
        self.wanted.append({"expr": query, "eval_time": f"{int(minute * 60)}s", "exp_samples": samples})
        return self

    def quiet(self, *minutes: float) -> World:
        for minute in minutes:
            self.told(minute)
        return self

    def query(self, minute: float, expr: str, samples: Mapping[str, float]) -> World:
        wanted = [{"labels": labels, "value": value} for labels, value in samples.items()]
        self.wanted.append({"expr": expr, "eval_time": f"{int(minute * 60)}s", "exp_samples": wanted})
        return self

    def text(self, minute: float, alert: str, labels: Mapping[str, str], annotations: Mapping[str, str]) -> World:
        expected = {"exp_labels": dict(labels), "exp_annotations": dict(annotations)}
        self.texts.append({"eval_time": f"{int(minute * 60)}s", "alertname": alert, "exp_alerts": [expected]})
        return self

    def check(self, folder: Path, evaluation: str | None = None, *, sooner: int = 1) -> None:
        """Has promtool live through it, and our own evaluator; fails with promtool's words, or with what differs.

        Where DIDBAN_VMALERT names a vmalert-tool, that lives through it as well.

        Args:
            evaluation: how often rules are asked. Unsaid: every 15 s, as shipped, where a moment between two minutes
                is asked for, and else once a minute, which costs a quarter.
            sooner: memory of three hours and more is so many times shorter: months are lived in a day.
        """
        between = any(int(str(each["eval_time"])[:-1]) % 60 for each in (*self.wanted, *self.texts))
        evaluation = evaluation or ("15s" if between else "1m")
        lines = self.told_in()
        for_promtool, for_vmalert = self._is_for_promtool(lines, sooner), by_vmalert.NAME in os.environ
        if for_promtool or for_vmalert:
            self.write(folder, evaluation, sooner=sooner)
        if for_promtool:
            command = ["promtool", "test", "rules", "world.yml"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        if for_vmalert:
            said = by_vmalert.otherwise(folder / "world.yml")
            assert not said, f"vmalert-tool: {said}"
        other = lived.otherwise(rules(sooner), lines, self.wanted, evaluation)
        assert not other, f"our evaluator: {other}"

    def _is_for_promtool(self, lines: Sequence[Line], sooner: int) -> bool:
        """It costs ten times what our evaluator does: short worlds with texts, of the others one in eight by
        a hash of what it is told; in `make long` all of them.
        """
        if "DIDBAN_FIGURES" in os.environ:
            return True
        told = json.dumps([*(each.written() for each in lines), *self.wanted], sort_keys=True)
        short = len(told) < _LONG_WORLD and sooner == 1
        return short and (bool(self.texts) or hashlib.sha256(told.encode()).digest()[0] < 32)

    def write(self, folder: Path, evaluation: str, *, sooner: int = 1) -> None:
        """As a test for promtool, the rules beside it."""
        beside = folder / "rules"
        beside.mkdir()
        for path in RULES.glob("*.yml"):
            (beside / path.name).write_text(forgetful(path.read_text(), sooner))
        unit = {
            "interval": "1m",
            "input_series": [each.written() for each in self.told_in()],
            "promql_expr_test": self.wanted,
            "alert_rule_test": self.texts,
        }
        document = {
            "rule_files": [f"rules/{path.name}" for path in sorted(beside.iterdir())],
            "evaluation_interval": evaluation,
            "group_eval_order": [group.name for group in rules(sooner)],
            "tests": [unit],
        }
        (folder / "world.yml").write_text(json.dumps(document))  # JSON is YAML

    def told_in(self) -> list[Line]:
        asked = [*self.wanted, *self.texts]
        minutes = max(int(str(each["eval_time"])[:-1]) for each in asked) // 60 + 1
        lines = []
        for box in self.boxes:
            everything = dict(box.series)
            if box.heartbeat:
                everything[series("didban_heartbeat_timestamp_seconds", box.labels)] = {}
            lines += [Line.of(name, steps, minutes, box.away) for name, steps in everything.items()]
            expected = series("didban_vantage_expected", box.labels)
            lines.append(Line.of(expected, box.expected, minutes))
        return lines + [Line.of(name, steps, minutes) for name, steps in self.extra.items()]


@functools.cache
def rules(sooner: int) -> list[Group]:
    """As shipped, or with memory that is so many times shorter."""
    if sooner == 1:
        return reading.shipped(RULES)
    with tempfile.TemporaryDirectory() as folder:
        for path in RULES.glob("*.yml"):
            (Path(folder) / path.name).write_text(forgetful(path.read_text(), sooner))
        return reading.shipped(Path(folder))


def forgetful(text: str, times: int) -> str:
    """These rules with every range of three hours and more so many times shorter; all others as they are."""
    hours = {"h": 1, "d": 24}

    def shorter(found: re.Match[str]) -> str:
        long = int(found[1]) * hours[found[2]]
        return f"[{long * 60 // times}m]" if long >= 3 and times > 1 else found[0]

    return re.sub(r"\[([0-9]+)([hd])\]", shorter, text)


def series(name: str, labels: Mapping[str, str]) -> str:
    return f"{name}{{{pairs(labels)}}}"


def pairs(labels: Mapping[str, str]) -> str:
    return ", ".join(f'{key}="{value}"' for key, value in labels.items())


def alert(name: str, severity: str, **labels: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, **labels}
