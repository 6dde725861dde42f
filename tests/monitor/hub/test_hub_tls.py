"""Who a vantage is by the certificate it shows: the hub's own authority signs it, and its one name is the vantage's."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from monitor.hub.door import single_name
from tests.monitor.hub.hubs import REGISTRY, SECOND, Database, Hub, basic, batch, enrolled, until


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    made = Database()
    await made.start()
    yield made
    await made.stop()


class Authority:
    """Signs the hub's certificate and those of vantages; `stranger` is another one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ca, self.stranger = folder, trustme.CA(), trustme.CA()
        hub = self.ca.issue_cert("127.0.0.1")
        hub.private_key_pem.write_to_path(folder / "hub.key")
        for place, pem in enumerate(hub.cert_chain_pems):
            pem.write_to_path(folder / "hub.pem", append=place > 0)
        self.ca.cert_pem.write_to_path(folder / "ca.pem")

    def context(self, name: str | None, *, by: trustme.CA | None = None) -> ssl.SSLContext:
        """What a client called so brings; None brings nothing."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if name is not None:
            (by or self.ca).issue_cert(common_name=name).configure_cert(context)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    enrolled(tmp_path, "v1", "v2")
    (tmp_path / "registry.yml").write_text(REGISTRY + SECOND)
    return Authority(tmp_path)


def hub(authority: Authority, database: Database, identity: str) -> Hub:
    tls = "tls: {cert_file: hub.pem, key_file: hub.key, client_ca_file: ca.pem}"
    return Hub(authority.folder, database, extra=[tls, f"identity: {identity}"])


async def test_the_certificate_says_who_it_is_and_no_password_says_otherwise(
    authority: Authority, database: Database
) -> None:
    there = hub(authority, database, "certificate")
    await there.start()
    there.tls = authority.context("v2")
    assert await there.write(batch(target="of-v2"), Authorization=basic("v1", "secret")) == 204
    there.tls = authority.context(None)
    assert await there.write(batch(), Authorization=basic("v1", "secret")) == 0, "the handshake asks for one"
    there.tls = authority.context("v1", by=authority.stranger)
    assert await there.write(batch()) == 0
    for name in ("V1", "v9", "v1 ", "*", "v1,CN=v2"):
        there.tls = authority.context(name)
        assert await there.write(batch()) in (401, 403), name
    await until(lambda: database.of("v2"))
    assert not database.of("v1")
    await there.stop()


async def test_both_must_say_the_same(authority: Authority, database: Database) -> None:
    there = hub(authority, database, "both")
    await there.start()
    there.tls = authority.context("v2")
    assert await there.write(batch(), Authorization=basic("v1", "secret")) == 401
    assert await there.write(batch(), Authorization=basic("v2", "guess")) == 401
    assert await there.write(batch(), Authorization=basic("v2", "secret")) == 204
    await until(lambda: database.of("v2"))
    await there.stop()


async def test_where_a_password_is_enough_a_certificate_in_anothers_name_still_opens_nothing(
    authority: Authority, database: Database
) -> None:
    there = hub(authority, database, "password")
    await there.start()
    there.tls = authority.context(None)
    assert await there.write(batch()) == 204
    there.tls = authority.context("v2")
    assert await there.write(batch()) == 401
    await there.stop()


def test_a_certificate_with_two_names_has_none() -> None:
    """In the words of the ssl module: the authority here issues none with two."""
    one = ((("commonName", "v1"),),)
    assert single_name({"subject": one}) == "v1"
    assert single_name({"subject": (*one, (("commonName", "v2"),))}) == ""
    assert single_name({"subject": ((("organizationName", "v1"),),)}) == ""
    assert single_name({}) is None
    assert single_name(None) is None
