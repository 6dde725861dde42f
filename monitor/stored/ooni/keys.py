"""The parts of OONI's measurements that hold facts, every field optional (ooni/spec df-000 to 009, ts-017 to 040).

Fields that hold OONI's own conclusions (`blocking`, `accessible`, `dns_consistency`, `*_status`, `success` of a whole
test) are left out on purpose: what is not read cannot be believed.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from monitor.stored.ooni.words import Said
from probes.words import Cell, Finding, Step

T = TypeVar("T")
_MOST = msgspec.Meta(max_length=500)  # real ones hold dozens; whoever writes more wants us to be busy
Few = Annotated[list[T], _MOST]
Named = Annotated[dict[str, T], _MOST]


class Answer(msgspec.Struct, frozen=True):
    ipv4: str | None = None
    ipv6: str | None = None


class Query(msgspec.Struct, frozen=True):
    """df-002. `engine`, `resolver_address`, `t0` are missing in older ones."""

    hostname: str | None = None
    query_type: str | None = None
    failure: Said = None
    engine: str | None = None
    answers: Few[Answer] | None = None
    resolver_address: str | None = None
    resolver_hostname: str | None = None
    t0: float | None = None
    t: float | None = None


class TcpStatus(msgspec.Struct, frozen=True):
    failure: Said = None
    success: bool | None = None


class TcpConnect(msgspec.Struct, frozen=True):
    """df-005."""

    ip: str | None = None
    port: int | str | None = None
    status: TcpStatus | None = None
    t0: float | None = None
    t: float | None = None


class Handshake(msgspec.Struct, frozen=True):
    """df-006. Without `address` before 2021."""

    address: str | None = None
    server_name: str | None = None
    failure: Said = None
    no_tls_verify: bool | None = None
    t0: float | None = None
    t: float | None = None


class Tor(msgspec.Struct, frozen=True):
    is_tor: bool | None = None


class Request(msgspec.Struct, frozen=True):
    url: str | None = None
    tor: Tor | bool | None = None


class Response(msgspec.Struct, frozen=True):
    """`body` is text, or {"format": "base64", "data": ...}; `code` is 0 where none came."""

    code: int | None = None
    body: str | Named[object] | None = None
    body_is_truncated: bool | None = None
    headers: Named[object] | list[object] | None = None


class Transaction(msgspec.Struct, frozen=True):
    """df-001. `address` since web_connectivity 0.5; newest first."""

    failure: Said = None
    request: Request | None = None
    response: Response | None = None
    address: str | None = None
    t0: float | None = None
    t: float | None = None


class ControlStatus(msgspec.Struct, frozen=True):
    status: bool | None = None
    failure: Said = None


class ControlPage(msgspec.Struct, frozen=True):
    failure: Said = None
    status_code: int | None = None
    body_length: int | None = None
    title: str | None = None


class ControlNames(msgspec.Struct, frozen=True):
    failure: Said = None
    addrs: Few[str] | None = None


class ControlKeys(msgspec.Struct, frozen=True):
    """What the test helper outside the country saw; `tls_handshake` since web_connectivity 0.5."""

    http_request: ControlPage | None = None
    dns: ControlNames | None = None
    tls_handshake: Named[ControlStatus] | None = None


class Network(msgspec.Struct, frozen=True):
    """What the probe did and what came back: part of every test, and of every target of tor."""

    queries: Few[Query] | None = None
    tcp_connect: Few[TcpConnect] | None = None
    tls_handshakes: Few[Handshake] | None = None
    requests: Few[Transaction] | None = None


class TorTarget(Network, frozen=True):
    failure: Said = None
    target_address: str | None = None
    target_protocol: str | None = None


class OpenvpnHandshake(msgspec.Struct, frozen=True):
    ip: str | None = None
    port: int | str | None = None
    transport: str | None = None
    endpoint: str | None = None
    failure: Said = None
    handshake_time: float | None = None


class OwnStep(msgspec.Struct, frozen=True):
    """Of our own test, `didban_walk` (monitor/evidence/forms/ooni.py)."""

    step: Step
    took_s: float = 0.0
    failure: Said = None
    findings: tuple[Finding, ...] = ()
    fingerprint: str | None = None
    authenticated: bool = False


class OwnWalk(msgspec.Struct, frozen=True):
    """What the keys of OONI have no place for, beside what they have."""

    endpoint: str
    address: str = ""
    cell: Cell | None = None
    steps: Few[OwnStep] = []


class Keys(Network, frozen=True):
    """`test_keys`. `targets` is tor's, `openvpn_handshake` openvpn's."""

    didban_walks: Few[OwnWalk] | None = None
    control: ControlKeys | None = None
    control_failure: Said = None
    targets: Named[TorTarget] | None = None
    openvpn_handshake: Few[OpenvpnHandshake] | None = None


class Measurement(msgspec.Struct, frozen=True):
    """df-000."""

    test_name: str
    test_keys: Keys | None = None
    input: str | list[str] | None = None
    measurement_start_time: str | None = None
    probe_cc: str | None = None
    probe_asn: str | None = None
