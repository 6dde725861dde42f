"""Takes a box into the registry: a row, and a credential whose hash alone stays here."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping

from monitor.hub import registry
from monitor.hub.settings import LoadedHub
from probes.doors import schema, yamlfile

_RULES = {"id": schema.word, "country": schema.country, "network": schema.network, "cohort": schema.word}


def add(hub: LoadedHub, row: Mapping[str, str]) -> str:
    """Writes the row and the hash; returns the password, which is shown once and kept nowhere.

    Raises:
        ValueError: the row does not fit, or the box is enrolled already.
        OSError: a file cannot be written.
    """
    given = {key: text for key, text in row.items() if text}
    for key, rule in _RULES.items():
        if key in given:
            rule(given[key])
    vantage = given["id"]
    if vantage in hub.registry.vantages:
        raise ValueError(f"{vantage} is enrolled already")
    path = hub.folder / hub.config.registry
    after = path.with_name(f".{path.name}.new")
    after.write_text(yamlfile.appended(path.read_text(encoding="utf-8"), "vantages", given), encoding="utf-8")
    shutil.copymode(path, after)
    if wrong := registry.load(after, ())[1]:
        after.unlink()
        raise ValueError(f"{path} would no longer hold: {wrong[0].key}: {wrong[0].what}; add the row by hand")
    password = secrets.token_urlsafe(32)
    credential = hub.folder / hub.config.credentials / vantage
    with os.fdopen(os.open(credential, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(hashlib.sha256(password.encode()).hexdigest() + "\n")
    after.replace(path)  # last, and whole: a credential nobody is enrolled for opens nothing
    return password


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
