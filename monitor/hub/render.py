"""alertmanager.yml out of its template, the people of `notify:`, and the secret files it names. Written 0600."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.beside.rulefiles import NOTIFY, scaled
from monitor.notify.settings import Notify, PagerDuty, Quiet, Relay, Smtp, Telegram, Ways, Webhook
from monitor.notify.token import token

_MUTED = {"send_resolved": False}
_STRAIGHT = {"follow_redirects": False}
_URGENCY = (  # one page among others wakes
    '{{ $urgency := "info" }}{{ range .Alerts.Firing }}{{ if eq .Labels.severity "page" }}{{ $urgency = "critical" }}'
    "{{ end }}{{ end }}{{ $urgency }}"
)


def write(notify: Notify, folder: Path, out: Path, *, times: float = 1) -> None:
    """`alertmanager.yml` and its messages into `out`; `folder` is where relative secret files stand.

    Alertmanager 0.25 takes no files for most secrets, so they are in the result: only its owner reads it.

    Raises:
        OSError: a secret file cannot be read, or `out` not be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    template = scaled((NOTIFY / "alertmanager.yml").read_text(encoding="utf-8"), times)
    receivers = json.dumps(_receivers(notify, folder), indent=2)  # JSON is YAML
    quiet = json.dumps([{"name": "quiet", "time_intervals": _hours(notify.quiet)}])
    path = out / "alertmanager.yml"
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{template}\ntime_intervals: {quiet}\nreceivers: {receivers}\n")
    shutil.copy(NOTIFY / "messages.tmpl", out)


def _hours(quiet: Quiet | None) -> list[dict[str, Any]]:
    """In the zone of the place: Alertmanager knows since 0.25 when its clocks change. Never past midnight in one."""
    if quiet is None:
        return []
    spans = [(quiet.begins, quiet.ends)]
    if quiet.begins > quiet.ends:
        spans = [(quiet.begins, "24:00"), ("00:00", quiet.ends)]
    times = [{"start_time": begins, "end_time": ends} for begins, ends in spans if begins != ends]
    return [{"times": times, "location": quiet.zone}]


def _receivers(notify: Notify, folder: Path) -> list[dict[str, Any]]:
    """Pages wake people, also by PagerDuty; news goes the ways of pages, tickets to whoever is named for them."""
    awake = notify.model_copy(update={"pagerduty": None})
    return [
        {"name": "pages", **_ways(notify, notify.relay, folder)},
        {"name": "news", **_ways(awake, notify.relay, folder)},
        {"name": "tickets", **_ways(notify.tickets or awake, notify.relay, folder, silently=True)},
        {"name": "watchdog", **({"webhook_configs": [_hook(notify.watchdog, folder)]} if notify.watchdog else {})},
    ]


def _ways(ways: Ways, relay: Relay, folder: Path, *, silently: bool = False) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    if ways.email is not None:
        found["email_configs"] = [_email(ways.email, folder)]
    if ways.telegram is not None:
        found["telegram_configs"] = [_telegram(ways.telegram, folder) | {"disable_notifications": silently}]
    if ways.pagerduty is not None:
        found["pagerduty_configs"] = [_pagerduty(ways.pagerduty, folder)]
    hooks = [_hook(ways.webhook, folder)] if ways.webhook is not None else []
    if ways.relayed:
        shown = {"authorization": {"type": "Bearer", "credentials": token(folder / relay.token_file)}}
        hooks.append({"url": f"http://{relay.listen}/alertmanager", "http_config": shown | _STRAIGHT, **_MUTED})
    return found | ({"webhook_configs": hooks} if hooks else {})


def _hook(webhook: Webhook, folder: Path) -> dict[str, Any]:
    return {"url": _secret(folder, webhook.url_file), **_MUTED}


def _telegram(telegram: Telegram, folder: Path) -> dict[str, Any]:
    return {
        "bot_token": _secret(folder, telegram.token_file),
        "chat_id": telegram.chat,
        "api_url": telegram.api.rstrip("/"),
        "parse_mode": "HTML",
        "message": '{{ template "didban.telegram" . }}',
        **_MUTED,
    }


def _pagerduty(pagerduty: PagerDuty, folder: Path) -> dict[str, Any]:
    """The only one that hears of an end: an incident there stays open until somebody says so."""
    return {
        "routing_key": _secret(folder, pagerduty.key_file),
        "url": pagerduty.url,
        "severity": _URGENCY,
        "description": '{{ template "didban.subject" . }}',
        "details": {"text": '{{ template "didban.text" . }}'},
        "send_resolved": True,
    }


def _email(smtp: Smtp, folder: Path) -> dict[str, Any]:
    mail: dict[str, Any] = {
        "to": ", ".join(smtp.to),
        "from": smtp.sender,
        "smarthost": smtp.smarthost,
        "require_tls": smtp.require_tls,
        "headers": {"Subject": '{{ template "didban.subject" . }}'},
        "html": "",
        "text": '{{ template "didban.text" . }}',
        **_MUTED,
    }
    if smtp.username and smtp.password_file:
        mail["auth_username"] = smtp.username
        mail["auth_password"] = _secret(folder, smtp.password_file)
    return mail


def _secret(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8").strip()
