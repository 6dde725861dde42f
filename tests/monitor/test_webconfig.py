"""`--web.config.file` as Prometheus users know it: what promtool takes we take, and mutual TLS lets in whom it names."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path

import bcrypt
import pytest
import trustme
from aiohttp import ClientConnectionError, ClientSession, web

from monitor import webconfig
from monitor.expose import listen
from monitor.gate import guards
from monitor.webconfig import may_listen
from tests.probes.liars import closed_port

WHOLE = """
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  min_version: TLS13
http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: sameorigin
basic_auth_users:
  ana: HASH
"""


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    leaf = made.issue_cert("127.0.0.1")
    leaf.private_key_pem.write_to_path(tmp_path / "server.key")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "server.pem")
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "web.yml").write_text(WHOLE.replace("HASH", bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()))
    return made


async def test_what_promtool_takes_is_taken(authority: trustme.CA, tmp_path: Path) -> None:
    command = ["promtool", "check", "web-config", str(tmp_path / "web.yml")]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found, mistakes = webconfig.load(tmp_path / "web.yml")
    assert (found is not None, mistakes) == (True, ())


async def test_only_who_shows_a_certificate_of_that_authority_comes_in(authority: trustme.CA, tmp_path: Path) -> None:
    found, _ = webconfig.load(tmp_path / "web.yml")
    assert found is not None
    app, port = web.Application(), closed_port()
    app.add_routes([web.get("/", _here)])
    guards.dressed(app, found.headers)
    porter = await listen(app, "127.0.0.1", port, found, tmp_path)
    work = asyncio.create_task(porter.work(asyncio.create_task))
    url = f"https://127.0.0.1:{port}/"
    async with ClientSession() as session:
        async with session.get(url, ssl=_client(authority, authority)) as answer:
            assert answer.status == 200
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
            assert answer.headers["X-Frame-Options"] == "sameorigin"
        for shown in (None, trustme.CA()):
            with pytest.raises((ClientConnectionError, OSError)):
                await session.get(url, ssl=_client(authority, shown))
        old = _client(authority, authority)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ClientConnectionError, OSError)):
            await session.get(url, ssl=old)
    work.cancel()
    await porter.close()


async def _here(request: web.Request) -> web.Response:
    return web.Response(text="here")


def _client(server: trustme.CA, own: trustme.CA | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    server.configure_trust(context)
    if own is not None:
        own.issue_cert("me.example").configure_cert(context)
    return context


@pytest.mark.parametrize(
    ("was", "becomes", "what"),
    [
        ("TLS13", "TLS10", "min_version"),
        ("  client_ca_file: ca.pem\n", "", "whose certificates are believed"),
        ("RequireAndVerifyClientCert", "RequireAnyClientCert", "client_auth_type"),
        ("max-age=31536000", '"a\\nb"', "one line"),
        ("min_version: TLS13", "min_version: TLS13\n  max_version: TLS12", "below min_version"),
        ("http2: true", "http3: true", "http3"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    authority: trustme.CA, tmp_path: Path, was: str, becomes: str, what: str
) -> None:
    path = tmp_path / "web.yml"
    assert was in path.read_text()
    path.write_text(path.read_text().replace(was, becomes))
    found, mistakes = webconfig.load(path)
    assert found is None
    assert any(what in str(each) for each in mistakes), mistakes


@pytest.mark.parametrize("kind", ["NoClientCert", "VerifyClientCertIfGiven"])
def test_a_certificate_that_need_not_be_shown_guards_nothing(authority: trustme.CA, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "web.yml"
    text = path.read_text().partition("basic_auth_users")[0].replace("RequireAndVerifyClientCert", kind)
    path.write_text(text if kind != "NoClientCert" else text.replace("  client_ca_file: ca.pem\n", ""))
    found, mistakes = webconfig.load(path)
    assert found is not None, mistakes
    assert may_listen("0.0.0.0", found) is not None
