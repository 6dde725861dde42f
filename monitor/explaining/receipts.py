"""Who was told what and when, by the relay's own book: `GET /api/v1/receipts`, on loopback, behind its token."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from monitor.decoding import from_json
from monitor.home.querying import Far, Unanswered
from monitor.settings import ClientTls
from probes.doors.yamlfile import read

_PATIENCE_S = 10.0
_LISTENS, _TOKEN_FILE = "127.0.0.1:9811", "relay.token"


class Receipt(msgspec.Struct, frozen=True):
    """One message to one person.

    Attributes:
        asked_ms: when Alertmanager handed it over; `done_ms`: when it came to its `state`, none while it waits.
        taken_by: who said "I have it".
    """

    asked_ms: int
    way: str
    person: str
    severity: str
    title: str
    state: str
    done_ms: int | None
    taken_by: str | None
    taken_ms: int | None
    alerts: list[dict[str, str]]

    @property
    def is_told(self) -> bool:
        """The way to that person took it, from this relay or another of ours. That it was read only they can say."""
        return self.state in ("delivered", "elsewhere")


class _Answer(msgspec.Struct):
    receipts: list[Receipt]


def relay(url: str, token_file: Path) -> Far:
    """Raises OSError where the token cannot be read."""
    known = Far.of(url, None, ClientTls(), Path())
    return Far(known.url, f"Bearer {token_file.read_text().strip()}", known.tls)


def beside(file: Path, listens: str | None = None) -> Far | None:
    """The relay of this hub.yml or didban.yml; None where it has made no token yet, so that there can be no book."""
    notify = read(file).value
    for key in ("notify", "relay"):
        notify = notify.get(key) if isinstance(notify, dict) else None
    said = notify if isinstance(notify, dict) else {}
    token_file = file.absolute().parent / str(said.get("token_file", _TOKEN_FILE))
    if not token_file.is_file():
        return None
    return relay(f"http://{listens or said.get('listen', _LISTENS)}", token_file)


async def receipts(
    book: Far, wanted: Mapping[str, str], since_ms: int, until_ms: int
) -> tuple[Receipt, ...] | Unanswered:
    """The newest first, of those that told of an alert with such labels."""
    said = await book.ask("/api/v1/receipts", {**wanted, "since": f"{since_ms}", "until": f"{until_ms}"}, _PATIENCE_S)
    if isinstance(said, Unanswered):
        return said
    try:
        return tuple(from_json(said, type=_Answer).receipts)
    except msgspec.DecodeError:
        return Unanswered("it says nothing that the relay would")
