"""Basic authentication and TLS, made from files: no secret is ever in a configuration, a log or an error."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path

from monitor.settings import BasicAuth, ClientTls
from probes.doors import handed


def basic_header(auth: BasicAuth, folder: Path) -> str:
    """The Authorization header; raises OSError when the password file cannot be read."""
    password = handed.at(folder, auth.password_file).read_text().strip()
    return "Basic " + base64.b64encode(f"{auth.username}:{password}".encode()).decode()


def read_basic(authorization: str | None) -> tuple[str, str]:
    """User and password of an Authorization header; two empty words for anything that is not one."""
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:  # no base64, or no text: of the header or of what it holds
        return "", ""
    return user, password


def client_context(tls: ClientTls, folder: Path) -> ssl.SSLContext:
    """The system's roots and the configured ones, with our own certificate where one is named."""
    context = ssl.create_default_context()
    if tls.ca_file:
        context.load_verify_locations(handed.at(folder, tls.ca_file))
    if tls.cert_file:
        key = handed.at(folder, tls.key_file) if tls.key_file else None
        context.load_cert_chain(handed.at(folder, tls.cert_file), key)
    return context


def pair_flaw(cert: Path, key: Path | None) -> str | None:
    """Why no handshake could be made with them; without a key file, the key stands in the certificate's."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return "its key is not that of the certificate"
        return f"there is no certificate in it, or no key without a passphrase in {'key_file' if key else 'it'}"
    return None


def server_context(cert_file: str, key_file: str, folder: Path) -> ssl.SSLContext:
    """A listener's own certificate and key."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(handed.at(folder, cert_file), handed.at(folder, key_file))
    return context
