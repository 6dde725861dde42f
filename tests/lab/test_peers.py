"""What we say and hear by each protocol, against peers that other people wrote: through real sockets, on loopback."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from probes import catalogue
from probes.facts import Walk
from probes.knock import wireguard as wireguard_knock
from probes.knock.ikev2 import SaInit
from probes.knock.talk import Reply
from probes.words import Failure, Kind, Transport
from tests.lab import enter, peers
from tests.probes.liars import listening, says, tools, walked

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

_SILENCE_S = 0.4  # long enough for an answer on loopback, which must not come


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder that goes with its namespace, short enough for Unix sockets."""
    with tempfile.TemporaryDirectory(dir="/run") as path:
        yield Path(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as path:
        yield path


async def walk(
    folder: Path, kind: Kind, port: int, transport: Transport, options: Mapping[str, str], patience_s: float = 4.0
) -> Walk:
    """As an operator would: a service file, the keys in files beside it, and one walk."""
    row = {
        "id": "mine", "kind": kind.value, "depth": "protocol", "source": "the laboratory", "hosts": ["127.0.0.1"],
        "ports": [port], "transport": transport.value, "options": dict(options),
    }  # fmt: skip
    file = {"service": "my-vpn", "title": {"en": "Mine"}, "category": "vpn", "targets": [row]}
    (folder / "my-vpn.yml").write_text(json.dumps(file))
    service, mistakes = catalogue.load_file(folder / "my-vpn.yml")
    assert service is not None, mistakes
    return await walked(service.targets[0], replace(tools(timeout_s=patience_s), token=secrets.token_bytes))


# ---------------------------------------------------------------- WireGuard


class Pair:
    """Two peers that know each other, and files with our half."""

    def __init__(self, folder: Path, *, preshared: bool) -> None:
        self.own, self.theirs = peers.wg("genkey"), peers.wg("genkey")
        self.preshared = peers.wg("genpsk") if preshared else ""
        self.public_key = peers.wg("pubkey", said=self.theirs)
        self.options = {"public_key": self.public_key, "private_key_file": "client.key"}
        (folder / "client.key").write_text(self.own + "\n")
        if preshared:
            (folder / "client.psk").write_text(self.preshared + "\n")
            self.options["preshared_key_file"] = "client.psk"


@pytest.mark.parametrize("preshared", [False, True], ids=["two keys", "and a third"])
async def test_wireguard_go_answers_again_and_again_and_nobody_but_us(folder: Path, preshared: bool) -> None:
    pair = Pair(folder, preshared=preshared)
    known = peers.wg("pubkey", said=pair.own)
    with peers.wireguard(folder, 51820, own=pair.theirs, peer=known, preshared=pair.preshared):
        for _ in range(2):  # a time that is not later would be dropped
            done = await walk(folder, Kind.WIREGUARD, 51820, Transport.UDP, pair.options)
            assert (done.failure, done.authenticated) == (None, True)
        (folder / "client.psk").write_text(peers.wg("genpsk"))
        other = {**pair.options, "preshared_key_file": "client.psk"}
        done = await walk(folder, Kind.WIREGUARD, 51820, Transport.UDP, other, _SILENCE_S)
        assert done.failure is Failure.KNOCK_UNEXPECTED_REPLY, "it answers, and by another key"
        other = {**pair.options, "public_key": known}
        done = await walk(folder, Kind.WIREGUARD, 51820, Transport.UDP, other, _SILENCE_S)
        assert done.failure is Failure.TIMEOUT, "who is not the one we ask for says nothing"
        (folder / "client.key").write_text(peers.wg("genkey"))
        done = await walk(folder, Kind.WIREGUARD, 51820, Transport.UDP, pair.options, _SILENCE_S)
        assert done.failure is Failure.TIMEOUT, "nor to a stranger"


def test_wireguard_go_under_load_is_known_by_its_cookie(folder: Path) -> None:
    pair = Pair(folder, preshared=False)
    keys = wireguard_knock.Keys(
        X25519PrivateKey.from_private_bytes(base64.b64decode(pair.own)), base64.b64decode(pair.public_key)
    )
    with (
        peers.wireguard(folder, 51820, own=pair.theirs, peer=peers.wg("pubkey", said=pair.own)),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line,
    ):
        line.settimeout(5)
        line.connect(("127.0.0.1", 51820))
        talk = wireguard_knock.Handshake(keys, secrets.token_bytes, 1_700_000_000_000)
        opening = talk.opening()
        for _ in range(20_000):
            line.send(opening)
        heard = {len(data): talk.read(data) for data in _datagrams(line)}
    assert heard.get(64) is Reply.PROVEN, heard


def _datagrams(line: socket.socket) -> Iterator[bytes]:
    line.settimeout(0.3)
    with contextlib.suppress(TimeoutError):
        while True:
            yield line.recv(2048)


# ---------------------------------------------------------------- OpenVPN

STATIC, SERVER_V2, CLIENT_V2 = "static.key", "server.key", "client.key"
WRAPS = {
    "nothing": ([], {}),
    "tls-auth": (["--tls-auth", STATIC, "0"], {"tls_auth_file": STATIC, "key_direction": "1"}),
    "tls-auth, SHA256, no direction": (
        ["--tls-auth", STATIC, "--auth", "SHA256"], {"tls_auth_file": STATIC, "auth": "SHA256"}),
    "tls-auth, SHA512": (
        ["--tls-auth", STATIC, "1", "--auth", "SHA512"],
        {"tls_auth_file": STATIC, "key_direction": "0", "auth": "SHA512"}),
    "tls-crypt": (["--tls-crypt", STATIC], {"tls_crypt_file": STATIC}),
    "tls-crypt-v2": (["--tls-crypt-v2", SERVER_V2], {"tls_crypt_v2_file": CLIENT_V2}),
    "tls-crypt-v2, strict": (["--tls-crypt-v2", SERVER_V2, "force-cookie"], {"tls_crypt_v2_file": CLIENT_V2}),
}  # fmt: skip


def make_keys(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for arguments in (["secret", STATIC], ["tls-crypt-v2-server", SERVER_V2]):
        subprocess.run(["openvpn", "--genkey", *arguments], cwd=folder, check=True, capture_output=True)
    client = ["openvpn", "--tls-crypt-v2", SERVER_V2, "--genkey", "tls-crypt-v2-client", CLIENT_V2]
    subprocess.run(client, cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def keys() -> Iterator[Path]:
    """A folder with the server's keys, and below it those of a stranger."""
    with scratch() as path:
        make_keys(path)
        make_keys(path / "other")
        peers.certificates(path)
        yield path


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("wrap", WRAPS)
async def test_openvpn_answers_whoever_holds_its_key_and_nobody_else(
    keys: Path, wrap: str, transport: Transport
) -> None:
    arguments, options = WRAPS[wrap]
    with peers.openvpn(keys, 1194, transport, *arguments):
        done = await walk(keys, Kind.OPENVPN, 1194, transport, options)
        assert (done.failure, done.authenticated) == (None, True), (keys / "openvpn.log").read_text()
        others = {key: f"other/{name}" if key.endswith("_file") else name for key, name in options.items()}
        for given in (others, {}) if options else ():
            done = await walk(keys, Kind.OPENVPN, 1194, transport, given, _SILENCE_S)
            assert done.failure in (Failure.TIMEOUT, Failure.CONNECTION_RESET, Failure.EOF)


# ---------------------------------------------------------------- IKEv2

SA, NOTIFY = 33, 41
NO_PROPOSAL_CHOSEN, INVALID_KE_PAYLOAD, COOKIE = 14, 17, 16390


@pytest.mark.parametrize(
    ("settings", "proposals", "first", "said"),
    [
        ((), "", NOTIFY, NO_PROPOSAL_CHOSEN),
        ((), "aes256-sha256-ecp256", SA, None),
        ((), "aes256gcm16-prfsha256-x25519", NOTIFY, INVALID_KE_PAYLOAD),
        ((), "aes128-sha1-modp2048", NOTIFY, INVALID_KE_PAYLOAD),
        (("cookie_threshold = 1",), "aes256-sha256-ecp256", NOTIFY, COOKIE),
    ],
    ids=["nothing is configured", "agrees", "wants another group", "wants an old group", "wants a cookie first"],
)
async def test_strongswan_is_reached_whatever_it_answers(
    folder: Path, settings: tuple[str, ...], proposals: str, first: int, said: int | None
) -> None:
    with peers.strongswan(folder, *settings):
        if proposals:
            peers.agree(folder, proposals)
        for port in (500, 4500):
            done = await walk(folder, Kind.IKEV2, port, Transport.UDP, {})
            assert (done.failure, done.authenticated) == (None, True)
        talk = SaInit(secrets.token_bytes(8), secrets.token_bytes(32), secrets.token_bytes(32), 500)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(5)
            line.connect(("127.0.0.1", 500))
            line.send(talk.opening())
            answer = line.recv(2048)
    assert talk.read(answer) is Reply.PROVEN
    assert answer[16] == first
    assert said is None or int.from_bytes(answer[34:36], "big") == said


# ---------------------------------------------------------------- STUN


@pytest.mark.parametrize("transport", Transport)
async def test_coturn_answers_a_binding(folder: Path, transport: Transport) -> None:
    with peers.coturn(folder, 3478):
        done = await walk(folder, Kind.STUN, 3478, transport, {})
    assert (done.failure, done.authenticated) == (None, True)


# ---------------------------------------------------------------- Shadowsocks


@pytest.mark.parametrize("cipher", ["aes-128-gcm", "aes-256-gcm", "chacha20-ietf-poly1305"])
async def test_ss_server_fetches_for_whoever_holds_its_key(folder: Path, cipher: str) -> None:
    (folder / "password").write_text("correct horse".replace(" ", "-"))
    options = {"cipher": cipher, "key_file": "password", "through": "127.0.0.1"}
    web = says(b"HTTP/1.1 204 No Content\r\n\r\n")
    async with listening(web, port=80):
        with peers.shadowsocks(folder, 8388, cipher=cipher, password="correct-horse"):
            done = await walk(folder, Kind.SHADOWSOCKS, 8388, Transport.TCP, options)
            assert (done.failure, done.authenticated) == (None, True)
            (folder / "password").write_text("battery-staple")
            done = await walk(folder, Kind.SHADOWSOCKS, 8388, Transport.TCP, options, _SILENCE_S)
            assert done.failure is Failure.TIMEOUT
