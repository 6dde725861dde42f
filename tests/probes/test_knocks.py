"""What holds for every conversation that is spoken on a stream, whatever the protocol."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from probes.facts import Endpoint
from probes.knock import openvpn, shadowsocks, stun, telegram, vmess, whatsapp, wireguard
from probes.knock.static_key import TlsAuth, TlsCrypt
from probes.knock.talk import Ask, Knock, Opener, Reply
from probes.words import Transport
from tests.probes.captured import AT_MS, text, token

_LONGER_THAN_ANY_ANSWER = 4_200
TALKS: dict[str, tuple[Opener, dict[str, str], dict[str, str]]] = {
    "openvpn": (openvpn.of, {}, {}),
    "openvpn, tls-auth": (openvpn.of, {}, {"tls_auth_file": text("static")}),
    "openvpn, tls-crypt": (openvpn.of, {}, {"tls_crypt_file": text("static")}),
    "openvpn, tls-crypt-v2": (openvpn.of, {}, {"tls_crypt_v2_file": text("v2")}),
    "whatsapp": (whatsapp.of, {"root_key": "00" * 32}, {}),
    "telegram": (telegram.of, {"fingerprints": "d09d1d85de64fd85"}, {}),
    "stun": (stun.of, {}, {}),
    "shadowsocks": (shadowsocks.of, {"cipher": "aes-256-gcm", "through": "www.example.org"}, {"key_file": "x"}),
    "vmess": (vmess.of, {"through": "www.example.org"}, {"id_file": "b831381d-6324-4d53-ad4f-8cda48b30811"}),
}


def talking(name: str) -> Knock:
    opener, options, secrets = TALKS[name]
    return opener(Ask(Endpoint("", 443, Transport.TCP), "192.0.2.1", options, token(name), AT_MS, secrets))


@given(st.sampled_from(sorted(TALKS)), st.binary(max_size=8), st.integers(0, 255))
def test_nobody_is_listened_to_for_ever(name: str, start: bytes, rest: int) -> None:
    """Whoever goes on talking is soon told to be somebody else: what is kept of a stream has an end."""
    assert talking(name).read(start + bytes([rest]) * _LONGER_THAN_ANY_ANSWER) is Reply.OTHER


@given(st.sampled_from(sorted(TALKS)), st.lists(st.binary(min_size=1, max_size=200), max_size=20))
def test_once_it_is_somebody_else_it_stays_so(name: str, pieces: list[bytes]) -> None:
    talk, heard, other = talking(name), b"", False
    for piece in pieces:
        heard += piece
        reply = talk.read(heard)
        assert reply is Reply.OTHER or not other
        assert reply is not Reply.PROVEN
        other = reply is Reply.OTHER


@pytest.mark.parametrize("name", TALKS)
def test_nothing_heard_is_nothing_known(name: str) -> None:
    assert talking(name).read(b"") is Reply.MORE


@pytest.mark.parametrize("name", TALKS)
def test_two_conversations_share_no_first_words(name: str) -> None:
    """Nothing ties one walk to the next: what may be random is."""
    opener, options, secrets = TALKS[name]
    ask = [
        Ask(Endpoint("", 443, Transport.TCP), "192.0.2.1", options, token(f"{name}{number}"), AT_MS, secrets)
        for number in (1, 2)
    ]
    first, second = (opener(each).opening() for each in ask)
    assert first != second
    assert len(first) == len(second)


SECRETS = [
    TlsAuth(bytes(range(256)), 1, "SHA1", 0),
    TlsCrypt(bytes(range(256)), 0, bytes(range(256))),
    shadowsocks.Request("aes-256-gcm", bytes(range(32)), b"", ""),
    wireguard.Keys(X25519PrivateKey.from_private_bytes(bytes(range(32))), b"", bytes(range(32))),
    Ask(Endpoint("", 1, Transport.TCP), "", {}, token(""), 0, {"key_file": repr(bytes(range(32)))}),
    vmess.Request(bytes(range(16)), bytes(range(16)), b"", 0, b"", b"", 0, ""),
]


@pytest.mark.parametrize("holder", SECRETS, ids=lambda holder: type(holder).__name__)
def test_no_secret_is_in_what_its_holder_says_of_itself(holder: object) -> None:
    """In a traceback, say."""
    assert repr(bytes(range(8)))[2:-1] not in repr(holder)
