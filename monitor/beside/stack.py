"""Prometheus and Alertmanager as `didban up` and the laboratory run them: their files, their commands, their ports."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.beside import rulefiles
from monitor.hub import render
from monitor.notify.settings import Notify, Pages

# Debian's names first, then upstream's
PROMETHEUS = ("prometheus",)
ALERTMANAGER = ("prometheus-alertmanager", "alertmanager")

# what rules and dashboards ask of those who tell people; the rest would be a thousand series for nothing
OF_ALERTING = (
    "prometheus_rule_evaluation_failures_total",
    "prometheus_rule_group_iterations_missed_total",
    "prometheus_rule_group_(last_duration|interval)_seconds",
    "prometheus_tsdb_head_series",
    "prometheus_config_last_reload_successful",
    "prometheus_notifications_.*",
    "prometheus_http_requests_total",
    "alertmanager_config_last_reload_successful",
    "alertmanager_cluster_failed_peers",
    "alertmanager_notification_requests_failed_total",
    "alertmanager_notifications_total",
)

_OUT_OF_ORDER = "7d"  # what a cut vantage delivers later still has its place
_RETENTION = "400d"
_LOOKBACK_S = 300.0
_RESEND_S = 60.0


_ADDRESSES = "addresses.json"


def note_addresses(out: Path, listen: Mapping[str, str]) -> None:
    """Where daemon, Prometheus and Alertmanager listen, for the commands that ask them."""
    (out / _ADDRESSES).write_text(json.dumps(dict(listen)) + "\n", encoding="utf-8")


def addresses(out: Path) -> dict[str, str]:
    """As they were noted last; empty where nobody did. They may be gone since."""
    try:
        found = json.loads((out / _ADDRESSES).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(name): str(address) for name, address in found.items()} if isinstance(found, dict) else {}


def find(names: Sequence[str]) -> str | None:
    """The first of these programs that is there."""
    return next((path for name in names if (path := shutil.which(name))), None)


def write_prometheus(
    out: Path,
    *,
    alertmanager: str,
    scrape: Sequence[str] = (),
    itself: str | None = None,
    times: float = 1,
    pages: Pages = Pages(),  # noqa: B008 - it is frozen
) -> Path:
    """prometheus.yml and the rules beside it.

    Args:
        scrape: addresses of daemons on this machine.
        itself: where it will listen; then the rules also hear how it and Alertmanager are (monitor/rules/own.yml).
    """
    rulefiles.write_rules(out / "rules", times=times, pages=pages)
    config: dict[str, Any] = {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "storage": {"tsdb": {"out_of_order_time_window": _OUT_OF_ORDER}},
    }
    jobs: list[dict[str, Any]] = []
    if scrape:
        jobs.append({"job_name": "didban", "honor_labels": True, "static_configs": [{"targets": list(scrape)}]})
    if itself is not None:
        jobs += (_alerting("prometheus", itself), _alerting("alertmanager", alertmanager))
    if jobs:
        config["scrape_configs"] = jobs
    path = out / "prometheus.yml"
    path.write_text(rulefiles.scaled(json.dumps(config, indent=2), times) + "\n", encoding="utf-8")  # JSON is YAML
    return path


def _alerting(name: str, address: str) -> dict[str, Any]:
    keep = {"source_labels": ["__name__"], "regex": "|".join(OF_ALERTING), "action": "keep"}
    return {"job_name": name, "static_configs": [{"targets": [address]}], "metric_relabel_configs": [keep]}


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
        "--data.retention=720h",  # longer than any repeat_interval, or it tells again what it forgot that it told
        f"--web.listen-address={listen}",
        f"--web.external-url=http://127.0.0.1:{listen.rpartition(':')[2]}/",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
