"""The independent peers of the laboratory: other people's WireGuard, OpenVPN, IKEv2, STUN and Shadowsocks, on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import trustme

from probes.words import Transport

_PATIENCE_S = 20.0
_POLL_S = 0.02
_STATES = {Transport.UDP: "07", Transport.TCP: "0A"}  # in /proc/net: a socket without a far end, and LISTEN


@contextlib.contextmanager
def running(
    command: Sequence[str], log: Path, ready: Callable[[], bool], environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """The peer, from the moment it is ready until it has ended."""
    with log.open("wb") as file:
        peer = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=log.parent,
            env={**os.environ, **(environment or {})},
        )
    try:
        wait(ready, log, peer)
        yield
    finally:
        peer.terminate()
        try:
            peer.wait(timeout=5)
        except subprocess.TimeoutExpired:
            peer.kill()
            peer.wait()


def wait(ready: Callable[[], bool], log: Path, peer: subprocess.Popen[bytes] | None = None) -> None:
    """Asks until it is ready. A wait has an end, and says what the peer said."""
    until = time.monotonic() + _PATIENCE_S
    while not ready():
        assert peer is None or peer.poll() is None, f"it ended: {log.read_text(errors='replace')}"
        assert time.monotonic() < until, f"not ready: {log.read_text(errors='replace')}"
        time.sleep(_POLL_S)


def listens(port: int, transport: Transport) -> Callable[[], bool]:
    """Whether anybody does, in this namespace."""

    def look() -> bool:
        tables = (Path(f"/proc/net/{transport}{six}").read_text() for six in ("", "6"))
        lines = [line.split() for table in tables for line in table.splitlines()[1:]]
        return any(line[1].endswith(f":{port:04X}") and line[3] == _STATES[transport] for line in lines)

    return look


# ---------------------------------------------------------------- WireGuard


def wg(*arguments: str, said: str = "") -> str:
    return subprocess.run(["wg", *arguments], input=said, capture_output=True, text=True, check=True).stdout.strip()


@contextlib.contextmanager
def wireguard(folder: Path, port: int, *, own: str, peer: str, preshared: str = "") -> Iterator[None]:
    """wireguard-go with the private key `own`; it knows one peer, by its public key."""
    device, files = "wg-peer", {"own": own, "preshared": preshared}
    paths = {name: folder / f"{name}.key" for name in files}
    for name, path in paths.items():
        path.touch(0o600)
        path.write_text(files[name])
    there = Path(f"/run/wireguard/{device}.sock")
    there.parent.mkdir(exist_ok=True)
    log = folder / "wireguard.log"
    with running(["wireguard-go", "-f", device], log, there.exists):
        also = ["preshared-key", str(paths["preshared"])] if preshared else []
        wg("set", device, "listen-port", str(port), "private-key", str(paths["own"]), "peer", peer, *also)
        subprocess.run(["ip", "link", "set", device, "up"], check=True)
        wait(listens(port, Transport.UDP), log)
        yield
    there.unlink(missing_ok=True)


# ---------------------------------------------------------------- the others


def certificates(folder: Path) -> None:
    """What an OpenVPN server cannot begin without, though no client here comes as far as to see it."""
    authority = trustme.CA()
    leaf = authority.issue_cert("vpn.example.org")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(folder / "chain.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))


def openvpn(folder: Path, port: int, transport: Transport, *wrap: str) -> contextlib.AbstractContextManager[None]:
    """`folder` holds its certificates, and the keys that `wrap` names."""
    proto = "udp" if transport is Transport.UDP else "tcp-server"
    command = [
        "openvpn", "--dev", "tun-peer", "--dev-type", "tun", "--server", "10.8.0.0", "255.255.255.0",
        "--local", "127.0.0.1", "--port", str(port), "--proto", proto,
        "--ca", "ca.pem", "--cert", "chain.pem", "--key", "key.pem", "--dh", "none",
        "--keepalive", "10", "60", "--verb", "3", *wrap,
    ]  # fmt: skip
    return running(command, folder / "openvpn.log", listens(port, transport))


def strongswan(folder: Path, *settings: str) -> contextlib.AbstractContextManager[None]:
    """charon on ports 500 and 4500; `settings`: lines of its section of strongswan.conf."""
    lines = "\n  ".join(settings)
    (folder / "strongswan.conf").write_text(f"""
charon-systemd {{
  load = random nonce aes gcm sha1 sha2 hmac kdf openssl curve25519 socket-default vici kernel-netlink
  plugins {{
    vici {{ socket = unix://{folder}/vici }}
    socket-default {{ use_ipv6 = no }}
  }}
  {lines}
}}
""")
    environment = {"STRONGSWAN_CONF": str(folder / "strongswan.conf")}

    def ready() -> bool:
        return (folder / "vici").exists() and listens(500, Transport.UDP)()

    charon = _elsewhere("charon-systemd", folder)
    return running([charon], folder / "charon.log", ready, environment)


def _elsewhere(program: str, folder: Path) -> str:
    """A copy, to which AppArmor's profile of the installed one does not apply: it may read our files."""
    return shutil.copy(shutil.which(program) or program, str(folder))


def agree(folder: Path, proposals: str) -> None:
    """charon answers everybody, by these proposals."""
    (folder / "swanctl.conf").write_text(f"""
connections {{ everybody {{ version = 2
  local_addrs = 0.0.0.0/0
  remote_addrs = 0.0.0.0/0
  proposals = {proposals}
  local {{ auth = psk }}
  remote {{ auth = psk }}
  children {{ all {{ }} }}
}} }}
""")
    load = [
        _elsewhere("swanctl", folder),
        "--load-conns",
        "--uri",
        f"unix://{folder}/vici",
        "--file",
        str(folder / "swanctl.conf"),
    ]
    subprocess.run(load, check=True, capture_output=True)


def coturn(folder: Path, port: int) -> contextlib.AbstractContextManager[None]:
    command = [
        "turnserver", "-n", "--stun-only", "--listening-ip", "127.0.0.1", "-p", str(port), "--no-tls", "--no-dtls",
        "--no-cli", "--log-file", "stdout", "--simple-log", "--pidfile", str(folder / "pid"), "-b", str(folder / "users"),
    ]  # fmt: skip
    return running(command, folder / "coturn.log", listens(port, Transport.TCP))


def shadowsocks(folder: Path, port: int, *, cipher: str, password: str) -> contextlib.AbstractContextManager[None]:
    command = ["ss-server", "-s", "127.0.0.1", "-p", str(port), "-k", password, "-m", cipher, "-v"]
    return running(command, folder / "shadowsocks.log", listens(port, Transport.TCP))
