"""Signal's own root: dated data that parses, is what it says it is, and lets nobody else's certificate pass."""

from __future__ import annotations

import datetime
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from probes import catalogue
from probes.doors.quic import QuicLines
from probes.doors.tls import ROOTS
from probes.doors.wire import Sockets
from probes.words import Failure, Kind, Step, Transport
from tests.probes import liars
from tests.probes.liars import Authority, listening, target, tools, walked
from tests.probes.quic_server import http3, quic_server

FILES = sorted(ROOTS.glob("*.pem"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_root_is_what_its_comment_says_and_outlives_the_next_half_year(file: Path) -> None:
    """When this fails, look for the next root: a stale one fails at every vantage at once."""
    text = file.read_text()
    for root in x509.load_pem_x509_certificates(text.encode()):
        root.verify_directly_issued_by(root)
        assert re.search(rf"subject: {re.escape(root.subject.rfc4514_string())}$", text, re.MULTILINE)
        assert f"{root.not_valid_before_utc:%Y-%m-%d} to {root.not_valid_after_utc:%Y-%m-%d}" in text
        assert hashlib.sha256(root.public_bytes(Encoding.DER)).hexdigest() in text
        assert root.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=180)


def test_every_file_of_roots_that_a_row_names_is_there() -> None:
    services, _ = catalogue.load(catalogue.shipped(), beside=Path())
    named = {t.options["roots"] for each in services for t in each.targets if "roots" in t.options}
    assert named == {file.stem for file in FILES}


async def test_a_chain_the_system_trusts_does_not_pass_for_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same server, reached by the system's roots and by Signal's."""
    authority = Authority.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    async with listening(liars.silent, authority.server()) as port:
        assert (await walked(target(Kind.TLS, port), tools())).reached
        walk = await walked(replace(target(Kind.TLS, port), options={"roots": "signal"}), tools())
    assert (walk.last.step, walk.failure) == (Step.HANDSHAKE, Failure.SSL_UNKNOWN_AUTHORITY)


async def test_the_same_is_so_for_quic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority.make(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    async with quic_server(authority, http3(lambda asked: (200, {}, b""))) as port:
        to = target(Kind.QUIC, port, transport=Transport.UDP)
        assert (await walked(to, tools(timeout_s=1.5))).reached
        walk = await walked(replace(to, options={"roots": "signal"}), tools(timeout_s=1.5))
    assert (walk.last.step, walk.failure) == (Step.HANDSHAKE, Failure.SSL_UNKNOWN_AUTHORITY)


async def test_a_root_in_a_file_of_roots_lets_its_own_pass_and_no_other(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    hands = replace(tools(timeout_s=1.5), wire=Sockets(roots=tmp_path), quic=QuicLines(roots=tmp_path))
    for ca, failure in ((authority.ca, None), (trustme.CA(), Failure.SSL_UNKNOWN_AUTHORITY)):
        async with listening(liars.silent, authority.server(ca=ca)) as port:
            walk = await walked(replace(target(Kind.TLS, port), options={"roots": "ca"}), hands)
        assert walk.failure is failure
        async with quic_server(authority, http3(lambda asked: (200, {}, b"")), ca=ca) as port:
            to = target(Kind.QUIC, port, transport=Transport.UDP)
            walk = await walked(replace(to, options={"roots": "ca"}), hands)
        assert walk.failure is failure
