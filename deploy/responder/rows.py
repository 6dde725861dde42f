"""The service file by which a vantage asks this responder for every protocol it speaks. Holds no secret."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

SERVICE = "witness"
_TEMPLATE = """\
# Made by the responder's `init`, for the vantages: it stands beside didban.yml, which names it as
# `services: [..., ./{service}.yml]`. A protocol is called filtered only where it fails at two hosts that answer by
# plain TLS: with two responders, each has a file like this one, and `service:` is another word in each.
service: {service}
title: {{en: Own responder}}
category: infrastructure
page: false
targets:
  - id: tls # shows the responder alive where another protocol to it is silent
    kind: tls
    depth: endpoint
    hosts: [{name}]
    source: &init deploy/responder init, {date}
  - id: quic
    kind: quic
    depth: web
    hosts: [{name}]
    protocol: {{name: quic, peer: own, beside: tls}}
    source: *init
  - id: openvpn-udp
    kind: openvpn
    transport: udp
    depth: protocol
    hosts: [{name}]
    protocol: {{name: openvpn_udp, peer: own, beside: tls}}
    source: *init
  - id: openvpn-tcp
    kind: openvpn
    transport: tcp
    depth: protocol
    hosts: [{name}]
    protocol: {{name: openvpn_tcp, peer: own, beside: tls}}
    source: *init
  - id: whatsapp # its greeting, to a server that is not WhatsApp's: fails here as well where the greeting is filtered
    kind: whatsapp
    depth: protocol
    hosts: [{name}]
    ports: [5222]
    options: {{root_key: {root_key}}}
    protocol: {{name: whatsapp, peer: own, beside: tls}}
    source: *init
  # Each vantage needs a key of its own (`wg genkey`), whose public half stands in responder.yml, `wireguard: peers:`.
  # - id: wireguard
  #   kind: wireguard
  #   depth: protocol
  #   hosts: [{name}]
  #   options: {{public_key: {wireguard}, private_key_file: wireguard.key}}
  #   protocol: {{name: wireguard, peer: own, beside: tls}}
  #   source: *init
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """What proves the responder to a vantage. `root_key`: in hexadecimal; `wireguard`: in base64. Both are public."""

    root_key: str
    wireguard: str


def of(name: str, service: str, keys: Keys, made: datetime.date) -> str:
    """The file, as text. `name`: the responder's own, or its address."""
    return _TEMPLATE.format(
        name=name, service=service, root_key=keys.root_key, wireguard=keys.wireguard, date=made.isoformat()
    )
