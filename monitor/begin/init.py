"""`didban init`: where the box stands, what probing from there means; writes didban.yml and its secret."""

from __future__ import annotations

import json
import os
import secrets
import stat
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.begin import consent
from monitor.begin.enrolment import Enrolment
from probes import catalogue
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
{cohort}
# You read what probing from this place means, and agreed.
consent: {{acknowledged: {today}, text_sha256: {sha256}}}

# Shipped names, or paths to service files of your own. One costs about 15 MB a day; check-config says what all cost.
# {chosen}
services:{services}
# responder: witness.example.org | a server of your own: deploy/responder
# responder: {{name: witness.example.org, address: 203.0.113.7, key: ..., token_file: r.token}} # asked what it saw
# fingerprints: [fingerprints_dns.csv] | forged answers and block pages beside ours: files, published lists
# book: book.yml | what control points saw: `didban book`, on a control

interval: 60s | the tick, and the period of essential targets
timeout: 10s | per step
{limits} | counts everything, ship included
# quiet: true | nothing abroad answers: keep still, but for a look twice an hour

dns:
  # system: [192.0.2.53] | the resolvers people here get; default: this machine's
  # isp: [192.0.2.53] | the operator's own, where `system` is a home router's
  trusted: # asked over an encrypted line, and only where the others' answers are in doubt
    - {{doh: "https://1.1.1.1/dns-query"}}
    - {{dot: 9.9.9.9, name: dns.quad9.net}}

storage: {{path: {storage}, keep: 30d, max_size: 1GB{seal_to}}}

{ship}

# Who attests when this was measured (RFC 3161): each learns a hash a day, and that this machine asks.{stamped}
# evidence:
#   timestamp: ["https://freetsa.org/tsr", "http://timestamp.digicert.com"] | no account is needed
#   ca_file: tsa-roots.pem | their roots; this machine's own know but the second{ways}

# Who is told, when this machine runs `didban up`. The files hold the secrets, one line each.
# notify:
#   email: {{to: [oncall@example.org], from: didban@example.org, smarthost: "mail.example.org:587",
#           username: didban, password_file: smtp.password}}
#   webhook: {{url_file: webhook.url}}
"""
_NO_SHIP = """\
# Where the measurements go. `didban hub add {id}` on the hub prints these lines.
# ship:
#   - name: hub
#     remote_write: https://hub.example.org/api/v1/write
#     basic_auth: {{username: {id}, password_file: hub.password}}"""
_SHIP = """\
# Where the measurements go, by the line that enrolled this box.
ship:
  - name: hub
    remote_write: {url}
    basic_auth: {{username: {id}, password_file: {password}}}{tls}"""
_CHOSEN = (
    "There are more (probes/services/): name them here. vpn, tor and their like are chosen, never default, inside."
)
_ALL_ARE_WALKED = "A control walks whatever a box inside may walk: take out what none of yours does."
_PASSWORD, _AUTHORITIES = "hub.password", "hub-ca.pem"
_STAMPED_INSIDE = "\n# Inside, ask by Tor alone; or leave it: who exports the spool abroad can have it stamped then."
_COMMENTS_AT = 49
_WIDTH = 118

LITTLE = ("whatsapp", "instagram", "imo", "canaries")  # 115 MB a day with one ship: mobile data cost people money
SOME = (*LITTLE[:3], "telegram", "youtube", "google_play", "canaries")
_CAPS = {Access.MOBILE: "120MB", Access.FIXED: "500MB", Access.DATACENTER: "500MB"}
_CAP_OF_ALL = "2GB"  # what everything costs, and room; a machine that stands among servers has it


@dataclass(frozen=True, slots=True)
class Answers:
    """What `didban init` was told. `enrolment`: what the hub's one line says, where there is one."""

    role: Role
    country: str
    access: Access
    network: str = ""
    enrolment: Enrolment | None = None

    @property
    def walks_all(self) -> bool:
        """A control walks whatever a box inside may walk; one on somebody's home line does not."""
        return self.role is Role.CONTROL and self.access is Access.DATACENTER

    @property
    def services(self) -> tuple[str, ...]:
        """What `didban init` begins with; the rest stands behind names an operator adds."""
        if self.walks_all:
            return tuple(catalogue.shipped())
        return LITTLE if self.access is Access.MOBILE else SOME

    @property
    def cap(self) -> str:
        return _CAP_OF_ALL if self.walks_all else _CAPS[self.access]


def write(out: Path, answers: Answers, *, storage: str, today: str) -> str:
    """Writes didban.yml and, beside it or in its `secrets/`, its secrets (0600); returns the vantage id.

    Beside it also the text that was agreed to.

    Raises:
        OSError: the folder cannot be written, or one of the files is there already.
    """
    enrolment = answers.enrolment
    vantage = enrolment.vantage if enrolment is not None else "v" + secrets.token_hex(3)
    kept = _kept(out.parent)
    secret = kept + f"{vantage}.secret"
    text = _TEMPLATE.format(
        name=out.name,
        id=vantage,
        secret=secret,
        country=answers.country,
        network=f"network: {answers.network}" if answers.network else "# network: AS197207",
        access=answers.access.value,
        role=answers.role.value,
        cohort=_cohort(enrolment),
        today=today,
        sha256=consent.digest(answers.role, answers.country, answers.access),
        chosen=_ALL_ARE_WALKED if answers.walks_all else _CHOSEN,
        services=_listed(answers.services),
        limits=f"{'' if answers.walks_all else '# '}limits: {{bytes_per_day: {answers.cap}}}",
        stamped=_STAMPED_INSIDE if answers.role is Role.INSIDE else "",
        ways='\n#   ways: ["socks5h://127.0.0.1:9050"] | Tor' if answers.role is Role.INSIDE else "",
        storage=json.dumps(storage, ensure_ascii=False),
        seal_to=f',\n          seal_to: "{enrolment.seal_to}"' if enrolment is not None else "",
        ship=_ship(vantage, enrolment, kept),
    )
    files = {out.parent / secret: secrets.token_bytes(32)}
    if enrolment is not None:
        files[out.parent / f"{kept}{_PASSWORD}"] = f"{enrolment.password}\n".encode()
        files |= {out.parent / f"{kept}{_AUTHORITIES}": enrolment.pem.encode()} if enrolment.authorities else {}
    agreed = consent.text(answers.role, answers.country, answers.access)
    files[out.with_name(f"{out.name}.consent-{today}.txt")] = agreed.encode()  # `didban wipe` finds it by its name
    _create_all({**files, out: _aligned(text).encode()})
    if out.parent.stat().st_mode & stat.S_ISGID:  # a folder that root keeps for the daemon's group; no secret is in it
        out.chmod(0o640)
    return vantage


def _kept(folder: Path) -> str:
    """Where the secrets stand, seen from the configuration: in `secrets/` where root made one (deploy/systemd)."""
    return "secrets/" if (folder / "secrets").is_dir() else ""


def _cohort(enrolment: Enrolment | None) -> str:
    if enrolment is None or not enrolment.cohort:
        return ""
    return f"  cohort: {enrolment.cohort} | shared by boxes of one home or power line\n"


def _ship(vantage: str, enrolment: Enrolment | None, kept: str) -> str:
    if enrolment is None:
        return _NO_SHIP.format(id=vantage)
    tls = f"\n    tls: {{ca_file: {kept}{_AUTHORITIES}}}" if enrolment.authorities else ""
    return _SHIP.format(id=vantage, url=json.dumps(enrolment.url), password=kept + _PASSWORD, tls=tls)


def _listed(names: tuple[str, ...]) -> str:
    """As many to a line as fit."""
    text = f"[{', '.join(names)}]"
    if len(text) < _WIDTH:
        return f" {text}"
    return "\n" + textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="   ")


def _aligned(text: str) -> str:
    """` | ` becomes a comment; those of one file stand under one another."""
    lines = (line.partition(" | ") if not line.startswith("storage:") else (line, "", "") for line in text.splitlines())
    return "".join(f"{key:<{_COMMENTS_AT}} # {why}\n" if why else f"{key}\n" for key, _, why in lines)


def _create_all(files: Mapping[Path, bytes]) -> None:
    """All of them, or none."""
    made: list[Path] = []
    try:
        for path, content in files.items():
            _create(path, content)
            made.append(path)
    except OSError:
        for path in made:
            path.unlink()
        raise


def _create(path: Path, content: bytes) -> None:
    """Readable by its owner alone, and never over a file that is there."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
