"""Takes a box into the registry: a row, and a credential whose hash alone stays here."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping

from monitor.hub.registry import VantageRow
from monitor.hub.settings import LoadedHub
from probes.doors import schema

_HEAD = "vantages:"


def add(hub: LoadedHub, row: Mapping[str, str]) -> str:
    """Writes the row and the hash; returns the password, which is shown once and kept nowhere.

    Raises:
        ValueError: the row does not fit, or the box is enrolled already.
        OSError: a file cannot be written.
    """
    given = {key: text for key, text in row.items() if text}
    checked = _checked(given)
    if checked in hub.registry.vantages:
        raise ValueError(f"{checked} is enrolled already")
    password = secrets.token_urlsafe(32)
    path = hub.folder / hub.config.credentials / checked
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(hashlib.sha256(password.encode()).hexdigest() + "\n")
    registry = hub.folder / hub.config.registry
    line = "  - {" + ", ".join(f"{key}: {text}" for key, text in given.items()) + "}"
    head, mark, tail = registry.read_text(encoding="utf-8").partition(_HEAD)
    registry.write_text(f"{head}{_HEAD}\n{line}{tail if mark else ''}", encoding="utf-8")
    return password


def _checked(given: Mapping[str, str]) -> str:
    """The vantage's id, once every word of the row fits; the registry's own rules, said before anything is written."""
    for key, rule in (("id", schema.word), ("country", schema.country), ("network", schema.network)):
        if key in given:
            rule(given[key])
    return VantageRow.model_validate_json(schema.as_json(given)).id


def lines_for_the_box(hub: LoadedHub, vantage: str, password: str) -> str:
    """What goes into the box's didban.yml, and into the file beside it."""
    return f"""\
# into didban.yml on the box:
ship:
  - name: hub
    remote_write: https://{hub.config.host}:{hub.config.port}/api/v1/write
    basic_auth: {{username: {vantage}, password_file: hub.password}}
# into hub.password beside it (chmod 600); it is shown this once:
{password}"""
