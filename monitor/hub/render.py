"""alertmanager.yml out of its template, the people of `notify:`, and the secret files it names. Written 0600."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from monitor.beside.rulefiles import NOTIFY, scaled
from monitor.settings import Notify, Smtp

_MARK = "receivers:"


def write(notify: Notify, folder: Path, out: Path, *, times: float = 1) -> None:
    """`alertmanager.yml` and its messages into `out`; `folder` is where relative secret files stand.

    Alertmanager 0.25 takes no files for a webhook's address, so the secrets are in the result: only its owner reads it.

    Raises:
        OSError: a secret file cannot be read, or `out` not be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    template = scaled((NOTIFY / "alertmanager.yml").read_text(encoding="utf-8"), times)
    receivers = json.dumps(_receivers(notify, folder), indent=2)  # JSON is YAML
    path = out / "alertmanager.yml"
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{template}\n{_MARK} {receivers}\n")
    shutil.copy(NOTIFY / "messages.tmpl", out)


def _receivers(notify: Notify, folder: Path) -> list[dict[str, Any]]:
    """Pages and tickets by every way there is; the watchdog by a way of its own, or nowhere."""
    ways: dict[str, Any] = {}
    if notify.email is not None:
        ways["email_configs"] = [_email(notify.email, folder)]
    if notify.webhook is not None:
        url = (folder / notify.webhook.url_file).read_text().strip()
        ways["webhook_configs"] = [{"url": url, "send_resolved": False}]
    watchdog: dict[str, Any] = {}
    if notify.watchdog is not None:
        url = (folder / notify.watchdog.url_file).read_text().strip()
        watchdog["webhook_configs"] = [{"url": url, "send_resolved": False}]
    return [{"name": "pages", **ways}, {"name": "tickets", **ways}, {"name": "watchdog", **watchdog}]


def _email(smtp: Smtp, folder: Path) -> dict[str, Any]:
    mail: dict[str, Any] = {
        "to": ", ".join(smtp.to),
        "from": smtp.sender,
        "smarthost": smtp.smarthost,
        "require_tls": smtp.require_tls,
        "send_resolved": False,
        "headers": {"Subject": '{{ template "didban.subject" . }}'},
        "html": "",
        "text": '{{ template "didban.text" . }}',
    }
    if smtp.username and smtp.password_file:
        mail["auth_username"] = smtp.username
        mail["auth_password"] = (folder / smtp.password_file).read_text().strip()
    return mail
