"""What others answer us over HTTP, hand us by it, or show a hub: JSON, remote write, webhooks, queries, links."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable, Iterable

import cramjam
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from monitor.cli import look
from monitor.decoding import Undecodable
from monitor.drilling import hops
from monitor.evidence.proof import stamps
from monitor.explaining import receipts, told
from monitor.home import answers, holders, querying, remotewrite, vectors
from monitor.home.querying import Far
from monitor.hub import fleet, held
from monitor.hub.gateway import Bounds, Gateway, Refusal
from monitor.hub.looking import fetched
from monitor.hub.registry import Registry
from monitor.relay import alertmanager, alerts, digest, leaflet, ways
from probes import account, witness
from probes.account import Newest
from tests.fuzz.target import Target, _loop, folder
from tests.monitor.evidence.authority import Authority
from tests.monitor.facts import CONTROL, INSIDE
from tests.monitor.hub import hubs

_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_NOW_MS = 1_800_000_000_000
_LABELS = {"__name__": "didban_target_up", "vantage": "v1", "service": "imo", "target": "chat", "country": "IR"}


class _Answering:
    """A `Far` whose other end always says the same."""

    url = "http://127.0.0.1"

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def ask(self, path: str, params: object, patience_s: float = 0, *, post: bool = False) -> bytes:
        return self._data


def _asking(ask: Callable[[Far], object]) -> Callable[[bytes], object]:
    def read(data: bytes) -> object:
        return _loop().run_until_complete(ask(_Answering(data)))  # type: ignore[arg-type]

    return read


def _range(data: bytes, *, metric: dict[str, str] = _LABELS) -> bytes:
    return json.dumps({"data": {"result": [{"metric": metric, "values": [[1.5, "1"], [2.5, "NaN"]]}]}}).encode()


def _matrix() -> Iterable[bytes]:
    return [_range(b""), b'{"data":{"result":[{"metric":{},"values":[[1e300,"inf"],[-1e300,"0x"]]}]}}']


def _vector() -> Iterable[bytes]:
    yield json.dumps({"data": {"result": [{"metric": _LABELS, "value": [1.5, "1"]}]}}).encode()
    yield b'{"data":{"result":[{"metric":{},"value":[1,"NaN"]},{"metric":{"vantage":"v"},"value":[1,"1e300"]}]}}'


@functools.cache
def _gateway() -> Gateway:
    known = Registry({each.id: each for each in (INSIDE, CONTROL)}, frozenset(), (), (), ())
    return Gateway(folder(), known, Bounds(accepts_age_ms=7 * 86_400_000, most_series=3))


def _batch(data: bytes) -> object:
    return _gateway().read(INSIDE.id, data, _NOW_MS)


def _batches() -> Iterable[bytes]:
    body = hubs.batch(at_ms=_NOW_MS)
    raw = bytes(cramjam.snappy.decompress_raw(body))
    label = b"\x0a\x04\x0a\x01a\x12"
    return [body, bytes(cramjam.snappy.compress_raw(raw * 3)), bytes(cramjam.snappy.compress_raw(b"\x0a\x02\x0a\0" * 5000)),
            bytes(cramjam.snappy.compress_raw(label)), b"\xff\xff\xff\xff\x0f" + body]  # fmt: skip


def _unfolded(data: bytes) -> object:
    """The protobuf within: mutations of snappy itself seldom get so far."""
    return remotewrite.decode(bytes(cramjam.snappy.compress_raw(data)))


async def _stood(far: Far) -> object:
    there = alertmanager.Alertmanagers(["http://127.0.0.1"])

    async def ask(method: str, url: str, body: object = None) -> bytes | None:
        return await far.ask("", {})  # type: ignore[return-value]

    there._ask = ask  # type: ignore[method-assign]
    return await there.standing(), await there.silences(), await there.silence({"a": "b"}, "x", from_ms=0, to_ms=1)


async def _drill(far: Far) -> object:
    with contextlib.suppress(hops.NotBegun):
        await hops.begin(far)
    said = await far.ask("", {})
    assert isinstance(said, bytes)
    return look._understood(said), hops.told(said), hops.starts_ms(said, "v1"), await hops.notifications(far)


def _webhook(data: bytes) -> object:
    payload = alerts.read(data)
    for alert in payload.alerts:
        alert.telling(10**12, alerts.REPEAT_MS)
    return alerts.worst(payload.alerts)


def _payloads() -> Iterable[bytes]:
    alert = {"labels": {"alertname": "NetworkShutdown", "severity": "page"}, "annotations": {"summary": "x"},
             "startsAt": "2026-11-21T08:00:00Z", "fingerprint": "00"}  # fmt: skip
    yield json.dumps({"receiver": "a", "groupKey": "b", "alerts": [alert]}).encode()
    yield json.dumps(
        [alert | {"status": {"state": "active", "inhibitedBy": [], "silencedBy": []}, "receivers": []}]
    ).encode()


def _line(body: str) -> str:
    import base64

    signature = base64.b64encode(_KEY.sign((body + "}").encode())).decode()
    return f'{body},"sig":"{signature}"}}'


def _lines(data: bytes) -> object:
    """As they come from a responder, and also signed by it: a captured one signs what it likes."""
    lines = data.decode(errors="replace").splitlines()
    account.checked(lines, _KEY.public_key(), Newest())
    found = [_line(each) for each in lines]
    newest = account.checked(found, _KEY.public_key(), Newest(3, "00"))
    return newest, witness.testimony(found, "00" * 32, _KEY.public_key())


def _queries(data: bytes) -> object:
    words = data.decode("latin-1").split("&")
    return held._asked(dict(each.partition("=")[::2] for each in words))


def _header(data: bytes) -> object:
    text = data.decode("latin-1")
    return answers.asked_to_wait_s(text), ways._after_s({"Retry-After": text}, data)


async def _database(far: Far) -> object:
    return (
        await querying.held(far, "v1", 0, 3_600_000), await querying.stated(far, "v1", ["didban_target_up"], 0, 3_600_000),
        await querying.series(far, "{}", 0, 1), await vectors.at(far, "up", 0), await fleet.delivered(far, 0),
        await digest.asked(far),
    )  # fmt: skip


async def _hub(far: Far) -> object:
    there = holders.Hub(far)
    found = await there.digests(0, 3_600_000)
    return found, await there.held(0, 3_600_000, {"a": {1: 1.0}})


async def _told_of(far: Far) -> object:
    return await told.told(far), await receipts.receipts(far, {}, 0, 1)


async def _week(far: Far) -> object:
    week = await digest.asked(far)
    return digest.told(week, 0)


def _stamp(data: bytes) -> object:
    return stamps.kept("https://tsa.example", data, bytes(32), _roots())


@functools.cache
def _authority() -> Authority:
    return Authority(folder() / "authority")


@functools.cache
def _roots() -> stamps.Roots:
    return stamps.roots_of(_authority().root)


def _stamps() -> Iterable[bytes]:
    return [_authority().answer(stamps.Question.over(bytes(32)).body)]


TARGETS = (
    Target("remote-write", _batch, ("monitor/home/remotewrite.py", "monitor/hub/gateway.py", "monitor/hub/batch.py"), (Refusal,), _batches),
    Target("remote-write-protobuf", _unfolded, ("monitor/home/remotewrite.py",), (remotewrite.Malformed,),
           lambda: [bytes(cramjam.snappy.decompress_raw(each)) for each in list(_batches())[:2]]),
    Target("answer-database", _asking(_database), ("monitor/home/querying.py", "monitor/home/vectors.py", "monitor/hub/fleet.py",
           "monitor/relay/digest.py"), seeds=lambda: [*_matrix(), *_vector(), b'{"data":[{"a":"b"}]}']),
    Target("answer-digest", _asking(_week), ("monitor/relay/digest.py",), seeds=_vector),
    Target("answer-late-look", _asking(lambda far: fetched.firing(far, "IR", 0, 3_600_000)), ("monitor/hub/looking/fetched.py",), seeds=_matrix),
    Target("answer-hub", _asking(_hub), ("monitor/home/holders.py",), seeds=lambda: [
        b'{"series":{"a":[1,"00"]},"waiting":3}', b'{"samples":{"a":[[1,"1.5"]]}}']),
    Target("answer-alertmanager", _asking(_stood), ("monitor/relay/alertmanager.py",), seeds=_payloads),
    Target("answer-told", _asking(_told_of), ("monitor/explaining/told.py", "monitor/explaining/receipts.py"), seeds=_payloads),
    Target("answer-drill", _asking(_drill), ("monitor/drilling/hops.py", "monitor/cli/look.py"), seeds=lambda: [
        b'{"vantage":"v","began_ms":1,"taken_ms":{}}', *_payloads(),
        b'alertmanager_notification_requests_total{integration="webhook"} 3\n']),
    Target("answer-messenger", lambda data: [ways._field(data, name) for name in ("id", "retry_after_ms")], ("monitor/relay/ways.py",),
           seeds=lambda: [b'{"id":"a","retry_after_ms":5000}', b'{"id":' + b"9" * 5000 + b"}"]),
    Target("answer-header", _header, ("monitor/home/answers.py", "monitor/relay/ways.py", "monitor/home/credentials.py"),
           seeds=lambda: [b"120", "²".encode("latin-1"), b"Basic dXNlcjpwYXNz"]),
    Target("answer-witness", _lines, ("probes/witness.py", "probes/account.py", "deploy/responder/journal.py", "monitor/home/asking.py"), seeds=lambda: [
        b'{"n":4,"at_ms":5,"prev":"","what":"minute","since_ms":1', b'{"n":5,"prev":"00","what":"hello_arrived","walk":"' + b"00" * 32 + b'"']),
    Target("answer-stamp", _stamp, ("monitor/evidence/proof/stamps.py",), seeds=_stamps),
    Target("webhook", _webhook, ("monitor/relay/alerts.py",), (Undecodable, ValueError), _payloads),
    Target("held-query", _queries, ("monitor/hub/held.py",), seeds=lambda: [b"from=1&until=3600001&series=a,b&samples=1"]),
    Target("runbook-markdown", lambda data: leaflet.of_markdown(data.decode(errors="replace")), ("monitor/relay/leaflet.py",),
           seeds=lambda: [b"# A\n\n- `b` **c** [d](https://e)\n\ntext\n"]),
)  # fmt: skip
