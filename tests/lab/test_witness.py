"""The two-ended witness speaks by itself: boxes behind the liar, the operator's own responder abroad, and nobody joins files."""

from __future__ import annotations

import datetime
import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.responder import init
from tests.lab import enter, world
from tests.lab.lab import Lab, scratch
from tests.lab.processes import reachable
from tests.lab.world import Box

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

NAME = "witness.example.org"
NAMES = {"names": ["instagram.com"]}
SILENT = {"lie": "silence_by_name", **NAMES}
SWALLOWED = {"lie": "server_hello_swallowed", **NAMES}
NEVER_ARRIVED = "ClientHello left, and never arrived."
NEVER_CAME = "ClientHello arrived, ServerHello left, ServerHello never came"
TIMES = 20
_SLOWLY_S = 30.0  # of a step: a second and a half in that motion
_CLOCKS_S = (
    6.0  # a little more than two clocks may differ: what a log says of a time nearer to its first line is not heard
)

# the responder alone: a tested name said to it, OpenVPN, and what shows it alive
_OWN = """
service: own
title: {en: Own}
category: test
targets:
  - {id: named, kind: transfer, depth: web, hosts: [responder], essential: true, source: the laboratory,
     options: {path: /64k, says: www.instagram.com}}
  - {id: openvpn, kind: openvpn, transport: udp, depth: protocol, hosts: [responder], source: the laboratory}
  - {id: alive, kind: tls, depth: endpoint, hosts: [responder], source: the laboratory}
"""


class Attested(Lab):
    """A laboratory in which the operator's own responder stands abroad, made by its own `init`."""

    def _start_servers(self) -> None:
        super()._start_servers()
        now = datetime.datetime.fromtimestamp(time.time(), datetime.UTC)
        init.write(self.made, NAME, world.EXIT, str(self.folder / "log"), now)
        command = [sys.executable, "-m", "deploy.responder", "run", f"--config.file={self.made}/responder.yml"]
        self.spawn("responder", "exit", command)
        self.wait_for("the responder", lambda: reachable(world.EXIT, 443))
        since_s = time.monotonic()
        self.wait_for("its log to speak for a while", lambda: time.monotonic() - since_s > _CLOCKS_S)
        (self.folder / "roots.pem").write_text(self.pki.ca_file.read_text() + (self.made / "ca.pem").read_text())

    @property
    def made(self) -> Path:
        return self.folder / "responder"

    def vantage(self, box: Box, timeout_s: float) -> Path:
        """didban.yml of a box that knows this responder, and how to read its log."""
        services = ("./own.yml", "instagram", "canaries")
        path = self.config(box, services=services, ship=False, extra=f"timeout: {timeout_s:g}s\n")
        path.with_name("own.yml").write_text(_OWN)
        key = init.public_text((self.made / "log.pub").read_bytes())
        known = f"{{name: {NAME}, address: {world.EXIT}, key: {key}, token_file: {self.made}/token}}"
        text = path.read_text().replace(f"responder: {world.WITNESS_NAME}", f"responder: {known}")
        path.write_text(text.replace(str(self.pki.ca_file), str(self.folder / "roots.pem")))
        return path

    def probe(self, box: Box, config: Path, target: str) -> dict[str, Any]:
        done = self.run(box.name, sys.executable, "-m", "monitor", "probe", target, "--json", f"--config.file={config}")
        assert done.returncode in (0, 1), done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[0])
        return found

    def asked(self, box: Box, path: str) -> Any:
        """What the box's own page says."""
        fetch = "import sys, urllib.request as u; sys.stdout.write(u.urlopen('http://127.0.0.1:9810' + sys.argv[1]).read().decode())"
        done = self.run(box.name, sys.executable, "-c", fetch, path)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def shown(self, box: Box, target: str) -> Mapping[str, Any]:
        services = self.asked(box, "/api/v1/status").get("services", ())
        return next((t for s in services for t in s["targets"] if t["target"] == target), {})


@pytest.fixture(scope="module")
def lab() -> Iterator[Attested]:
    with scratch() as folder:
        running = Attested(folder, times=TIMES)
        with running:
            yield running


CASES = [
    ("a name is met with silence", 1, SILENT, NEVER_ARRIVED, "outward", [pytest.mark.long]),
    ("the ServerHello is swallowed", 2, SWALLOWED, f"{NEVER_CAME}, and none of it was acknowledged.", "inward", []),
]


@pytest.mark.parametrize(
    ("number", "lie", "says", "lost"),
    [pytest.param(*case, id=name, marks=marks) for name, *case, marks in CASES],
)
def test_a_probe_says_what_both_ends_saw(lab: Attested, number: int, lie: dict[str, Any], says: str, lost: str) -> None:
    """Also of the comparison it makes: the same name, said to our own responder."""
    box = lab.add(world.box(number), lie)
    config = lab.vantage(box, 2)
    of_responder = lab.probe(box, config, "own/named")
    (told,) = of_responder["witness"]
    assert (told["hearing"], told["says"], told["lost"]) == ("told", says, lost)
    compared = lab.probe(box, config, "instagram/web")
    cells = {each["cell"]: each for each in compared["witness"]}
    assert cells["other_there"]["says"] == "ClientHello arrived, ServerHello left and came, and so did what followed."
    assert (cells["name_there"]["says"], cells["name_there"]["lost"]) == (says, lost)
    assert compared["state"] != "interfered", "what the witness says convicts nobody"


def test_a_protocol_that_is_no_tls_has_its_sentence_too(lab: Attested) -> None:
    box = lab.add(world.box(3), {"lie": "udp_drop"})
    (told,) = lab.probe(box, lab.vantage(box, 2), "own/openvpn")["witness"]
    assert (told["says"], told["lost"]) == ("First packet left, and never arrived.", "outward")


@pytest.mark.long
def test_the_daemon_asks_by_itself_and_shows_it_beside_the_verdict(lab: Attested) -> None:
    box = lab.add(world.box(4), SWALLOWED)
    lab.start_daemon(box, lab.vantage(box, _SLOWLY_S))
    lab.wait_for("the sentence", lambda: lab.shown(box, "own/named").get("witness"), 60)
    lab.wait_for("its end", lambda: "acknowledged" in lab.shown(box, "own/named")["witness"]["says"], 30)
    shown = lab.shown(box, "own/named")
    assert NEVER_CAME in shown["why"]
    assert "lost on the way back, between our own responder and this line" in shown["why"]
    assert shown["witness"]["lost"] == "inward"
    assert shown["state"] in ("insufficient", "broken")
    # of a name that own/named does not say: an address that just heard one is no ground to compare it on
    lab.wait_for("a comparison", lambda: NEVER_CAME in lab.shown(box, "instagram/api").get("why", ""), 90)
    assert "with this name" in lab.shown(box, "instagram/api")["why"]
    lab.stop(box.name)


@pytest.mark.long
def test_what_could_not_be_asked_while_the_stretch_was_sick_is_told_later(lab: Attested) -> None:
    box = lab.add(world.box(5), {"lie": "server_hello_swallowed"})
    lab.start_daemon(box, lab.vantage(box, _SLOWLY_S))
    lab.wait_for("a silence", lambda: _hearings(lab, box).count("silent") > 0, 60)
    assert "told" not in _hearings(lab, box)
    lab.world(box)
    lab.wait_for("the account", lambda: "told" in _hearings(lab, box), 120)
    late = [each["witness"] for each in _walks(lab, box) if each.get("witness", {}).get("hearing") == "told"]
    assert any(each["says"].startswith(NEVER_CAME) and each["lost"] == "inward" for each in late)
    lab.wait_for("the end of it", lambda: lab.shown(box, "own/alive").get("state") == "ok", 60)
    assert lab.shown(box, "own/alive")["witness"] is None, "reached: what was lost before is no news"
    lab.stop(box.name)


def _walks(lab: Attested, box: Box) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.asked(box, "/api/v1/observations?limit=2000").get("walks", [])
    return found


def _hearings(lab: Attested, box: Box) -> list[str]:
    return [each["witness"]["hearing"] for each in _walks(lab, box) if each.get("witness")]
