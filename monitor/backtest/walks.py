"""What a walk of a simulated line shows: the steps of its kind, up to the first that something on the path stops.

Addresses are made up by a keyed hash, and nothing is sent to them.
"""

from __future__ import annotations

from collections.abc import Mapping

from probes.words import Kind, Step

_NAMED = (Step.RESOLVE, Step.CONNECT)
_GREETED = (*_NAMED, Step.HANDSHAKE)

# what probes.walk.ROUTES does, by the words of its steps
STEPS: Mapping[Kind, tuple[Step, ...]] = {
    Kind.DNS: (Step.RESOLVE,),
    Kind.TCP: _NAMED,
    Kind.TLS: _GREETED,
    Kind.HTTP: (*_NAMED, Step.FETCH),
    Kind.HTTPS: (*_GREETED, Step.FETCH),
    Kind.OPENVPN: (*_NAMED, Step.KNOCK),
    Kind.TRANSFER: (*_GREETED, Step.TRANSFER),
    Kind.WHATSAPP: (*_NAMED, Step.KNOCK),
    Kind.TELEGRAM: (*_NAMED, Step.KNOCK),
    Kind.WIREGUARD: (Step.RESOLVE, Step.KNOCK),
    Kind.IKEV2: (Step.RESOLVE, Step.KNOCK),
    Kind.STUN: (*_NAMED, Step.KNOCK),
    Kind.SHADOWSOCKS: (*_NAMED, Step.KNOCK),
    Kind.WHATSAPP_WEB: (*_GREETED, Step.KNOCK),
    Kind.DOT: (*_GREETED, Step.KNOCK),
    Kind.DOH: (*_GREETED, Step.KNOCK),
    Kind.DOQ: (Step.RESOLVE, Step.HANDSHAKE, Step.KNOCK),
    Kind.QUIC: (*_GREETED, Step.FETCH),
    Kind.TOR: (*_GREETED, Step.KNOCK),
    Kind.VMESS: (*_NAMED, Step.KNOCK),
    Kind.OBFS4: (*_NAMED, Step.KNOCK),
}
