"""Prometheus and Alertmanager as `didban up` and the laboratory run them: their files, their commands, their ports."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.beside import rulefiles
from monitor.hub import render
from monitor.notify.settings import Notify, Pages

# Debian's names first, then upstream's
PROMETHEUS = ("prometheus",)
ALERTMANAGER = ("prometheus-alertmanager", "alertmanager")

_OUT_OF_ORDER = "7d"  # what a cut vantage delivers later still has its place
_RETENTION = "400d"
_LOOKBACK_S = 300.0
_RESEND_S = 60.0


def find(names: Sequence[str]) -> str | None:
    """The first of these programs that is there."""
    return next((path for name in names if (path := shutil.which(name))), None)


def write_prometheus(
    out: Path,
    *,
    alertmanager: str,
    scrape: Sequence[str] = (),
    times: float = 1,
    pages: Pages = Pages(),  # noqa: B008 - it is frozen
) -> Path:
    """prometheus.yml and the rules beside it; `scrape` are addresses of daemons on this machine."""
    rulefiles.write_rules(out / "rules", times=times, pages=pages)
    config: dict[str, Any] = {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "storage": {"tsdb": {"out_of_order_time_window": _OUT_OF_ORDER}},
    }
    if scrape:
        job = {"job_name": "didban", "honor_labels": True, "static_configs": [{"targets": list(scrape)}]}
        config["scrape_configs"] = [job]
    path = out / "prometheus.yml"
    path.write_text(rulefiles.scaled(json.dumps(config, indent=2), times) + "\n", encoding="utf-8")  # JSON is YAML
    return path


def prometheus_command(program: str, config: Path, data: Path, listen: str, *, times: float = 1) -> list[str]:
    return [
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--storage.tsdb.retention.time={_RETENTION}",
        f"--web.listen-address={listen}",
        f"--web.external-url=http://127.0.0.1:{listen.rpartition(':')[2]}/",  # else the machine's name is in messages
        "--web.enable-remote-write-receiver",
        f"--query.lookback-delta={int(_LOOKBACK_S * 1000 / times)}ms",
        f"--rules.alert.resend-delay={int(_RESEND_S * 1000 / times)}ms",
        "--log.level=warn",
    ]


def write_alertmanager(out: Path, notify: Notify, folder: Path, *, times: float = 1) -> Path:
    render.write(notify, folder, out, times=times)
    return out / "alertmanager.yml"


def alertmanager_command(program: str, config: Path, data: Path, listen: str) -> list[str]:
    """Alone: no gossip port is opened."""
    return [
        program,
        f"--config.file={config}",
        f"--storage.path={data}",
        f"--web.listen-address={listen}",
        f"--web.external-url=http://127.0.0.1:{listen.rpartition(':')[2]}/",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
