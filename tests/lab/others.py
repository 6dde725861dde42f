"""The machines only some worlds need, started when asked for: a portal, forgers, a home's own resolver, a tunnel."""

from __future__ import annotations

import datetime
import functools
import sys
from collections.abc import Sequence

from deploy.responder import init
from probes.words import Kind
from tests.lab import servers, world
from tests.lab.lab import Lab
from tests.lab.processes import reachable
from tests.lab.world import Box

_WEB = {443: True, 80: False}
_HOUSE = "192.168.1.1"


def portal(lab: Lab) -> None:
    """At world.PORTAL: redirects what is asked in clear to its own page, and has a certificate of its own."""
    leaf = lab.pki.stranger("portal", "login.portal.example", world.PORTAL)
    lab.spawn("portal", "portal", servers.nginx(lab.folder / "portal", servers.portal(leaf)))
    lab.wait_for("the portal", lambda: reachable(world.PORTAL, 443))


def store(lab: Lab) -> None:
    """At world.STORE, abroad: our own responder, which has 64 KB for whoever says whatever name."""
    at, leaf = lab.folder / "store", lab.pki.leaf("store", world.STORE_NAME)
    now = datetime.datetime.now(datetime.UTC)
    init.write(at, world.STORE_NAME, world.STORE, str(at / "log"), now)
    for name, file in (("chain.pem", leaf.chain), ("key.pem", leaf.key)):
        (at / name).write_bytes(file.read_bytes())  # of the root everybody here trusts
    command = [sys.executable, "-m", "deploy.responder", "run", f"--config.file={at / 'responder.yml'}"]
    lab.spawn("store", "store", command)
    lab.wait_for("the store", lambda: reachable(world.STORE, 443))


def near(lab: Lab) -> None:
    """At world.NEAR, inside: has the certificate of every canary that stands abroad."""
    leaf = lab.pki.leaf("near", *world.canaries())
    lab.spawn("near", "near", servers.nginx(lab.folder / "near", servers.greeting(leaf, _WEB)))
    lab.wait_for("the near canary", lambda: reachable(world.NEAR, 443))


def impostor(lab: Lab) -> None:
    """At world.IMPOSTOR: a web server of somebody else's, with a good certificate for another name."""
    config = servers.greeting(lab.pki.leaf("impostor", "impostor.example"), _WEB)
    lab.spawn("impostor", "impostor", servers.nginx(lab.folder / "impostor", config))
    lab.wait_for("the impostor", lambda: reachable(world.IMPOSTOR, 443))


def forger(lab: Lab) -> None:
    """At world.FORGER a certificate for any name, from nobody; at world.TRUSTED_FORGER from the root of the state."""
    state = lab.pki.state
    command = [sys.executable, "-m", "tests.lab.forger", world.FORGER, world.TRUSTED_FORGER, str(state.chain)]
    lab.spawn("forger", "forger", [*command, str(state.key)])
    lab.wait_for("the forger", lambda: reachable(world.TRUSTED_FORGER, 443))


def expired(lab: Lab) -> None:
    """At world.EXPIRED: Instagram with its own certificate, which nobody renewed in time."""
    leaf = lab.pki.leaf("expired", *world.hosts_of("instagram"), ended=True)
    lab.spawn("expired", "forger", servers.nginx(lab.folder / "expired", servers.greeting(leaf, _WEB, world.EXPIRED)))
    lab.wait_for("what has expired", lambda: reachable(world.EXPIRED, 443))


def proxy(lab: Lab) -> None:
    """At world.PROXY a resolver that leads the sanctioned to itself, and a proxy that carries them on by their SNI."""
    at = {name: (world.PROXY,) for service in world.SANCTIONED for name in world.hosts_of(service)}
    config = servers.unbound(lab.folder / "proxy-dns", world.PROXY, at, world.WORLD_DNS, twins=False)
    lab.spawn("proxy-dns", "proxy", config)
    lab.spawn("proxy", "proxy", [sys.executable, "-m", "tests.lab.proxy", world.PROXY])
    lab.wait_for("the proxy", lambda: reachable(world.PROXY, 443) and reachable(world.PROXY, 53))


def house(lab: Lab, box: Box, sunk: Sequence[str]) -> str:
    """A sinkhole in the box's own house: its address, which the box is to ask for names.

    These names are 0.0.0.0 there, everything else is what the operator says; a web server listens in the house.
    """
    lab.run(box.name, "ip", "addr", "add", f"{_HOUSE}/32", "dev", "lo")
    at = lab.folder / f"{box.name}-house"
    config = servers.unbound(at, _HOUSE, {name: ("0.0.0.0",) for name in sunk}, box.resolver, twins=False)
    lab.spawn(f"{box.name}-house-dns", box.name, config)
    leaf = lab.pki.stranger(f"{box.name}-house", "router.home.example")
    web = servers.nginx(lab.folder / f"{box.name}-house-web", servers.greeting(leaf, _WEB))
    lab.spawn(f"{box.name}-house-web", box.name, web)
    listening = "import socket; [socket.create_connection(('192.168.1.1', port), 1) for port in (53, 443)]"
    lab.wait_for("the house", lambda: lab.run(box.name, "python3", "-c", listening).returncode == 0)
    return _HOUSE


def tunnel(lab: Lab, box: Box) -> None:
    """A VPN on the home's router: everything of this box leaves through OpenVPN, and enters the world at world.EXIT."""
    leaf = lab.pki.leaf("exit", world.EXIT, "client")
    own = ["--dev-type", "tun", "--ca", lab.pki.ca_file, "--cert", leaf.chain, "--key", leaf.key, "--verb", "1"]
    mine = [str(each) for each in own]
    if not lab.running("exit"):
        table = "table ip nat { chain post { type nat hook postrouting priority 100; oifname eth0 masquerade; }; }"
        lab.run("exit", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        assert lab.run("exit", "nft", table).returncode == 0
        server = ["openvpn", "--dev", "tun-exit", "--server", "10.20.0.0", "255.255.255.0", "--local", world.EXIT]
        lab.spawn(
            "exit", "exit", [*server, "--port", "1194", "--proto", "udp", "--dh", "none", *mine, "--duplicate-cn"]
        )
    client = ["openvpn", "--client", "--dev", "tun-home", "--remote", world.EXIT, "1194", "udp", "--nobind", *mine]
    lab.spawn(f"{box.name}-tunnel", box.name, [*client, "--redirect-gateway", "def1", "--connect-retry", "1"])
    lab.wait_for("the tunnel", lambda: "tun-home" in lab.run(box.name, "ip", "route", "get", world.HUB).stdout)


def protocols(lab: Lab) -> None:
    """What the catalogue asks for beside the web and WhatsApp: Telegram, Tor, encrypted DNS, and pages by QUIC."""
    run, at = lab.spawn, lab.folder
    quic, doq = world.speaking(Kind.QUIC), world.speaking(Kind.DOQ)
    resolvers = world.speaking(Kind.DOT, Kind.DOH)
    known = {name: found for name, found in world.names().items() if {*found} & {*quic, *doq, *resolvers}}
    leaf = lab.pki.leaf("protocols", *known)
    run("telegram", "telegram", [sys.executable, "-m", "tests.lab.apart", "telegram"])
    run("tor", "tor", [sys.executable, "-m", "tests.lab.apart", "tor", str(at / "tor.fingerprint")])
    run("encrypted-dns", "encrypted-dns", servers.encrypted_dns(at / "encrypted-dns", leaf, known, resolvers))
    by_quic = [sys.executable, "-m", "tests.lab.by_quic"]
    run("quic", "world", [*by_quic, "h3", str(leaf.chain), str(leaf.key), *quic])
    run("doq", "encrypted-dns", [*by_quic, "doq", str(leaf.chain), str(leaf.key), *doq])
    for address, port in (
        (world.speaking(Kind.TELEGRAM)[-1], 80),
        (world.speaking(Kind.TOR)[-1], 9201),
        (resolvers[-1], 853),
    ):
        lab.wait_for(f"{address}:{port}", functools.partial(reachable, address, port))
    for host, address, port in (("world", quic[-1], 443), ("encrypted-dns", doq[-1], 853)):
        lab.wait_for(f"{address}:{port} by QUIC", functools.partial(_bound, lab, host, address, port))


def _bound(lab: Lab, host: str, address: str, port: int) -> bool:
    """Whether somebody there has that UDP port: who speaks QUIC tells a stranger nothing."""
    return f"{address}:{port} " in lab.run(host, "ss", "-Hlun").stdout


def at_another_time(offset: str) -> list[str]:
    """Put before a command, that command's wall clock is wrong: `@1970-01-02 00:00:00`, `-30d`, `+13y`."""
    settings = [f"FAKETIME={offset}", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1"]
    return ["env", "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", *settings]
