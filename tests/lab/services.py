"""Walks every shipped service through worlds, one round in each, and holds what was said against what is done there.

What a service may be accused of is read from the world's own row: its lies name hosts or addresses, or everything.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from monitor.judge import State, worst
from probes import catalogue
from probes.facts import Endpoint, Target
from probes.kinds import TRAITS
from probes.words import INTERFERENCE, Finding, Kind, Transport
from tests.lab import living, others, shipped, world
from tests.lab.lab import Lab
from tests.lab.lies.lie import Prefixes
from tests.lab.living import Resident
from tests.lab.one_world import Row, World
from tests.lab.worlds import LINES, WORLDS

# a word of a finding that accuses somebody, and states that do
_CONVICTS = INTERFERENCE | {Finding.PROVIDER_REFUSAL}
_ACCUSING = {State.INTERFERED, State.REFUSED}

# where everything waits for silence: many at once cost this machine nothing, one after the other takes an hour
_SILENT = {"cut", "cut_foreign", "canary_near", "resolver_dead", "drop_port", "sni_allow_list",
           "server_hello_of_everything", "walled_garden"}  # fmt: skip
_BAD = {each.name for each in LINES}
_SLOW = {"latency_800", "evening"}  # bad lines that bring everything, late
_DNS = 53


@dataclass(frozen=True, slots=True)
class Pace:
    """How many boxes walk at once, and services on each: more than this machine carries would look like bad lines."""

    boxes: int
    services: int


_GOOD_PACE, _BAD_PACE, _SILENT_PACE = Pace(4, 4), Pace(len(_BAD), 12), Pace(len(_SILENT), 24)


@dataclass(frozen=True, slots=True)
class Said:
    """What one round of walks said of one service in one world: an object of `didban probe --json` for each target."""

    world: World
    service: str
    targets: tuple[Mapping[str, Any], ...]

    @property
    def state(self) -> State:
        """As the daemon has it: of the essential targets, the worst; of all, where none is essential."""
        essential = {target.name for target in _targets(self.service) if target.essential}
        return worst([State(t["state"]) for t in self.targets if not essential or t["target"] in essential])

    @property
    def found(self) -> frozenset[Finding]:
        return frozenset(Finding(each) for target in self.targets for each in target["findings"])

    @property
    def suggested(self) -> frozenset[Finding]:
        """What one comparison is consistent with: no finding yet, but it should point nowhere else either."""
        return frozenset(Finding(each) for target in self.targets for each in target["consistent_with"])

    @property
    def touched(self) -> bool:
        return any(touches(self.world, target) for target in _targets(self.service))

    @property
    def false(self) -> tuple[str, ...]:
        """The targets that were accused of something, or of something else than is done to them."""
        true = {target.name: may_be_accused(self.world, target) for target in _targets(self.service)}
        return tuple(t["target"] for t in self.targets if _accused(t) - true.get(t["target"], frozenset()))

    @property
    def unfounded(self) -> frozenset[Finding]:
        """Suggestions of an accusation that would be false."""
        accused = any(may_be_accused(self.world, target) for target in _targets(self.service))
        return frozenset() if accused else self.suggested & _CONVICTS

    @property
    def cause(self) -> str:
        """How near it came to the cause: `named`, `suggested`, `reached`, or only `not reached`."""
        cause = {self.world.finding}
        if cause & self.found:
            return "named"
        if cause & self.suggested:
            return "suggested"
        return "reached" if all(t["state"] == State.OK for t in self.targets) else "not reached"


def _accused(said: Mapping[str, Any]) -> frozenset[Finding | State]:
    return frozenset(
        {*({Finding(each) for each in said["findings"]} & _CONVICTS), *({State(said["state"])} & _ACCUSING)}
    )


def may_be_accused(there: World, target: Target) -> frozenset[Finding | State]:
    """What is true of this target in that world."""
    if not touches(there, target):
        return frozenset()
    shown = {finding for seen in there.sees for finding in seen.findings}
    true = {finding for finding in (*shown, there.finding) if finding in _CONVICTS}
    states = {State.REFUSED if finding is Finding.PROVIDER_REFUSAL else State.INTERFERED for finding in true}
    return frozenset({*true, *states})


def touches(there: World, target: Target) -> bool:
    """Whether anything at all is done to it there."""
    own = there.target.partition("/")[0]
    if there.needs in ("house", "proxy", "down") or there.told:
        return any(endpoint.host in world.hosts_of(own) for endpoint in target.endpoints)
    if there.needs == "tunnel" or there.clock:
        return True
    return any(_concerns(row, target) for row in there.lies)


def _concerns(row: Row, target: Target) -> bool:
    """Whether that lie meets what walks to this target say or where they go."""
    if "names" in row and row["lie"] != "sni_allow_list":
        said = {target.options.get("says", ""), *(endpoint.host for endpoint in target.endpoints)}
        return any(host == name or host.endswith(f".{name}") for name in row["names"] for host in said)
    match row["lie"]:
        case "openvpn_signature":
            return target.kind is Kind.OPENVPN
        case "noise_signature":
            return target.kind is Kind.WHATSAPP
        case "unknown_protocol":
            return not TRAITS[target.kind].familiar
    return any(_on_the_way(row, endpoint) for endpoint in target.endpoints)


def _on_the_way(row: Row, endpoint: Endpoint) -> bool:
    """Whether that lie stands where walks to this endpoint pass; those that ask for a name pass by a resolver."""
    over = Transport.UDP if row["lie"] == "udp_drop" else row.get("protocol", endpoint.transport)
    ports = {endpoint.port} | ({_DNS} if endpoint.host and not endpoint.address else set())
    standing = (endpoint.address,) if endpoint.address else world.names().get(endpoint.host, ())
    to = Prefixes(row.get("to", ()))
    return (
        endpoint.transport == over
        and (not row.get("ports") or not ports.isdisjoint(row["ports"]))
        and (not to or any(address in to for address in standing))
        and (row.get("family") != 6 or endpoint.v6)
    )


@functools.cache
def _targets(service: str) -> tuple[Target, ...]:
    """As a box has them, which knows a responder."""
    found, _ = catalogue.load([service], beside=Path(), responder=world.RESPONDER)
    return found[0].targets


# ---------------------------------------------------------------- walking


def walk(lab: Lab, worlds: Iterable[World], services: Sequence[str] = ()) -> list[Said]:
    """Each of these services (all that are shipped) in each of these worlds."""
    asked = tuple(services) or tuple(each.id for each in world.services())
    residents = settled(lab, worlds, asked)
    clocks = [each for each in residents if each.clock]
    silent = [each for each in residents if each.world.name in _SILENT]
    bad = [each for each in residents if each.world.name in _BAD]
    good = [each for each in residents if each not in (*clocks, *silent, *bad)]
    found: list[Said] = []
    with ThreadPoolExecutor() as beside:  # a wrong clock is the whole process's: each has one of its own
        for together in ((good, *([each] for each in clocks)), (bad, silent)):
            walking = [beside.submit(_walked, lab, each, asked, _pace(each)) for each in together if each]
            found += [said for each in walking for said in each.result()]
    order = [each.name for each in WORLDS]
    return sorted(found, key=lambda each: order.index(each.world.name))


def settled(lab: Lab, worlds: Iterable[World], asked: Sequence[str]) -> list[Resident]:
    """A box in each world, with everything started that these services ask for."""
    others.protocols(lab)
    keys = ((lab.folder / name).read_text() for name in ("whatsapp.key", "tor.fingerprint"))
    files = shipped.write(lab.folder, root_key=next(keys), fingerprint=next(keys))
    there = [replace(each, timeout_s=_patience_s(each)) for each in worlds]
    here = [file for file in files if shipped.name(file) in {*asked, "canaries"}]
    return list(living.settle(lab, there, services=here).values())


def _patience_s(there: World) -> float:
    """Short where nothing will come."""
    if there.name in _SILENT:
        return 1.0
    return there.timeout_s if there.name in _SLOW else 2.0


def _pace(residents: Sequence[Resident]) -> Pace:
    name = residents[0].world.name
    return _SILENT_PACE if name in _SILENT else _BAD_PACE if name in _BAD else _GOOD_PACE


def _walked(lab: Lab, residents: Sequence[Resident], asked: Sequence[str], pace: Pace) -> list[Said]:
    """All these by one process (tests/lab/walker.py), with the time of day of the first."""
    jobs = [[each.box.name, str(each.config), asked, pace.services] for each in residents]
    command = [*residents[0].clock, sys.executable, "-m", "tests.lab.walker", str(pace.boxes)]
    trust = {
        **os.environ,
        "SSL_CERT_FILE": str(lab.pki.ca_file),
    }  # else every service reads the system's 140 roots anew
    done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, env=trust, check=False)
    assert done.returncode == 0, done.stderr
    return [
        said for each, found in zip(residents, json.loads(done.stdout), strict=True) for said in _parted(each, found)
    ]


def _parted(resident: Resident, found: Iterable[Mapping[str, Any]]) -> Iterator[Said]:
    services: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for each in found:
        services[each["service"]].append(each)
    return (Said(resident.world, service, tuple(targets)) for service, targets in services.items())


# ---------------------------------------------------------------- the table

_MOST_NAMED = 8


def table(said: Iterable[Said]) -> str:
    """A line a world: how many services in which state, and which of them had a finding or a suggestion."""
    rows = ["| world | what is done | services by state | found | one comparison suggests | accused falsely |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    worlds: defaultdict[str, list[Said]] = defaultdict(list)
    for each in said:
        worlds[each.world.name].append(each)
    for name, here in worlds.items():
        states = Counter(each.state for each in here)
        counted = ", ".join(f"{state} {states[state]}" for state in State if states[state])
        found = _whom({each.service: each.found for each in here})
        suggested = _whom({each.service: each.suggested for each in here})
        false = ", ".join(target for each in here for target in each.false) or "-"
        rows.append(f"| {name} | {here[0].world.why} | {counted} | {found} | {suggested} | {false} |")
    return "\n".join(rows) + "\n"


def _whom(said: Mapping[str, frozenset[Finding]]) -> str:
    of = {finding: [service for service, found in said.items() if finding in found] for finding in Finding}
    texts = (f"{finding}: {_listed(services)}" for finding, services in of.items() if services)
    return "; ".join(texts) or "-"


def _listed(services: Sequence[str]) -> str:
    return ", ".join(services) if len(services) <= _MOST_NAMED else f"{len(services)} services"
