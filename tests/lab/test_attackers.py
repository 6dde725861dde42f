"""Plays the attackers of docs/threat-model.md: the board, its line, its hub. Real daemons, a real hub, real packets."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import io
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from monitor.home.remotewrite import HEADERS, TimeSeries, encode, labels, value
from tests.lab import enter, world
from tests.lab.lab import HUB_PORT, Lab, scratch
from tests.lab.middlebox import OUTSIDE
from tests.lab.processes import reachable
from tests.lab.world import Box

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

M1, M2, F1, F2, C1, C2, C3 = world.VANTAGES
TIMES = 20
TICK_S = 60 / TIMES
BOARD = "http://127.0.0.1:9810"


class Ear:
    """Hears every packet that passes the liar on its way abroad, as a censor does."""

    def __init__(self) -> None:
        self.heard: dict[str, io.BytesIO] = {}
        self._line = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self._line.bind((OUTSIDE, 0))
        self._line.settimeout(0.2)
        self._over = threading.Event()
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError):  # nothing came, or the line is not up yet
                packet = self._line.recv(65536)
                if packet[:1] == b"E":
                    self.heard.setdefault(socket.inet_ntoa(packet[12:16]), io.BytesIO()).write(packet[20:])

    def of(self, box: Box) -> bytes:
        return self.heard[box.address].getvalue()

    def close(self) -> None:
        self._over.set()
        self._listening.join()
        self._line.close()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A captured box (m1), an honest one (f1), a hub with its database; and somebody who hears the line."""
    with scratch() as folder, Lab(folder, times=TIMES) as running:
        running.ear = Ear()  # type: ignore[attr-defined]
        running.start_hub(victoria=True)
        for box in (M1, F1):
            running.start_vantage(box, services=("./whatsapp.yml", "instagram", "canaries"))
        running.wait_for("both boxes at the hub", lambda: {"m1", "f1"} <= heard(running), patience_s=90)
        yield running
        running.ear.close()  # type: ignore[attr-defined]


def heard(lab: Lab) -> set[str]:
    return {row["metric"]["vantage"] for row in lab.query("didban_heartbeat_timestamp_seconds")}


def delivers(lab: Lab, box: Box) -> float:
    """How many samples the hub took of it, as the box itself says."""
    text = curl(lab, box, f"{BOARD}/metrics")[1]
    rows = [
        line for line in text.splitlines() if line.startswith("didban_ship_samples_total") and 'result="ok"' in line
    ]
    return float(rows[0].split()[-1]) if rows else 0.0


def curl(lab: Lab, box: Box, url: str, *more: str) -> tuple[int, str]:
    """The status (0: no answer) and the body, asked from that box."""
    said = lab.run(box.name, "curl", "-gsk", "--max-time", "5", "-w", "\n%{http_code}", *more, url).stdout
    body, _, status = said.rpartition("\n")
    return int(status or 0), body


def write(lab: Lab, user: Box, password_of: Box, *series: TimeSeries, **headers: str) -> int:
    """What the hub answers to these series, sent with that name and that password."""
    told = f"{user.name}:{lab.password(password_of)}"
    basic = {"Authorization": "Basic " + base64.b64encode(told.encode()).decode()}
    context = ssl.create_default_context(cafile=str(lab.pki.ca_file))
    line = http.client.HTTPSConnection(world.HUB, HUB_PORT, timeout=5, context=context)
    line.request("POST", "/api/v1/write", encode(list(series)), {**HEADERS, **basic, **headers})
    status = line.getresponse().status
    line.close()
    return status


def up(age_s: float = 0, name: str = "didban_target_up", number: float = 0.0, **more: str) -> TimeSeries:
    mine = labels(name, {"service": "instagram", "target": "web", **more} if name.endswith("up") else more)
    return TimeSeries(mine, ((int((time.time() - age_s) * 1000), value(number)),))


# ---------------------------------------------------------------- a captured vantage, and what it can say


def test_a_captured_vantage_writes_nothing_in_anothers_name(lab: Lab) -> None:
    assert write(lab, M1, M1, up()) == 204, "its own words are taken"
    refused = {
        "another vantage": up(vantage="f1"),
        "another country": up(country="FI"),
        "another network": up(network=F1.network),
        "a control": up(role="control"),
        "what only a hub says": up(name="didban_vantage_expected", vantage="f1"),
        "what another box is": up(name="didban_vantage_paused", vantage="f1", number=1),
        "a label that makes two of it": up(copy="second"),
        "no name of ours": up(name="up"),
        "a heartbeat of tomorrow": up(name="didban_heartbeat_timestamp_seconds", number=time.time() + 86_400),
        "a sample of tomorrow": up(age_s=-86_400),
        "backfill in anothers name": up(age_s=3 * 86_400, vantage="f1"),
        "backfill of last month": up(age_s=30 * 86_400),
    }
    assert {what: write(lab, M1, M1, series) for what, series in refused.items()} == dict.fromkeys(refused, 400)
    assert write(lab, M1, M1, up(), up(vantage="f1")) == 400, "one foreign label, and nothing of the batch is taken"
    assert write(lab, F1, M1, up()) == 401, "another's name with its own password"
    assert write(lab, M1, M1, up(), **{"X-Scope-OrgID": "f1", "X-Vantage": "f1", "X-Forwarded-User": "f1"}) == 204
    second = {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}
    assert write(lab, M1, M1, up(), **second) == 415, "no exemplars, no metadata: remote write 2.0 is not spoken"
    lab.wait_until_handed_on()
    assert not lab.query('didban_target_up{vantage="f1",service="instagram"} == 0'), "f1 is as f1 says"
    assert not lab.query('didban_target_up{copy!=""}')


def test_a_captured_vantage_reads_nothing_at_the_hub(lab: Lab) -> None:
    url = f"https://{world.HUB}:{HUB_PORT}"
    auth = ("-u", f"m1:{lab.password(M1)}")
    for path in (
        "/",
        "/metrics",
        "/api/v1/status",
        "/api/v1/query?query=up",
        "/credentials/f1",
        "/%2e%2e/registry.yml",
    ):
        assert curl(lab, M1, url + path, *auth)[0] == 404, path
        assert curl(lab, M1, url + path, *auth, "-H", f"Host: localhost:{HUB_PORT}")[0] == 404, path
    now_ms = int(time.time() * 1000)
    asked = f"{url}/api/v1/held?from={now_ms - 1000}&until={now_ms}&vantage=f1"
    status, said = curl(lab, M1, asked, *auth)
    assert status == 501, "this hub tells no box anything"
    assert "f1" not in said
    assert curl(lab, M1, asked, "-u", f"f1:{lab.password(M1)}")[0] == 401


def test_a_captured_disk_holds_nothing_of_the_others_and_no_address_of_its_own(lab: Lab) -> None:
    held = {path: path.read_bytes() for path in (lab.folder / "m1").rglob("*") if path.is_file()}
    assert sum(map(len, held.values())) > 50_000, "it lived"
    assert socket.gethostname() == enter.HOSTNAME, "else its name could stand in a file by chance"
    forbidden = [enter.HOSTNAME.encode(), M1.address.encode()]
    for other in world.VANTAGES[1:]:
        password = lab.password(other)
        forbidden += [password.encode(), hashlib.sha256(password.encode()).hexdigest().encode(), other.address.encode()]
        forbidden += [f'vantage="{other.name}"'.encode(), hashlib.sha256(other.name.encode()).digest()]
    for path, content in held.items():
        assert [each for each in forbidden if each in content] == [], path.name


# ---------------------------------------------------------------- the line

_FALSE_HUB = """
import socket, ssl, sys
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])
with socket.create_server(("", int(sys.argv[3]))) as there:
    while True:
        line, _ = there.accept()
        line.settimeout(3)
        try:
            with context.wrap_socket(line, server_side=True) as within:
                data = within.recv(65536)
                print("heard", data, flush=True) if data else print("no handshake: closed", flush=True)
        except OSError as error:
            print("no handshake:", error, flush=True)
"""


def test_who_hears_the_line_reads_no_name_of_ours_and_no_secret(lab: Lab) -> None:
    heard_of = lab.ear.of(M1)  # type: ignore[attr-defined]
    assert b"instagram.com" in heard_of, "he hears what is walked"
    ours = (b"didban", b"m1:", lab.password(M1).encode(), b"remote_write", b"aiohttp", b"X-Prometheus")
    assert [each for each in ours if each.lower() in heard_of.lower()] == []


def test_a_false_hub_gets_no_password_and_loses_no_sample(lab: Lab) -> None:
    """All that goes to the hub is led to somebody else, who has a certificate of the same authority for another name."""
    leaf = lab.pki.leaf("false-hub", "false-hub.example")
    lab.spawn(
        "false-hub", "impostor", [sys.executable, "-c", _FALSE_HUB, str(leaf.chain), str(leaf.key), str(HUB_PORT)]
    )
    lab.wait_for("the false hub", lambda: reachable(world.IMPOSTOR, HUB_PORT))
    lab.lies({"lie": "diversion", "on": [world.FIXED_NET], "to": [world.HUB], "toward": world.IMPOSTOR})
    said = lab.folder / "false-hub.log"
    try:
        lab.wait_for("the box at the false hub", lambda: "no handshake" in said.read_text(), patience_s=40)
        time.sleep(2.5 * TICK_S)  # a tick says what was taken before it
        began = delivers(lab, F1)
        time.sleep(1.5 * TICK_S)
        assert delivers(lab, F1) == began, "nothing is taken while the hub is false"
    finally:
        lab.lies()
    lab.wait_for("what was seen meanwhile", lambda: delivers(lab, F1) > began, patience_s=40)
    assert "heard" not in said.read_text(), "no byte came to it but of handshakes"
    assert lab.password(F1) not in (lab.folder / "f1.log").read_text()


def test_a_replay_opens_nothing_and_changes_nothing(lab: Lab) -> None:
    """TLS hides the request; whoever has it all the same cannot send it on without the password, nor alter by it."""
    once = up(number=1.0, age_s=5)
    assert write(lab, M1, M1, once) == 204
    assert write(lab, M1, M1, once) == 204
    assert write(lab, M1, M1, once, Authorization="") == 401
    lab.wait_until_handed_on()


# ---------------------------------------------------------------- the hub, from outside


def test_a_stranger_gets_neither_in_nor_anything_out_nor_into_the_log(lab: Lab) -> None:
    log = lab.folder / "hub.log"
    before = log.stat().st_size
    url = f"https://{world.HUB}:{HUB_PORT}"
    for path in ("/", "/metrics", "/api/v1/status"):
        assert curl(lab, C3, url + path)[0] == 404
        assert curl(lab, C3, url + path, "-H", "X-Forwarded-For: 127.0.0.1")[0] == 404
    for number in range(30):
        assert curl(lab, C3, f"{url}/api/v1/write", "-X", "POST", "-u", f"m1:guess{number}", "-d", "x")[0] == 401
    assert "server:" not in curl(lab, C3, f"{url}/-/healthy", "-i")[1].lower()
    said = log.read_bytes()[before:].decode()
    assert "guess" not in said
    assert said.count("unauthorized") == 0


_FLOOD = """
import socket, ssl, sys, time
held = []
for _ in range(int(sys.argv[3])):
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)
    s.settimeout(0.2)
    held.append(s)
    s.send(b"\\x16\\x03\\x01" if len(held) % 2 else b"")
print("flooding", flush=True)
time.sleep(60)
"""


@contextlib.contextmanager
def flooding(host: str, port: int, connections: int, *boxes: Box) -> Iterator[None]:
    """So many connections of each box, half of them in the middle of a handshake, until the block ends."""
    flood = [sys.executable, "-c", _FLOOD, host, str(port), str(connections)]
    with contextlib.ExitStack() as stack:
        for box in boxes:
            command = ["ip", "netns", "exec", box.name, *flood]
            child = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
            stack.callback(child.kill)
            assert child.stdout is not None
            assert child.stdout.readline() == b"flooding\n"
        yield


def test_a_flood_of_slow_strangers_keeps_no_honest_box_out(lab: Lab) -> None:
    """Three hosts with 200 connections each: more than the hub has places."""
    with flooding(world.HUB, HUB_PORT, 200, C1, C2, C3):
        assert write(lab, M2, M2, up()) == 204, "who had no connection open gets in"
        since = f'timestamp(didban_heartbeat_timestamp_seconds{{vantage="f1"}}) > {time.time()}'
        lab.wait_for("an honest box to be heard", lambda: lab.query(since), patience_s=15)


# ---------------------------------------------------------------- the board


def test_a_flatmate_on_the_same_network_finds_no_open_door(lab: Lab) -> None:
    for port in (9810, 9090, 9093, 9811, 22, 80):
        assert curl(lab, M2, f"http://{M1.address}:{port}/")[0] == 0, port
    listening = lab.run(M1.name, "ss", "-Hltun").stdout.split()
    bound = {each.rpartition(":")[0] for each in listening if ":" in each and each[-1] != "*"}
    assert bound <= {"127.0.0.1", "[::1]"}, bound


def test_a_page_of_another_site_makes_the_box_neither_walk_nor_talk(lab: Lab) -> None:
    probe = f"{BOARD}/probe?target=instagram/web"
    for said in (
        ("Origin: https://evil.example",),
        ("Sec-Fetch-Site: cross-site",),
        ("Referer: https://evil.example/",),
    ):
        more = [word for each in said for word in ("-H", each)]
        assert curl(lab, M1, probe, "-X", "POST", *more)[0] == 403
    assert curl(lab, M1, probe)[0] == 405
    for path in ("/", "/metrics", "/api/v1/status", "/api/v1/observations"):
        assert curl(lab, M1, BOARD + path, "-H", "Host: evil.example:9810")[0] == 421, "rebinding"
    assert "access-control" not in curl(lab, M1, f"{BOARD}/api/v1/status", "-i")[1].lower()


def test_slow_clients_on_the_board_stop_nothing(lab: Lab) -> None:
    with flooding("127.0.0.1", 9810, 30, M1):
        assert curl(lab, M1, f"{BOARD}/-/healthy")[0] == 200


def test_what_is_found_in_a_drawer_after_a_wipe_is_nothing(lab: Lab) -> None:
    """Last: m1 is at work when it is wiped."""
    status = json.loads(curl(lab, M1, f"{BOARD}/api/v1/status")[1])
    assert status["vantage"] == "m1"
    config = lab.folder / "m1" / "didban.yml"
    done = lab.run(M1.name, sys.executable, "-m", "monitor", "wipe", f"--config.file={config}", "--yes")
    assert done.returncode == 0, done.stderr
    left = {path.name for path in (lab.folder / "m1").rglob("*") if path.is_file()}
    assert left <= {"own.yml", "wireguard.key", "witness.yml"}, "what the laboratory laid there and nobody named"
    assert curl(lab, M1, f"{BOARD}/-/healthy")[0] == 0, "and it has stopped"
