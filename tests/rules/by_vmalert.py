"""The same worlds lived through by VictoriaMetrics: vmalert-tool's unit tests, which read the rules as MetricsQL.

vmalert writes what a rule of a group found after the others of that group were asked; Prometheus at once. So that
expressions are compared, and not that delay, a group is handed over in several: each reads only what those before wrote.
`DIDBAN_VMALERT=/path/to/vmalert-tool pytest tests/rules` asks it about every world. Source of the format:
docs.victoriametrics.com/victoriametrics/vmalert-tool (read 2026-11-22, vmalert-tool 1.145).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ruamel.yaml import YAML

from monitor.promql import reading
from monitor.promql.needing import needs
from monitor.promql.reading import Group, Rule

NAME = "DIDBAN_VMALERT"


def tool() -> str | None:
    """Where it is; Debian 12 has none."""
    return os.environ.get(NAME) or shutil.which("vmalert-tool")


def otherwise(world: Path) -> str:
    """What it answers otherwise to a world written for promtool, in its own words; empty where nothing.

    Args:
        world: the test file; what is written for vmalert-tool comes to stand beside it.
    """
    document = json.loads(world.read_text())
    folder = world.parent / "vmalert"
    folder.mkdir()
    paths = [world.parent / path for path in document["rule_files"]]
    told = {each["series"].partition("{")[0] for unit in document["tests"] for each in unit["input_series"]}
    fed = _fed([group for path in paths for group in reading.parsed(path.read_text())], told)
    names = [name for path in paths for name in _written(path, folder, fed)]
    document["rule_files"] = [path.name for path in sorted(folder.iterdir())]
    wanted = document["group_eval_order"]
    document["group_eval_order"] = sorted(names, key=lambda name: (wanted.index(name.split("/")[0]), name))
    document["tests"] = [_unit(each) for each in document["tests"]]
    (folder / "world.yml").write_text(json.dumps(document))  # JSON is YAML
    command = [str(tool()), "unittest", "--disableAlertgroupLabel", "--files", "world.yml"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | {"TMPDIR": str(folder)}
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _unit(unit: dict[str, object]) -> dict[str, object]:
    """Its questions have another name, no labels are no braces, and ALERTS name their group whatever it is told."""
    questions = unit.pop("promql_expr_test")
    assert isinstance(questions, list)
    for each in questions:
        each["expr"] = f'label_del({each["expr"]}, "alertgroup")'
        each["exp_samples"] = [_sample(sample) for sample in each["exp_samples"]]
    return unit | {"metricsql_expr_test": questions}


def _sample(sample: Mapping[str, object]) -> dict[str, object]:
    return {**sample, "labels": "" if sample["labels"] == "{}" else sample["labels"]}


def _fed(groups: Sequence[Group], told: set[str]) -> set[str]:
    """Names of series there may be: what no sample can reach is not asked about, which halves the time."""
    known = set(told)
    while more := {
        rule.record for group in groups for rule in group.rules if rule.record not in known and _may_say(rule, known)
    } - {""}:
        known |= more
    return known


def _may_say(rule: Rule, known: set[str]) -> bool:
    read = {need.name for need in needs(rule.plan)}
    return not read or bool(read & known) or "absent" in rule.expr


def _written(path: Path, folder: Path, fed: set[str]) -> list[str]:
    """The groups of a rule file, each as several; their names in order."""
    document = YAML(typ="safe").load(path.read_text())
    groups = []
    for node, group in zip(document["groups"], reading.parsed(path.read_text()), strict=True):
        places = [place for place, rule in enumerate(group.rules) if _may_say(rule, fed)]
        of_them = replace(group, rules=tuple(group.rules[place] for place in places))
        for number, floor in enumerate(floors(of_them)):
            rules = [node["rules"][places[place]] for place in floor]
            groups.append({"name": f"{group.name}/{number:02}", "interval": node["interval"], "rules": rules})
    (folder / path.name).write_text(json.dumps({"groups": groups}))
    return [str(each["name"]) for each in groups]


def floors(group: Group) -> Sequence[Sequence[int]]:
    """Places of rules: one floor reads what lower ones write; what stands below it in the file it reads of a moment ago."""
    found: list[list[int]] = []
    wrote: dict[str, int] = {}
    read: dict[str, int] = {}
    for place, rule in enumerate(group.rules):
        names = {need.name for need in needs(rule.plan)}
        floor = max([0, read.get(rule.record, 0), *(wrote[name] + 1 for name in names if name in wrote)])
        if floor == len(found):
            found.append([])
        found[floor].append(place)
        for name in names:
            read[name] = max(read.get(name, 0), floor)
        if rule.record:
            wrote[rule.record] = max(wrote.get(rule.record, 0), floor)
    return found
