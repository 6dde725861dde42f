"""Both ends of a walk through the liar: what left, what arrived, and what never came, as one sentence."""

from __future__ import annotations

import base64
import datetime
import http.client
import shutil
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from deploy.responder import init
from probes import throttle, witness
from probes.facts import Walk
from probes.words import Failure, Step
from tests.lab import enter, world
from tests.lab.lab import Lab, scratch
from tests.lab.processes import reachable
from tests.lab.world import MOBILE_NET

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

NAME, TESTED = "witness.example.org", "www.instagram.com"
PEER = X25519PrivateKey.from_private_bytes(b"a vantage's own key of 32 bytes!")
ON = {"on": [MOBILE_NET]}


class Witnessed(Lab):
    """A laboratory with nothing abroad but the responder."""

    def _start_servers(self) -> None:
        now = datetime.datetime.fromtimestamp(time.time(), datetime.UTC)
        init.write(self.made, NAME, world.RESPONDER, str(self.folder / "log"), now)
        config = self.made / "responder.yml"
        peers = [base64.b64encode(PEER.public_key().public_bytes_raw()).decode()]
        with config.open("a") as file:
            file.write(f"wireguard: {{key_file: wireguard.key, peers: {peers}}}\n")
        command = [sys.executable, "-m", "deploy.responder", "run", f"--config.file={config}"]
        self.spawn("responder", "own", command)
        self.wait_for("the responder", lambda: reachable(world.RESPONDER, 443))

    @property
    def made(self) -> Path:
        return self.folder / "responder"

    def walk(self, says: str) -> Walk:
        """From a mobile line inside."""
        command = ["tests.lab.witnessed", str(self.made / "ca.pem"), world.RESPONDER, NAME, says]
        done = self.run("m1", sys.executable, "-m", *command)
        assert done.returncode == 0, done.stderr
        return msgspec.json.decode(done.stdout, type=Walk)

    def sentence(self, walk: Walk) -> str:
        """The log is asked for by another way than the walk went: not through the liar."""
        greeting = next(seen for seen in walk.steps if seen.step is Step.HANDSHAKE)
        assert greeting.hello_sha256 is not None
        context = ssl.create_default_context(cafile=str(self.made / "ca.pem"))
        context.check_hostname = False
        line = http.client.HTTPSConnection(world.RESPONDER, 443, timeout=5, context=context)
        token = (self.made / "token").read_text().strip()
        line.request("GET", f"/witness/{greeting.hello_sha256}", headers={"Authorization": f"Bearer {token}"})
        answer = line.getresponse()
        assert answer.status == 200
        key = load_pem_public_key((self.made / "log.pub").read_bytes())
        assert isinstance(key, Ed25519PublicKey)
        lines = answer.read().decode().splitlines()
        line.close()
        return witness.joined(walk, witness.testimony(lines, greeting.hello_sha256, key), clock_wrong_ms=0)


@pytest.fixture(scope="module")
def lab() -> Iterator[Witnessed]:
    with scratch() as folder:
        running = Witnessed(folder)
        with running:
            yield running


CASES = [
    ("nothing", [], None, "ClientHello arrived, ServerHello left and came, and so did what followed."),
    ("the ServerHello is swallowed", [{"lie": "server_hello_swallowed", **ON}], Failure.TIMEOUT,
     "ClientHello arrived, ServerHello left, ServerHello never came, and none of it was acknowledged."),
    ("the name is swallowed", [{"lie": "silence_by_name", **ON, "names": ["instagram.com"]}], Failure.TIMEOUT,
     "ClientHello left, and never arrived."),
    ("the name is reset", [{"lie": "reset_by_name", **ON, "names": ["instagram.com"]}], Failure.CONNECTION_RESET,
     "ClientHello left, and never arrived."),
]  # fmt: skip


@pytest.mark.parametrize(("lies", "failure", "sentence"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_lie_has_its_sentence(
    lab: Witnessed, lies: list[dict[str, object]], failure: Failure | None, sentence: str
) -> None:
    lab.lies(*lies)
    walk = lab.walk(TESTED)
    lab.lies()
    assert walk.failure is failure
    assert lab.sentence(walk) == sentence


def test_a_body_that_stalls_by_name_stalls_at_16_kb_and_another_name_passes(lab: Witnessed) -> None:
    lab.lies({"lie": "stall", **ON, "names": ["instagram.com"]})
    tested, neutral = lab.walk(TESTED), lab.walk(NAME)
    lab.lies()
    assert (tested.last.step, tested.failure) == (Step.TRANSFER, Failure.TIMEOUT)
    assert throttle.stalled(tested)
    assert "the handshake was completed by both, then generic_timeout_error here" in lab.sentence(tested)
    assert neutral.failure is None


def test_a_real_wireguard_takes_the_answer_for_the_real_thing(lab: Witnessed) -> None:
    """wireguard-go, a household's own program, completes the handshake: nobody here wrote both ends."""
    if shutil.which("wireguard-go") is None or shutil.which("wg") is None:
        pytest.skip("wireguard-go and wg are not installed (apt: wireguard-go wireguard-tools)")
    own = X25519PrivateKey.from_private_bytes(base64.b64decode((lab.made / "wireguard.key").read_text()))
    public = base64.b64encode(own.public_key().public_bytes_raw()).decode()
    (lab.folder / "peer.key").write_text(base64.b64encode(PEER.private_bytes_raw()).decode())
    lab.spawn("wireguard", "m1", ["wireguard-go", "-f", "wgt"])
    peer = ["peer", public, "endpoint", f"{world.RESPONDER}:51820", "allowed-ips", "10.99.0.0/16"]
    wanted = ["wg", "set", "wgt", "private-key", str(lab.folder / "peer.key"), *peer, "persistent-keepalive", "1"]
    lab.wait_for("wireguard-go", lambda: lab.run("m1", *wanted).returncode == 0)
    assert lab.run("m1", "ip", "link", "set", "wgt", "up").returncode == 0

    def shaken() -> bool:
        said = lab.run("m1", "wg", "show", "wgt", "latest-handshakes").stdout.split()
        return len(said) == 2 and int(said[1]) > 0

    lab.wait_for("a handshake", shaken)
    lab.stop("wireguard")


def test_the_log_of_all_this_is_whole_and_names_nobody(lab: Witnessed) -> None:
    log = lab.folder / "log"
    files = [str(path) for path in sorted(log.glob("*.log"))]
    done = lab.run(
        "world", sys.executable, "-m", "deploy.responder", "verify", "--key", str(lab.made / "log.pub"), *files
    )
    assert done.returncode == 0, done.stdout
    said = "".join(Path(file).read_text() for file in files)
    assert "5.112." not in said
    assert "instagram" not in said
