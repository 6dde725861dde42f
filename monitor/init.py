"""`didban init`: where the box stands, what probing from there means; writes didban.yml and its secret."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from monitor import consent
from probes.words import Access, Role

_TEMPLATE = """\
# Didban's configuration. `didban check-config {name}` says what is wrong with it, and what it costs a day.

vantage:
  id: {id} | random; says nothing about who keeps the box
  secret_file: {secret} | 32 random bytes; no two boxes knock in the same rhythm
  country: {country}
  {network} | without it the vantage counts for its country, never as a network
  access: {access} | mobile | fixed | datacenter
  role: {role} | inside | control

# You read what probing from this place means, and agreed.
consent: {{acknowledged: {today}, text_sha256: {sha256}}}

services: [whatsapp, instagram, imo, canaries] | names, or paths to service files; vpn is chosen, never default
# responder: witness.example.org | a server of your own: deploy/responder

interval: 60s | the tick, and the period of essential targets
timeout: 10s | per step
# limits: {{bytes_per_day: {cap}}} | counts everything, ship included

# dns:
#   system: [192.0.2.53] | the resolvers people here get; default: this machine's
#   isp: [] | the operator's own, where `system` is a home router's

storage: {{path: {storage}, keep: 30d, max_size: 1GB}}

# Where the measurements go. `didban hub add {id}` on the hub prints these lines.
# ship:
#   - name: hub
#     remote_write: https://hub.example.org/api/v1/write
#     basic_auth: {{username: {id}, password_file: hub.password}}

# Who is told, when this machine runs `didban up`. The files hold the secrets, one line each.
# notify:
#   email: {{to: [oncall@example.org], from: didban@example.org, smarthost: "mail.example.org:587",
#           username: didban, password_file: smtp.password}}
#   webhook: {{url_file: webhook.url}}
"""
_COMMENTS_AT = 50


@dataclass(frozen=True, slots=True)
class Answers:
    """What `didban init` was told."""

    role: Role
    country: str
    access: Access
    network: str = ""


def write(out: Path, answers: Answers, *, storage: str, today: str) -> str:
    """Writes didban.yml and, beside it, the secret (0600); returns the vantage id.

    Raises:
        OSError: the folder cannot be written, or one of the two files is there already.
    """
    vantage = "v" + secrets.token_hex(3)
    secret = out.parent / f"{vantage}.secret"
    text = _TEMPLATE.format(
        name=out.name,
        id=vantage,
        secret=secret.name,
        country=answers.country,
        network=f"network: {answers.network}" if answers.network else "# network: AS197207",
        access=answers.access.value,
        role=answers.role.value,
        today=today,
        sha256=consent.digest(answers.role, answers.country, answers.access),
        cap="120MB" if answers.access is Access.MOBILE else "500MB",
        storage=json.dumps(storage, ensure_ascii=False),
    )
    _create(secret, secrets.token_bytes(32))
    try:
        _create(out, _aligned(text).encode())
    except OSError:
        secret.unlink()
        raise
    return vantage


def _aligned(text: str) -> str:
    """` | ` becomes a comment; those of one file stand under one another."""
    lines = (line.partition(" | ") if not line.startswith("storage:") else (line, "", "") for line in text.splitlines())
    return "".join(f"{key:<{_COMMENTS_AT}}# {why}\n" if why else f"{key}\n" for key, _, why in lines)


def _create(path: Path, content: bytes) -> None:
    """Readable by its owner alone, and never over a file that is there."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
