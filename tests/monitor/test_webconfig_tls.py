"""What the web configuration says of TLS, kept on real sockets: names, suites, their order, a curve."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import trustme
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from monitor import webconfig
from monitor.expose import listen
from monitor.gate import ciphers, guards
from monitor.gate.names import speaks_for_one
from monitor.gate.porter import Bounds, Porter
from tests.probes.liars import closed_port

MUTUAL = """
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
"""
NAMES: dict[str, x509.GeneralName] = {
    "prometheus.example.org": x509.DNSName("prometheus.example.org"),
    "192.0.2.7": x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
    "2001:db8::7": x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
    "ana@example.org": x509.RFC822Name("ana@example.org"),
    "spiffe://example.org/prometheus": x509.UniformResourceIdentifier("spiffe://example.org/prometheus"),
}


class Authority:
    """Writes what a server needs into a folder, and certificates for whoever asks."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ca = folder, trustme.CA()
        leaf = self.ca.issue_cert("127.0.0.1")
        leaf.private_key_pem.write_to_path(folder / "server.key")
        leaf.cert_chain_pems[0].write_to_path(folder / "server.pem")
        self.ca.cert_pem.write_to_path(folder / "ca.pem")

    def settings(self, more: str) -> webconfig.WebConfig:
        path = self.folder / "web.yml"
        path.write_text(f"tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n{more}")
        found, mistakes = webconfig.load(path)
        assert found is not None, mistakes
        return found

    def client(self, *names: x509.GeneralName, subject: str = "somebody") -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if names:
            context.load_cert_chain(self._issued(names, subject))
        return context

    def _issued(self, names: Sequence[x509.GeneralName], subject: str) -> Path:
        ca = x509.load_pem_x509_certificate(self.ca.cert_pem.bytes())
        signer = serialization.load_pem_private_key(self.ca.private_key_pem.bytes(), None)
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(ca.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(cast(ec.EllipticCurvePrivateKey, signer), hashes.SHA256())
        )
        path = self.folder / "client.pem"
        plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
        with path.open("ab") as file:
            file.write(made.public_bytes(serialization.Encoding.PEM))
        return path


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def listening(authority: Authority, found: webconfig.WebConfig) -> AsyncIterator[int]:
    async def here(request: web.Request) -> web.Response:
        return web.Response(text="here")

    app, port = web.Application(), closed_port()
    app.add_routes([web.get("/", here)])
    guards.dressed(app, found.headers)
    porter = await listen(app, "127.0.0.1", port, found, authority.folder)
    work = asyncio.create_task(porter.work(asyncio.create_task))
    try:
        yield port
    finally:
        work.cancel()
        await porter.close()


async def answered(port: int, context: ssl.SSLContext) -> str:
    """The first line, and the suite that was spoken; nothing where the door stayed shut."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            line = await reader.readline()
            suite = writer.get_extra_info("cipher")[0]
            writer.transport.abort()
            return f"{line.decode().strip()} {suite}" if line else ""
    except (OSError, ssl.SSLError):
        return ""


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", NAMES)
async def test_who_has_one_of_the_names_comes_in_and_nobody_else(authority: Authority, name: str) -> None:
    """Any one of them is enough, of whatever kind."""
    found = authority.settings(f'{MUTUAL}  client_allowed_sans: ["other.example.org", "{name}"]\n')
    others = [each for each in NAMES if each != name]
    async with listening(authority, found) as port:
        assert await answered(port, authority.client(NAMES[name]))
        assert await answered(port, authority.client(*NAMES.values()))
        for refused in (
            authority.client(*(NAMES[each] for each in others)),
            authority.client(x509.DNSName("x"), subject=name),  # a subject is no alternative name
            authority.client(x509.DNSName(f"{'a' if name[0] == '2' else 'x'}.{name}"[:60].replace("@", "."))),
        ):
            assert not await answered(port, refused)
        assert not await answered(port, authority.client())


def test_what_is_no_name_is_none() -> None:
    kinds = ("othername", "<unsupported>"), ("Registered ID", "1.2.3.4"), ("DirName", ((("commonName", "ana"),),))
    for kind, text in kinds:
        assert not speaks_for_one({"subjectAltName": ((kind, text),)}, [str(text)])
    assert not speaks_for_one({}, ["ana"])
    assert not speaks_for_one(None, ["ana"])


async def test_without_that_key_every_certificate_of_the_authority_comes_in(authority: Authority) -> None:
    async with listening(authority, authority.settings(MUTUAL)) as port:
        assert await answered(port, authority.client(x509.DNSName("anybody.example.org")))


async def test_a_session_taken_up_again_is_asked_again(authority: Authority) -> None:
    """A ticket holds the certificate it was given for; a name that was struck from the list stays out."""
    found = authority.settings(f"{MUTUAL}  max_version: TLS12\n  client_allowed_sans: [ana@example.org]\n")
    may, client = True, authority.client(NAMES["ana@example.org"])

    def lets_in(certificate: Mapping[str, object] | None) -> bool:
        return may and found.lets_in(certificate)

    porter, port = (
        Porter(web.Application(), found.server_context(authority.folder), Bounds(), lets_in=lets_in),
        closed_port(),
    )
    await porter.open("127.0.0.1", port)
    work = asyncio.create_task(porter.work(asyncio.create_task))
    said, session, _ = await asyncio.to_thread(_ask, client, port, None)
    assert said == b"HTTP/1.1 404 Not Found"
    assert (await asyncio.to_thread(_ask, client, port, session))[0::2] == (b"HTTP/1.1 404 Not Found", True)
    may = False
    assert (await asyncio.to_thread(_ask, client, port, session))[0] == b""
    work.cancel()
    await porter.close()


def _ask(context: ssl.SSLContext, port: int, session: ssl.SSLSession | None) -> tuple[bytes, ssl.SSLSession, bool]:
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1", session=session) as sock,
    ):
        try:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            said = sock.recv(4096).partition(b"\r\n")[0]
        except OSError:
            said = b""
        return said, cast(ssl.SSLSession, sock.session), bool(sock.session_reused)


# ---------------------------------------------------------------- suites and curves


def test_openssl_has_every_suite_that_may_be_asked_for() -> None:
    for go, openssl in ciphers.SUITES.items():
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_ciphers(openssl)
        (kept,) = [each["name"] for each in context.get_ciphers() if each["protocol"] != "TLSv1.3"]
        assert kept == openssl, go


def test_go_takes_each_name_that_we_take(authority: Authority) -> None:
    names = "".join(f"\n    - {each}" for each in ciphers.SUITES)
    for curve in ciphers.CURVES:
        authority.settings(
            f"  cipher_suites:{names}\n  curve_preferences: [{curve}]\n  prefer_server_cipher_suites: false\n"
        )
        command = ["promtool", "check", "web-config", str(authority.folder / "web.yml")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


async def test_no_other_suite_is_spoken(authority: Authority) -> None:
    """The certificate here is an elliptic one."""
    suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    async with listening(authority, authority.settings(f"  max_version: TLS12\n  cipher_suites: [{suite}]\n")) as port:
        assert await answered(port, authority.client()) == f"HTTP/1.1 200 OK {ciphers.SUITES[suite]}"
        other = authority.client()
        other.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        assert not await answered(port, other)


@pytest.mark.parametrize("ours", [True, False])
async def test_the_order_is_ours_or_theirs(authority: Authority, ours: bool) -> None:
    one, two = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    more = (
        f"  max_version: TLS12\n  cipher_suites: [{one}, {two}]\n  prefer_server_cipher_suites: {str(ours).lower()}\n"
    )
    async with listening(authority, authority.settings(more)) as port:
        client = authority.client()
        client.set_ciphers(f"{ciphers.SUITES[two]}:{ciphers.SUITES[one]}")
        assert (await answered(port, client)).endswith(ciphers.SUITES[one if ours else two])


async def test_no_other_curve_is_spoken(authority: Authority) -> None:
    async with listening(authority, authority.settings("  curve_preferences: [CurveP384]\n")) as port:
        for curve in ("secp384r1", "prime256v1"):
            client = authority.client()
            client.set_ecdh_curve(curve)
            assert bool(await answered(port, client)) is (curve == "secp384r1")


# ---------------------------------------------------------------- what is refused, and why

ASKED = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"


@pytest.mark.parametrize(
    ("more", "line", "said"),
    [
        ("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", 4, "cipher_suites[0]: TLS_AES_128_GCM_SHA256 is of TLS 1.3"),
        ("  cipher_suites: [TLS_RSA_WITH_AES_128_GCM_SHA256]\n", 4, "no forward secrecy"),
        ("  cipher_suites:\n    - ECDHE-RSA-AES128-SHA\n", 5, "cipher_suites[0]: must be a suite as Go names it"),
        ("  curve_preferences: [CurveP256, X25519]\n", 4, "curve_preferences: may name one"),
        ("  curve_preferences: [secp256k1]\n", 4, "must be one of CurveP256"),
        ("  client_allowed_sans: [ana@example.org]\n", 1, "client_allowed_sans needs client_auth_type"),
        ("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n  client_allowed_sans: [a]\n", 1, "not proven"),
        (f"{ASKED}  client_allowed_sans: []\n", 6, "client_allowed_sans"),
        (f"{ASKED}  client_allowed_sans: ['']\n", 6, "client_allowed_sans[0]"),
        ("  client_ca_file: ca.pem\n", 1, "nobody would be asked"),
        ("  cert: PEM\n", 4, "tls_server_config.cert: stands in a file of its own here: give cert_file"),
        ("  key: PEM\n", 4, "tls_server_config.key: no secret stands in a configuration"),
        ("  client_ca: PEM\n", 4, "give client_ca_file"),
        ("rate_limit: {interval: 1s, burst: 20}\n", 4, "rate_limit: every address has a limit of its own"),
        ("auth_excluded_paths: [/metrics]\n", 4, "auth_excluded_paths: only /-/healthy"),
    ],
)  # fmt: skip
def test_what_is_not_kept_is_refused_with_its_reason(authority: Authority, more: str, line: int, said: str) -> None:
    path = authority.folder / "web.yml"
    path.write_text(f"tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n{more}")
    found, mistakes = webconfig.load(path)
    assert found is None
    (mistake,) = map(str, mistakes)
    assert said in mistake
    assert f"web.yml:{line}: " in mistake
