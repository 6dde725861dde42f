"""Moves boxes into worlds (tests/lab/worlds.py), many at once, and lets them look around with `didban probe`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.lab import network, others, own, world
from tests.lab.lab import Lab
from tests.lab.one_world import World
from tests.lab.web import Told
from tests.lab.world import Box

# a page in clear: the only kind a censor can put its own page into
_PLAIN = """
service: plain
title: {en: Plain}
category: test
targets:
  - {id: web, kind: http, depth: web, hosts: [www.instagram.com], source: the laboratory}
  - {id: open, kind: tcp, depth: endpoint, hosts: [www.instagram.com], ports: [443], source: the laboratory}
  - {id: issued, kind: tls, depth: web, hosts: [www.instagram.com], options: {issuers: ISSUER}, source: the laboratory}
"""
# as the shipped files have them: another name to the same responder; what stands there and what stands elsewhere; and
# abroad against at home. No transfer says a name where that name is compared: the address would have to rest anew.
_TRANSFERS = f"""
service: transfers
title: {{en: Transfers}}
category: test
targets:
  - id: instagram
    kind: transfer
    depth: web
    hosts: [{world.STORE_NAME}]
    addresses: [{world.STORE}]
    options: {{path: /64k, says: www.instagram.com}}
    source: the laboratory
  - id: instagram-files
    kind: transfer
    depth: web
    hosts: [static.cdninstagram.com]
    options: {{path: /bytes/64k, neutral: www.openstreetmap.org/bytes/64k}}
    source: the laboratory
"""
_INTERNATIONAL = """
service: international
title: {en: International}
category: test
targets:
  - id: files
    kind: transfer
    depth: web
    hosts: [www.openstreetmap.org]
    options: {path: /bytes/64k, neutral: www.aparat.com/bytes/64k}
    source: the laboratory
"""
_OWN = {"plain": _PLAIN, "transfers": _TRANSFERS, "international": _INTERNATIONAL}
_SERVICES = ("./whatsapp.yml", "instagram", "imo", "vpn", "canaries", "./witness.yml", "./own.yml",
             *(f"./{name}.yml" for name in _OWN))  # fmt: skip
_AT_ONCE = 12


@dataclass(frozen=True, slots=True)
class Resident:
    """A box that lives in a world. `clock`: what goes before its commands where the time of day is wrong."""

    world: World
    box: Box
    config: Path
    clock: tuple[str, ...] = ()


def settle(
    lab: Lab, worlds: Iterable[World], *, timeout_s: float | None = None, services: Sequence[str] = _SERVICES
) -> Mapping[str, Resident]:
    """A box for every world, by the world's name; each on a /24 of its own, all at the same time.

    `timeout_s`: of their steps, where it is not to be the world's own: a daemon in fast motion divides it.
    `services`: what their didban.yml asks for.
    The world that `needs` "down" takes that service down for everybody: let its name be nobody else's.
    """
    found: dict[str, Resident] = {}
    for number, each in enumerate(worlds, start=1):
        box = world.box(number)
        if each.needs == "proxy":
            box = replace(box, resolver=world.PROXY)
        lab.add(box, *each.lies)
        if each.needs == "house":
            box = replace(box, resolver=others.house(lab, box, world.hosts_of(_service(each))))
        asked = tuple(dict.fromkeys([*services, *(world.SANCTIONED if each.needs == "proxy" else ())]))
        hurried = each.target.partition("/")[2]
        config = _config(lab, box, asked, timeout_s or each.timeout_s, hurried)
        found[each.name] = Resident(each, box, config, _clock(each))
    _start(lab, found.values())
    lab.tell(
        *(Told(r.world.told, world.hosts_of(_service(r.world)), (r.box.net,)) for r in found.values() if r.world.told)
    )
    return found


def _config(lab: Lab, box: Box, services: Sequence[str], timeout_s: float, hurried: str) -> Path:
    (lab.folder / box.name).mkdir(exist_ok=True)
    for name, text in _OWN.items():
        (lab.folder / box.name / f"{name}.yml").write_text(text.replace("ISSUER", lab.pki.issuer))
    config = lab.config(box, services=services, extra=f"timeout: {timeout_s:g}s\n")
    own.hurry(config.parent, hurried)
    return config


def _clock(each: World) -> tuple[str, ...]:
    return tuple(others.at_another_time(each.clock)) if each.clock else ()


def _start(lab: Lab, residents: Iterable[Resident]) -> None:
    """The far end of everybody's transfers, and what these worlds need, once each."""
    others.store(lab)
    needed = {resident.world.needs: resident for resident in residents}
    own.start_plain(lab, lab.infrastructure)
    if "portal" in needed:
        others.portal(lab)
    if "impostor" in needed:
        others.impostor(lab)
    if "near" in needed:
        others.near(lab)
    if "forger" in needed:
        others.forger(lab)
    if "expired" in needed:
        others.expired(lab)
    if "proxy" in needed:
        others.proxy(lab)
    if "tunnel" in needed:
        others.tunnel(lab, needed["tunnel"].box)
    if "down" in needed:
        network.take_down(world.addresses_of(_service(needed["down"].world)))


def _service(each: World) -> str:
    return each.target.partition("/")[0]


def start(lab: Lab, resident: Resident) -> None:
    """Its daemon. Settle first, then start the hub, which enrols whoever lives here, then this."""
    lab.start_daemon(resident.box, resident.config, *resident.clock)


def probe(lab: Lab, resident: Resident, target: str = "") -> dict[str, Any]:
    """What `didban probe TARGET --json` says there: of the world's own target, or of another one."""
    done = lab.run(resident.box.name, *resident.clock, sys.executable, "-m", "monitor", *_asked(resident, target))
    return _said(done.returncode, done.stdout, done.stderr)


def probe_all(lab: Lab, asked: Iterable[tuple[Resident, str]]) -> list[dict[str, Any]]:
    """The same of many, a few at a time and cheaply (tests/lab/prober.py); not where the clock is wrong."""
    jobs = [[resident.box.name, *_asked(resident, target)] for resident, target in asked]
    command = [sys.executable, "-m", "tests.lab.prober", str(_AT_ONCE)]
    done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=True)
    return [_said(*each) for each in json.loads(done.stdout)]


def _asked(resident: Resident, target: str) -> list[str]:
    return ["probe", target or resident.world.target, "--json", f"--config.file={resident.config}"]


def _said(code: int, out: str, err: str) -> dict[str, Any]:
    assert code in (0, 1), err
    found: dict[str, Any] = json.loads(out.splitlines()[0])
    return found
