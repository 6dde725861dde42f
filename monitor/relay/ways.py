"""How ntfy, Signal and Matrix are asked to tell something, and what their answers mean. Opens no socket.

ntfy: docs.ntfy.sh/publish (JSON to the server's root; `sequence_id` since 2.16: what has the same one replaces the
notification). Signal: signal-cli-rest-api `POST /v2/send`, 201 with a timestamp; it knows no key by which a message
that comes twice is one. Matrix: client-server API v1.11, `PUT .../send/m.room.message/{txnId}`: one txnId is one event.
"""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, Protocol

from monitor.decoding import Undecodable, from_json
from monitor.notify.settings import Matrix, Ntfy, Signal, Ways
from monitor.relay.outbox import Message, Recipient
from probes.doors import handed

_LATER = {401, 403, 404, 408, 425, 429}  # a set-up of ours or theirs, or too fast: never the message
_LONGEST_S = 600.0
_TITLE_MOST = 250  # bytes of ntfy's title that phones show
_PRIORITY = {"page": 5, "ticket": 3}


class Outcome(Enum):
    TOLD = auto()
    LATER = auto()
    REFUSED = auto()  # this message will never be taken as it is


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. Its headers and, for ntfy, its body hold secrets: it is never logged."""

    method: str
    url: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """`receipt`: the far end's own name for what it took; `why`: a closed word or a status, never a text of others."""

    outcome: Outcome
    receipt: str = ""
    why: str = ""
    after_s: float = 0.0


class Way(Protocol):
    @property
    def recipient(self) -> Recipient: ...
    def ask(self, message: Message, link: str) -> Ask: ...
    def receipt(self, body: bytes) -> str: ...


@dataclass(frozen=True, slots=True)
class ByNtfy:
    recipient: Recipient
    server: str
    topic: str
    token: str

    @classmethod
    def of(cls, ntfy: Ntfy, folder: Path) -> ByNtfy:
        """Raises OSError where a file cannot be read, or holds no topic."""
        url = urllib.parse.urlsplit(handed.at(folder, ntfy.url_file).read_text(encoding="utf-8").strip())
        base, _, topic = url.path.rstrip("/").rpartition("/")
        if not topic:
            raise OSError(f"{folder / ntfy.url_file}: holds no topic, such as https://ntfy.example.org/TOPIC")
        token = _secret(folder, ntfy.token_file) if ntfy.token_file else ""
        return cls(Recipient("ntfy", ntfy.name), f"{url.scheme}://{url.netloc}{base}/", topic, token)

    def ask(self, message: Message, link: str) -> Ask:
        body: dict[str, Any] = {
            "topic": self.topic,
            "title": _bytes(message.text.title, _TITLE_MOST),
            "message": message.text.body or message.text.title,
            "priority": _PRIORITY.get(message.severity, 2),
            "sequence_id": message.key,
        }
        if link:
            body["actions"] = [{"action": "view", "label": "I have it", "url": link}]
        return Ask("POST", self.server, body, {"Authorization": f"Bearer {self.token}"} if self.token else {})

    def receipt(self, body: bytes) -> str:
        return _field(body, "id")


@dataclass(frozen=True, slots=True)
class BySignal:
    recipient: Recipient
    server: str
    sender: str
    number: str

    def ask(self, message: Message, link: str) -> Ask:
        text = f"{message.text.title}\n{message.text.body}" + (f"\nI have it: {link}" if link else "")
        body = {"message": text, "number": self.sender, "recipients": [self.number]}
        return Ask("POST", f"{self.server}/v2/send", body, {})

    def receipt(self, body: bytes) -> str:
        return _field(body, "timestamp")


@dataclass(frozen=True, slots=True)
class ByMatrix:
    recipient: Recipient
    server: str
    room: str
    token: str

    def ask(self, message: Message, link: str) -> Ask:
        plain = f"{message.text.title}\n{message.text.body}" + (f"\nI have it: {link}" if link else "")
        rest = "<br>".join(html.escape(line) for line in message.text.body.split("\n"))
        marked = f"<strong>{html.escape(message.text.title)}</strong><br>{rest}"
        if link:
            marked += f'<br><a href="{html.escape(link)}">I have it</a>'
        body = {"msgtype": "m.text", "body": plain, "format": "org.matrix.custom.html", "formatted_body": marked}
        room = urllib.parse.quote(self.room, safe="")
        url = f"{self.server}/_matrix/client/v3/rooms/{room}/send/m.room.message/{message.key}"
        return Ask("PUT", url, body, {"Authorization": f"Bearer {self.token}"})

    def receipt(self, body: bytes) -> str:
        return _field(body, "event_id")


def of(ways: Ways, folder: Path) -> list[Way]:
    """One for each person and room. Raises OSError where a secret file cannot be read."""
    found: list[Way] = [ByNtfy.of(each, folder) for each in ways.ntfy]
    match ways.signal:
        case Signal(url=url, sender=sender, to=people):
            found += [BySignal(Recipient("signal", each.name), url.rstrip("/"), sender, each.number) for each in people]
    match ways.matrix:
        case Matrix(url=url, token_file=file, rooms=rooms):
            token = _secret(folder, file)
            found += [ByMatrix(Recipient("matrix", each.name), url.rstrip("/"), each.room, token) for each in rooms]
    return found


def meant(way: Way, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """What an answer means for a message."""
    if 200 <= status < 300:
        return Answer(Outcome.TOLD, receipt=way.receipt(body))
    if status in _LATER or status >= 500 or status < 400:  # a redirect is a login page's: nobody was told behind it
        return Answer(Outcome.LATER, why=f"status {status}", after_s=_after_s(headers, body))
    return Answer(Outcome.REFUSED, why=f"status {status}")


def _after_s(headers: Mapping[str, str], body: bytes) -> float:
    """Retry-After in seconds (RFC 9110, section 10.2.3), or Matrix's older `retry_after_ms`; within bounds."""
    given = headers.get("Retry-After", "")
    if given.isascii() and given.isdigit() and len(given) < 8:
        return min(float(given), _LONGEST_S)
    millis = _field(body, "retry_after_ms")
    plain = millis.isascii() and millis.isdigit() and len(millis) < 10
    return min(float(millis) / 1000, _LONGEST_S) if plain else 0.0


def _field(body: bytes, name: str) -> str:
    """A word or number of a JSON object, short enough to be kept."""
    try:
        found = from_json(body)
    except Undecodable:
        return ""
    value = found.get(name) if isinstance(found, dict) else None
    return str(value)[:100] if isinstance(value, str | int) else ""


def _bytes(text: str, most: int) -> str:
    return text if len(text.encode()) <= most else text.encode()[: most - 3].decode(errors="ignore") + "…"


def _secret(folder: Path, name: str) -> str:
    return handed.at(folder, name).read_text(encoding="utf-8").strip()
