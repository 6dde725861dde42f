"""Alerts as Alertmanager's webhook hands them over."""

from __future__ import annotations

import json
from typing import Any

from monitor.relay.alerts import Alert, key_of, read

URL = "https://hub.example.org"


def alert(
    name: str = "NetworkShutdown", *, severity: str = "page", start: str = "2026-11-22T10:00:00Z", **more: str
) -> dict[str, Any]:
    labels = {
        "alertname": name,
        "severity": severity,
        "product": "didban",
        "family": "shutdown",
        "country": "IR",
        "network": "AS197207",
        **more,
    }
    annotations = {
        "summary": f"{labels['network']} (IR): cut off from abroad",
        "summary_fa": "شبکهٔ \u2068AS197207\u2069 (\u2068IR\u2069) از خارج از کشور قطع است",
        "onset": "2026-11-22 09:58 UTC",
        "onset_local": "2026-11-22 13:28 in IR",
        "confidence": "medium: two or more witnesses agree",
        "not_known": "who did it and why",
        "description": "On 2 lines of ours in AS197207 nothing abroad answers.",
        "runbook_url": "http://127.0.0.1:9810/runbook/NetworkShutdown",
        "dashboard_url": "http://127.0.0.1:3000/d/didban-overview",
    }
    fingerprint = key_of("", "", [json.dumps(labels, sort_keys=True)])[:16]
    return {
        "status": "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": start,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": fingerprint,
    }


def hook(*alerts: dict[str, Any], receiver: str = "pages") -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{country="IR"}',
        "receiver": receiver,
        "status": "firing",
        "truncatedAlerts": 0,
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": list(alerts),
    }


def decoded(*alerts: dict[str, Any]) -> list[Alert]:
    return read(json.dumps(hook(*alerts)).encode()).alerts
