"""What is forged in a far end's name, read by the programs it is meant for; and whom the lies about replies spare."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from tests.lab import contents, packets, quic, tls
from tests.lab.lies import lie
from tests.lab.lies.lie import Fate, Lie
from tests.lab.packets import ACK, FIN, PSH, SYN, Packet

BOX, FAR = "5.112.101.11", "157.240.2.1"
NAME = "www.instagram.com"
GET = f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()


def told(name: str, **row: Any) -> Lie:
    return lie({"lie": name, "on": ["5.112.101.0/24"], **row})


def out(data: bytes = b"", *, port: int = 5000, dport: int = 443, flags: int = PSH | ACK, at_s: float = 0.0) -> Packet:
    raw = packets.tcp(BOX, port, FAR, dport, flags=flags, sequence=1, acknowledgement=7, payload=data)
    return _read(raw, at_s)


def _read(raw: bytes, at_s: float = 0.0) -> Packet:
    packet = packets.read(raw, at_s)
    assert packet is not None
    return packet


def back(fate: Fate | None) -> Packet:
    assert fate is not None
    assert not fate.passes
    return _read(fate.back[0])


def greeted(answer: bytes) -> ssl.SSLError:
    """What Python's own TLS says of it."""
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(came, goes, server_hostname=NAME)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    assert contents.server_name(goes.read()) == NAME
    came.write(answer)
    with pytest.raises(ssl.SSLError) as told_so:
        client.do_handshake()
    return told_so.value


def test_a_forged_greeting_shows_a_certificate_for_the_name_that_nobody_vouches_for() -> None:
    error = greeted(tls.greeting_of(NAME))
    assert isinstance(error, ssl.SSLCertVerificationError)
    assert error.verify_code == 18, "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT"


@pytest.mark.parametrize(
    ("code", "said"), [(112, "UNRECOGNIZED_NAME"), (80, "INTERNAL_ERROR"), (40, "HANDSHAKE_FAILURE")]
)
def test_a_forged_alert_is_read_as_what_it_says(code: int, said: str) -> None:
    assert said in (greeted(tls.alert(code)).reason or "")


def initial() -> tuple[QuicConnection, bytes]:
    client = QuicConnection(configuration=QuicConfiguration(server_name=NAME))
    client.connect((FAR, 443), 0.0)
    return client, client.datagrams_to_send(0.0)[0][0]


def test_a_forged_close_and_forged_versions_end_a_client_of_quic() -> None:
    for code in (None, 1, 2):
        client, said = initial()
        assert quic.is_initial(said)
        assert quic.server_name(said) == NAME
        client.receive_datagram(quic.negotiation(said) if code is None else quic.closing(said, code), (FAR, 443), 0.1)
        ended = client._close_event
        assert ended is not None
        assert ended.error_code == (code or 1)


def test_whoever_says_the_name_is_answered_and_nobody_else() -> None:
    for what, flags in (("fin", FIN | ACK), ("full", ACK), ("alert", PSH | ACK), ("noise", PSH | ACK | FIN)):
        liar = told("reply_by_name", names=["instagram.com"], what=what)
        assert liar.meet(out(b"GET / HTTP/1.1\r\nHost: imo.im\r\n\r\n", port=6000)) is None
        said = back(liar.meet(out(GET)))
        assert (said.source, said.destination_port, said.flags) == (FAR, 5000, flags)
        assert (said.sequence, said.acknowledgement) == (7, 1 + len(GET)), "in the window the client expects"
        fate = liar.meet(out(b"more"))
        assert fate is not None
        assert not fate.passes, "the far end hears no more of it"


def test_a_proxy_that_takes_every_connection_hears_nobody() -> None:
    then = {"silence": ACK, "fin": FIN | ACK}
    for word, flags in then.items():
        liar = told("anybody_connects", then=word)
        assert back(liar.meet(out(flags=SYN))).flags == SYN | ACK
        assert back(liar.meet(out(GET))).flags == flags


def test_a_share_of_flows_is_lied_to_and_a_flow_always_or_never() -> None:
    liar = told("cut", of_flows=0.3)
    hit = [liar.meet(out(port=port)) is not None for port in range(1024, 5024)]
    assert sum(hit) / len(hit) == pytest.approx(0.3, abs=0.05)
    assert [liar.meet(out(port=port)) is not None for port in range(1024, 5024)] == hit


def test_residue_may_be_of_a_host_on_every_port() -> None:
    liar = told("silence_by_name", names=["instagram.com"], residue_s=60, every_port=True)
    liar.meet(out(GET))
    assert liar.meet(out(port=5001, dport=1194, at_s=30)) is not None
    assert liar.meet(out(port=5002, dport=1194, at_s=91)) is None
