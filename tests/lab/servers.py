"""The real servers of the laboratory: unbound, nginx and openvpn, with their configurations and one chain of trust."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.lab import world


@dataclass(frozen=True, slots=True)
class Pki:
    """`ca_file`: the root everybody here trusts; `chain` and `key`: one leaf for every name, below an intermediate."""

    ca_file: Path
    chain: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> Pki:
        root = trustme.CA(organization_name="Laboratory Root")
        between = root.create_child_ca()
        everything = [*world.names(), *world.canaries(), *world.domestic(), world.HUB, world.RESPONDER]
        leaf = between.issue_cert(*everything)
        pki = cls(folder / "ca.pem", folder / "chain.pem", folder / "key.pem")
        root.cert_pem.write_to_path(str(pki.ca_file))
        for pem in leaf.cert_chain_pems:  # the intermediate is among them
            pem.write_to_path(str(pki.chain), append=True)
        leaf.private_key_pem.write_to_path(str(pki.key))
        return pki


def nginx(folder: Path, pki: Pki, addresses: Iterable[str], ports: Mapping[int, bool]) -> list[str]:
    """nginx on these addresses; `ports`: number -> whether it speaks TLS there. Every page is a short greeting."""
    folder.mkdir(parents=True)
    listens = "\n".join(
        f"    listen {address}:{port}{' ssl' if tls else ''};"
        for address, (port, tls) in itertools.product(addresses, ports.items())
    )
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;
events {{ worker_connections 4096; }}
http {{
  access_log off; server_tokens off; keepalive_timeout 5;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
{listens}
    ssl_certificate {pki.chain}; ssl_certificate_key {pki.key};
    location / {{ return 200 "hello\\n"; }}
  }}
}}
""")
    return ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]


def unbound(folder: Path, address: str, known: Mapping[str, Iterable[str]], upstream: str = "") -> list[str]:
    """A resolver at `address` that knows `known`, and asks `upstream` for the rest; without one the rest is not there."""
    folder.mkdir(parents=True)
    data = "\n".join(f'  local-data: "{name}. 60 A {each}"' for name, found in known.items() for each in found)
    rest = f'forward-zone:\n  name: "."\n  forward-addr: {upstream}\n' if upstream else ""
    (folder / "unbound.conf").write_text(f"""
server:
  interface: {address}
  access-control: 0.0.0.0/0 allow
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 0
  module-config: "iterator"
  num-threads: 1
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  infra-host-ttl: 1
  infra-keep-probing: yes
  do-ip6: no
  do-not-query-localhost: no
  {'local-zone: "." static' if not upstream else ""}
{data}
{rest}
""")
    return ["unbound", "-d", "-c", str(folder / "unbound.conf")]


def openvpn(folder: Path, pki: Pki, transport: str) -> list[str]:
    """A real OpenVPN server without tls-auth, so that a bare hard reset is answered."""
    folder.mkdir(parents=True)
    net = "10.8.0.0" if transport == "udp" else "10.9.0.0"
    return [
        "openvpn", "--dev", f"tun-{transport}", "--dev-type", "tun", "--server", net, "255.255.255.0",
        "--local", world.RESPONDER, "--port", "1194", "--proto", "udp" if transport == "udp" else "tcp-server",
        "--ca", str(pki.ca_file), "--cert", str(pki.chain), "--key", str(pki.key), "--dh", "none",
        "--keepalive", "10", "60", "--verb", "1",
    ]  # fmt: skip
