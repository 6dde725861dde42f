"""The real servers of the laboratory: unbound, nginx and openvpn, with their configurations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.lab import six, world
from tests.lab.pki import Leaf, Pki

_FOREGROUND = """
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
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
"""


EVERYWHERE = ("0.0.0.0", "[::]")


def nginx(folder: Path, config: str) -> list[str]:
    """nginx with these server blocks; `folder`/bytes/N is a file of so many bytes, for transfers."""
    (folder / "bytes").mkdir(parents=True)
    for size in (16, 64, 256, 1024):
        (folder / "bytes" / f"{size}k").write_bytes(bytes(size * 1024))
    write(folder, config)
    return ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]


def write(folder: Path, config: str) -> None:
    """The configuration alone, for a server that runs and is then told to read it again."""
    (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;
events {{ worker_connections 4096; }}
http {{
  access_log off; server_tokens off; keepalive_timeout 5; server_names_hash_bucket_size 128;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
{config}
}}
""")


def listen(ports: Mapping[int, bool], *options: str, at: Sequence[str] = EVERYWHERE) -> str:
    """On every address of the host, in both families, or `at` these; `ports`: number -> whether it speaks TLS there."""
    return "\n".join(
        f"    listen {address}:{port} {' '.join([*options, *(['ssl'] if tls else [])])};"
        for address in at
        for port, tls in ports.items()
    )


def greeting(leaf: Leaf, ports: Mapping[int, bool], *at: str) -> str:
    """One server for whoever comes: a short page, files under /bytes/, and the certificate of that leaf.

    `at`: the addresses it listens on; all of its host's without any.
    """
    return f"""
  server {{
{listen(ports, "default_server", at=at or EVERYWHERE)}
    {certificate(leaf)}
    location / {{ return 200 "hello\\n"; }}
    location /bytes/ {{ root .; }}
  }}
"""


def certificate(leaf: Leaf) -> str:
    return f"ssl_certificate {leaf.chain}; ssl_certificate_key {leaf.key};"


def portal(leaf: Leaf) -> str:
    """A captive portal: a redirect to its own page for all that is asked in clear, its own certificate for all TLS."""
    return f"""
  server {{
{listen({80: False, 443: True}, "default_server")}
    {certificate(leaf)}
    location / {{ return 302 http://{world.PORTAL}/login; }}
    location = /login {{ return 200 "buy a bundle\\n"; }}
  }}
"""


def unbound(
    folder: Path,
    address: str,
    known: Mapping[str, Iterable[str]],
    upstream: str = "",
    *,
    more: Sequence[str] = (),
    twins: bool = True,
) -> list[str]:
    """A resolver at `address` (and `more`) that knows `known`, and asks `upstream` for the rest.

    Without an upstream the rest is not there. With `twins` every name has the IPv6 addresses too.
    """
    folder.mkdir(parents=True)
    records = [("A", name, each) for name, found in known.items() for each in found]
    listens = [address, *more]
    if twins:
        records += [("AAAA", name, six.twin(each)) for _, name, each in records]
        listens += [six.twin(each) for each in listens]
    data = "\n".join(f'  local-data: "{name}. 60 {kind} {each}"' for kind, name, each in records)
    interfaces = "\n".join(f"  interface: {each}" for each in listens)
    rest = f'forward-zone:\n  name: "."\n  forward-addr: {upstream}\n' if upstream else ""
    (folder / "unbound.conf").write_text(f"""
server:
{interfaces}
{_FOREGROUND.format(folder=folder)}
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  infra-host-ttl: 1
  infra-keep-probing: yes
  do-not-query-localhost: no
  {'local-zone: "." static' if not upstream else ""}
{data}
{rest}
""")
    return ["unbound", "-d", "-c", str(folder / "unbound.conf")]


def encrypted_dns(folder: Path, leaf: Leaf, known: Mapping[str, Iterable[str]], addresses: Iterable[str]) -> list[str]:
    """A resolver that is only asked within TLS (853) and by HTTP/2 (443), and knows `known`."""
    folder.mkdir(parents=True)
    interfaces = "\n".join(f"  interface: {each}@{port}" for each in addresses for port in (443, 853))
    data = "\n".join(f'  local-data: "{name}. 60 A {each}"' for name, found in known.items() for each in found)
    (folder / "unbound.conf").write_text(f"""
server:
{interfaces}
  tls-port: 853
  https-port: 443
  tls-service-key: "{leaf.key}"
  tls-service-pem: "{leaf.chain}"
{_FOREGROUND.format(folder=folder)}
  local-zone: "." static
{data}
""")
    return ["unbound", "-d", "-c", str(folder / "unbound.conf")]


def openvpn(pki: Pki, leaf: Leaf, transport: str) -> list[str]:
    """A real OpenVPN server without tls-auth, so that a bare hard reset is answered."""
    net = "10.8.0.0" if transport == "udp" else "10.9.0.0"
    return [
        "openvpn", "--dev", f"tun-{transport}", "--dev-type", "tun", "--server", net, "255.255.255.0",
        "--local", world.RESPONDER, "--port", "1194", "--proto", "udp" if transport == "udp" else "tcp-server",
        "--ca", str(pki.ca_file), "--cert", str(leaf.chain), "--key", str(leaf.key), "--dh", "none",
        "--keepalive", "10", "60", "--verb", "1",
    ]  # fmt: skip
