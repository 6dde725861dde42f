"""The files of deploy/scale as a test reads them: flags, keys, relabelling."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

SCALE = Path(__file__).parents[3] / "deploy" / "scale"
DOC = SCALE.parents[1] / "docs" / "scale.md"


def yaml(name: str) -> Any:
    return YAML(typ="safe", pure=True).load((SCALE / name).read_text())


def flags(name: str) -> dict[str, str]:
    """Of a file for /etc/default; of a flag that stands there twice both values, with a comma between them."""
    found: dict[str, str] = {}
    for word in shlex.split((SCALE / name).read_text().partition('ARGS="')[2].rpartition('"')[0]):
        key, _, value = word.lstrip("-").partition("=")
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


def kept(rules: list[dict[str, Any]], labels: Mapping[str, str]) -> bool:
    """Whether relabelling lets a series pass (prometheus.io/docs, relabel_config: the whole text must match)."""
    for rule in rules:
        text = rule.get("separator", ";").join(labels.get(each, "") for each in rule["source_labels"])
        matches = re.fullmatch(rule["regex"], text) is not None
        if matches == (rule["action"] == "drop"):
            return False
    return True
