"""What Alertmanager's webhook brings (version 4, prometheus.io/docs/alerting/latest/configuration/#webhook_config)."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from monitor.decoding import from_json

REPEAT_MS = 86_400_000  # Alertmanager says again after a day what lasts (`repeat_interval`)
NEWS = ("Taken", "WeeklyDigest")  # the relay's own words, which nobody takes upon himself


class Alert(msgspec.Struct, frozen=True):
    """One alert that fires.

    Attributes:
        fingerprint: Alertmanager's own, of the labels alone.
    """

    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: datetime.datetime
    fingerprint: str
    status: str = "firing"

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str:
        return self.labels.get("severity", "")

    @property
    def started_ms(self) -> int:
        return int(self.startsAt.timestamp() * 1000)

    @property
    def step(self) -> str:
        """The same wherever it is made: two Alertmanagers, two hubs."""
        return f"{self.fingerprint}@{self.started_ms}"

    def telling(self, now_ms: int, repeat_ms: int) -> str:
        """The step, and for how many days it lasts: once each is what people want to hear."""
        return f"{self.step}/{max(0, now_ms - self.started_ms) // repeat_ms}"


class Payload(msgspec.Struct, frozen=True):
    receiver: str
    groupKey: str
    alerts: list[Alert]


def read(body: bytes) -> Payload:
    """Raises ValueError for what no Alertmanager sends."""
    found = from_json(body, type=Payload)
    if any(each.startsAt.tzinfo is None for each in found.alerts):
        raise ValueError("a start without a time zone")
    return found


def worst(alerts: Sequence[Alert]) -> str:
    """The severity of a message that tells of all of them."""
    said = {alert.severity for alert in alerts}
    return next((each for each in ("page", "ticket", "info") if each in said), "info")


def key_of(recipient: str, group: str, tellings: Sequence[str]) -> str:
    """One message, wherever it is made; 40 hexadecimal digits, which both ntfy and Matrix take as a name for it."""
    text = "\n".join([recipient, group, *sorted(tellings)])
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def matches(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(key, "") == value for key, value in wanted.items())
