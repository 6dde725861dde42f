"""Certificates are judged by the time it is: by OpenSSL where our clock will do, by us where it is wrong, or not at all."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from probes.doors.chain import Roots
from probes.doors.dates import NO_CHECK_TIME, Dates
from probes.doors.wire import Sockets
from probes.failure import Refusal, classify
from probes.ports import Greeted, Greeting, Traffic
from probes.words import Failure, Transport
from tests.probes import liars
from tests.probes.liars import Authority

DAY_MS = 86_400_000
WAKES_MS = 90_000  # 1970
IN_2019_MS, IN_2021_MS = 1_560_000_000_000, 1_620_000_000_000  # the expired one ended with 2019
NOW = datetime.datetime.now(datetime.UTC)
NOW_MS = int(NOW.timestamp() * 1000)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.make(tmp_path)


def by(now_ms: int, estimated_ms: int | None) -> Dates:
    return Dates(lambda: now_ms, lambda: estimated_ms)


UNKNOWN = by(WAKES_MS, None)
KNOWN = by(WAKES_MS, NOW_MS)


async def greeted(authority: Authority, dates: Dates, *, expired: bool = False, name: str = liars.NAME) -> Greeted:
    async with liars.listening(liars.silent, authority.server(expired=expired)) as port:
        wire = Sockets(authority.ca_file, dates=dates)
        stream = await wire.connect("127.0.0.1", port, Transport.TCP, Traffic())
        try:
            return await wire.handshake(stream, Greeting(name, (name,)))
        finally:
            stream.close()


async def failed(
    authority: Authority, dates: Dates, *, expired: bool = False, name: str = liars.NAME
) -> Failure | None:
    try:
        await greeted(authority, dates, expired=expired, name=name)
    except (ssl.SSLError, Refusal) as error:
        return classify(error)
    return None


async def test_where_nobody_knows_the_time_no_date_is_wrong(authority: Authority) -> None:
    """Before OpenSSL would say "not yet valid" or "expired" it is told not to look."""
    assert await failed(authority, UNKNOWN) is None
    assert await failed(authority, UNKNOWN, expired=True) is None


async def test_names_and_signatures_are_verified_all_the_same(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority.make(tmp_path / "other")
    assert await failed(authority, UNKNOWN, name="other.example") is Failure.SSL_INVALID_HOSTNAME
    mixed = Authority(stranger.ca, authority.ca_file)
    assert await failed(mixed, UNKNOWN) is Failure.SSL_UNKNOWN_AUTHORITY
    assert await failed(mixed, KNOWN) is Failure.SSL_UNKNOWN_AUTHORITY


async def test_where_others_say_the_time_dates_are_judged_by_theirs(authority: Authority) -> None:
    assert await failed(authority, KNOWN) is None
    assert await failed(authority, KNOWN, expired=True) is Failure.SSL_INVALID_CERTIFICATE
    assert await failed(authority, by(NOW_MS, IN_2019_MS), expired=True) is None
    assert await failed(authority, by(NOW_MS, IN_2021_MS), expired=True) is Failure.SSL_INVALID_CERTIFICATE


async def test_where_our_clock_will_do_openssl_judges(authority: Authority) -> None:
    ours = by(NOW_MS, NOW_MS + 60_000)
    assert await failed(authority, ours) is None
    assert await failed(authority, ours, expired=True) is Failure.SSL_INVALID_CERTIFICATE
    assert (await greeted(authority, ours)).certificate.valid_ms is None


async def test_what_openssl_did_not_look_at_is_told_for_the_whole_chain(authority: Authority) -> None:
    valid_ms = (await greeted(authority, UNKNOWN, expired=True)).certificate.valid_ms
    assert valid_ms is not None
    assert valid_ms[1] == 1_577_836_800_000, "2020-01-01, the leaf's end"
    assert valid_ms[0] <= IN_2019_MS


async def test_one_context_serves_before_and_after_the_time_is_known(authority: Authority) -> None:
    """The board learns it while it runs: what was left to us then is OpenSSL's again."""
    told: list[int | None] = [None]
    dates = Dates(lambda: NOW_MS, lambda: told[0])
    async with liars.listening(liars.silent, authority.server(expired=True)) as port:
        wire = Sockets(authority.ca_file, dates=dates)
        results: list[Failure | None] = []
        for each in (None, NOW_MS, None, IN_2021_MS):
            told[0] = each
            stream = await wire.connect("127.0.0.1", port, Transport.TCP, Traffic())
            try:
                await wire.handshake(stream, Greeting(liars.NAME, (liars.NAME,)))
                results.append(None)
            except (ssl.SSLError, Refusal) as error:
                results.append(classify(error))
            stream.close()
    assert results == [None, Failure.SSL_INVALID_CERTIFICATE, None, Failure.SSL_INVALID_CERTIFICATE]


async def test_who_proves_himself_otherwise_shows_any_certificate(authority: Authority) -> None:
    async with liars.listening(liars.silent, authority.server(expired=True)) as port:
        wire = Sockets(authority.ca_file, dates=KNOWN)
        stream = await wire.connect("127.0.0.1", port, Transport.TCP, Traffic())
        shown = await wire.handshake(stream, Greeting(liars.NAME, ()))
        stream.close()
    assert shown.certificate.valid_ms is None


def test_pythons_own_flags_are_left_as_they_were() -> None:
    context = ssl.create_default_context()
    before = context.verify_flags
    assert UNKNOWN.fit(context)
    assert context.verify_flags == before | NO_CHECK_TIME
    assert not by(NOW_MS, NOW_MS).fit(context)
    assert context.verify_flags == before


# ---------------------------------------------------------------- QUIC


def shown(ca: trustme.CA, *, expired: bool) -> x509.Certificate:
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = ca.issue_cert(liars.NAME, not_after=past) if expired else ca.issue_cert(liars.NAME)
    return x509.load_pem_x509_certificate(made.cert_chain_pems[0].bytes())


def by_quic(authority: Authority, dates: Dates, *, expired: bool, name: str = liars.NAME) -> Failure | None:
    try:
        seen = Roots([authority.ca_file], dates).verify(
            shown(authority.ca, expired=expired), [], Greeting(name, (name,))
        )
    except Refusal as refused:
        return refused.failure
    assert (seen.valid_ms is None) is dates.ours_will_do
    return None


def test_the_same_holds_by_quic(authority: Authority) -> None:
    invalid = Failure.SSL_INVALID_CERTIFICATE
    for expired in (False, True):
        assert by_quic(authority, UNKNOWN, expired=expired) is None
        assert by_quic(authority, KNOWN, expired=expired) is (invalid if expired else None)
        assert by_quic(authority, by(NOW_MS, NOW_MS), expired=expired) is (invalid if expired else None)
    assert by_quic(authority, by(NOW_MS, IN_2019_MS), expired=True) is None
    assert by_quic(authority, UNKNOWN, expired=False, name="other.example") is Failure.SSL_INVALID_HOSTNAME
