"""The web of the laboratory's world: every service with a certificate of its own, and what it tells whom.

A provider may refuse some clients, or everybody: by the client's network and the host's name, as the real ones do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.lab import servers, six, world
from tests.lab.pki import Leaf, Pki

ANSWERS: Mapping[
    str, tuple[int, str, str]
] = {  # status, a header, a body: the marks of probes/fingerprints/refusals.yml
    "ok": (200, "", "hello"),
    "cloudfront_country": (
        403,
        "Server CloudFront",
        "403 ERROR The Amazon CloudFront distribution is configured to block access from your country.",
    ),
    "cloudflare_1009": (
        403,
        "Server cloudflare",
        "error code: 1009. The owner of this website has banned the country or region your IP address is in.",
    ),
    "legal": (451, "", "unavailable for legal reasons"),
    "forbidden": (403, "", "forbidden"),
    "not_found": (404, "", "not found"),
    "too_many": (429, "Retry-After 60", "slow down"),
    "unavailable": (503, "", "try again later"),
    "bad_request": (400, "", "bad request"),
    "challenge": (403, "cf-mitigated challenge", "are you human?"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What these clients (prefixes; none is everybody) are told by these hosts: a word of ANSWERS."""

    answer: str
    hosts: tuple[str, ...]
    clients: tuple[str, ...] = ()


def leaves(pki: Pki) -> list[tuple[Sequence[str], Leaf]]:
    """A certificate for all canaries, and one for each service of the catalogue; a host two share is the first one's.

    Every second of those that a resolver against sanctions proxies has it from another authority.
    """
    groups = {"": tuple(world.canaries())}
    taken = set(world.canaries())
    for service in world.services():
        groups[service.id] = tuple(host for host in world.hosts_of(service.id) if host not in taken)
        taken |= set(groups[service.id])
    other = world.SANCTIONED[::2]
    return [(hosts, pki.leaf(f"web-{name}", *hosts, another=name in other)) for name, hosts in groups.items() if hosts]


def config(
    stranger: Leaf,
    known: Sequence[tuple[Sequence[str], Leaf]],
    told: Sequence[Told],
    *,
    edition: int,
    within: Mapping[str, str],
) -> str:
    """Whoever asks for a name that is not known gets the stranger's certificate. `edition` is shown at /edition.

    `within`: by host, a location of its own in the block of that host's service.
    """
    ports = world.web_ports()
    blocks = "".join(_server(hosts, leaf, servers.listen(ports), within) for hosts, leaf in known)
    blocks += "".join(_alone(hosts, leaf, ports, within) for hosts, leaf in known)
    return f"""
{_who(told)}
{_what(told)}
  server {{
{servers.listen(ports, "default_server")}
    {servers.certificate(stranger)}
    location / {{ return 200 "hello\\n"; }}
    location = /edition {{ return 200 "{edition}"; }}
  }}
{blocks}"""


def _server(hosts: Sequence[str], leaf: Leaf, listens: str, within: Mapping[str, str]) -> str:
    more = "".join(within[host] for host in hosts if host in within)
    answers = "".join(_location(word) for word in ANSWERS)
    return f"""
  server {{
{listens}
    server_name {" ".join(hosts)};
    {servers.certificate(leaf)}
    location / {{ rewrite ^ /_/$answer last; }}
    location /bytes/ {{ root .; }}
{more}{answers}
  }}
"""


def _alone(hosts: Sequence[str], leaf: Leaf, ports: Mapping[int, bool], within: Mapping[str, str]) -> str:
    """At addresses of its own somebody answers by its own certificate, whatever name is said; of most here, nobody does."""
    mine = {**{host: (address,) for host, address in world.canaries().items()}, **_of_their_own()}
    found = dict.fromkeys(address for host in hosts for address in mine.get(host, ()))
    at = [each for address in found for each in (address, f"[{six.twin(address)}]")]
    return _server(hosts, leaf, servers.listen(ports, "default_server", at=at), within) if at else ""


def _of_their_own() -> Mapping[str, Sequence[str]]:
    return {host: world.names()[host] for service in ("instagram", "imo") for host in world.hosts_of(service)}


def _location(word: str) -> str:
    status, header, body = ANSWERS[word]
    key, _, text = header.partition(" ")
    added = f'add_header {key} "{text}" always;' if key and key != "Server" else ""
    return f'    location = /_/{word} {{ internal; default_type text/html; {added} return {status} "{body}\\n"; }}\n'


def _who(told: Sequence[Told]) -> str:
    """The client's network as a word: the rows that are about it."""
    nets = {client for each in told for client in each.clients}
    rows = [(net, net) for net in nets]
    rows += [(str(six.net_of(net)), net) for net in nets]
    return "  geo $who {\n    default everybody;\n" + "".join(f"    {net} {word};\n" for net, word in rows) + "  }"


def _what(told: Sequence[Told]) -> str:
    """Who asks for what -> what they are told."""
    rows = {f"{client} {host}": each.answer for each in told for host in each.hosts for client in each.clients}
    rows |= {f"~ {host}$": each.answer for each in told if not each.clients for host in each.hosts}
    found = "".join(f'    "{key}" {answer};\n' for key, answer in rows.items())
    return '  map_hash_bucket_size 128;\n  map "$who $host" $answer {\n    default ok;\n' + found + "  }"
