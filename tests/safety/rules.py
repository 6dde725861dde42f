"""The fifteen rules that keep people safe, in our words; and a box as `didban init` begins it, to hold them against."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from monitor import config
from monitor.beat.errands import Errand
from monitor.beat.rests import Rests
from monitor.begin import init
from monitor.config import Loaded
from monitor.judge import State
from monitor.meaning.view import View
from monitor.pace import Pace
from probes import catalogue
from probes.doors.clock import SystemClock
from probes.facts import Target
from probes.words import Access, Role, Scope
from tests.monitor.facts import target

ROOT = Path(__file__).parents[2]

RULES = {
    "consent": "nothing starts before its keeper agreed to the text for that country and kind of line, which is kept",
    "owner_only": "walks start here and nowhere else: not from a visitor's browser, not through anybody's proxy",
    "benign_targets": "what is walked by default is what everybody uses",
    "tiers": "VPNs and Tor are walked inside only where they were chosen by name",
    "no_spec_violations": "no raw socket, no forged source, no trick with TTL, no scan of ports",
    "rate": "a round a minute at most, moved by a quarter, five starts a second, three confirming walks, bytes capped",
    "no_ip_store": "no address, host name or network name of ours is asked for, kept or sent",
    "bind_local": "pages listen on loopback, or behind TLS and a password",
    "bridges": "no key, address or name of one's own servers is in a metric, a log or a public export",
    "store_min": "no bodies; 30 days; sealed at rest; a wipe that finds everything",
    "delay_publish": "what everybody may see: three lines, or a day later; by ten minutes",
    "neutral_ua": "inside an ordinary browser's words, outside our own name",
    "no_login": "no account, cookie or telephone number",
    "stop_switch": "it stops, it wipes, and keeps still in the dark only where its keeper chose so",
    "review": "the reasons, the people concerned and the date of the next review are written down",
}

INSIDE_KINDS = [(Role.INSIDE, access) for access in Access]


def loaded(folder: Path, role: Role = Role.INSIDE, access: Access = Access.MOBILE, more: str = "") -> Loaded:
    """What `didban init` writes for such a place."""
    path = folder / "didban.yml"
    country = "IR" if role is Role.INSIDE else "DE"
    init.write(path, init.Answers(role, country, access), storage=str(folder / "state"), today="2026-11-22")
    path.write_text(path.read_text() + more)
    found, mistakes = config.load(path)
    assert found is not None, mistakes
    return found


def shipped() -> Iterator[Target]:
    services, mistakes = catalogue.load(catalogue.shipped(), beside=ROOT)
    assert mistakes == ()
    for service in services:
        yield from service.targets


def sources(*packages: str) -> Iterator[tuple[str, ast.AST]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def names_in(tree: ast.AST) -> set[str]:
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imported = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return found | {alias.name.partition(".")[0] for node in imported for alias in node.names}


def rests_of(state: State, *, quiet: bool = False, foreign_seen: bool = True) -> Rests:
    standing = SimpleNamespace(judgement=SimpleNamespace(state=state), since_ms=0)
    canaries = SimpleNamespace(foreign_seen=foreign_seen)
    view = SimpleNamespace(standings={"instagram/web": standing, "canaries/x": standing}, canaries=canaries)
    return Rests(cast(View, view), Pace(60, 10, 1, 60), quiet=quiet)


class Clock(SystemClock):
    def __init__(self, hours: float) -> None:
        self.hours = hours

    def now_ms(self) -> int:
        return int(self.hours * 3_600_000)

    def elapsed_s(self) -> float:
        return self.hours * 3600


def errand_of(*, essential: bool = False, scope: Scope | None = None) -> Errand:
    each = replace(target("instagram/web", essential=essential), scope=scope)
    return Errand(each.name, (each,), 1, 300.0, essential)
