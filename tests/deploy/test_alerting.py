"""What the rules ask of Prometheus and Alertmanager is what these say, and what the shipped scraping lets through."""

from __future__ import annotations

import json
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dashboards import grafana
from monitor.beside import stack
from monitor.beside.rulefiles import RULES
from tests.deploy import running

DEPLOY = Path(__file__).parents[2] / "deploy"
OWN = (RULES / "own.yml").read_text()
SHOWN = set(re.findall(r"\b((?:prometheus|alertmanager)_\w+)", " ".join(path.read_text() for path in grafana.files())))
ASKED = set(re.findall(r"\b((?:prometheus|alertmanager)_\w+)", OWN))


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[str]:
    with running.alerting(tmp_path) as base:
        yield base


@pytest.mark.skipif(not shutil.which("prometheus"), reason="Debian's prometheus is not installed")
def test_every_name_the_rules_ask_for_is_said_and_scraped(prometheus: str) -> None:
    assert len(ASKED) > 8
    end = time.monotonic() + 60
    while not (known := names(prometheus)) >= ASKED:
        assert time.monotonic() < end, f"never said: {ASKED - known}"
        time.sleep(0.2)
    assert "go_goroutines" not in known, "what no rule asks for is left where it is"


def names(prometheus: str) -> set[str]:
    try:
        with urllib.request.urlopen(f"{prometheus}/api/v1/label/__name__/values", timeout=5) as answer:
            return set(json.load(answer)["data"])
    except urllib.error.URLError:
        return set()


def test_the_hubs_prometheus_scrapes_both_too() -> None:
    jobs = YAML(typ="safe", pure=True).load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    assert {each["job_name"] for each in jobs} == {"prometheus", "alertmanager"}


def test_the_names_that_are_scraped_are_those_rules_and_dashboards_ask_for() -> None:
    for pattern in stack.OF_ALERTING:
        assert any(re.fullmatch(pattern, name) for name in ASKED | SHOWN), f"{pattern}: nobody asks"
    assert all(any(re.fullmatch(pattern, name) for pattern in stack.OF_ALERTING) for name in ASKED | SHOWN)
