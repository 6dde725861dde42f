"""Every duration of the daemon in one place, so that the laboratory can divide them all at once (`--time-scale`)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from monitor.settings import Config
from probes.facts import Target
from probes.words import Kind, Role

_MINUTE_S = 60.0
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Pace:
    """All fields are seconds.

    Attributes:
        interval_s: the tick, and the period of essential targets and canaries.
        landmark_s: of one landmark at one control, so that all controls together stay above 2 minutes.
        confirm_s: how long after a change a target is walked again.
        early_rest_s: how long after a tick the next one may come before its time (monitor/beat/early.py).
        speech_rest_s: how long an address rests that was spoken to on TCP 53, 80 or 443 in neither DNS, HTTP nor TLS:
            Iran's protocol filter (2020) drops such a flow for 60 s and renews it by use.
        standing_s: how long a canary is dead before it is set aside as standing; how long what is not essential has
            failed before it is walked half as often.
        quiet_s: how far apart canaries are asked by a box that keeps still in the dark.
        issuers_s: how old a book of controls may be and still say who signs for a name: chains rotate.
        quarantine_s: how old it may be and still say which endpoints are dead: they come back.
        memory_s: over which a canary's own smallest round trip and a step's own median are taken.
    """

    interval_s: float
    timeout_s: float
    keep_s: float
    heartbeat_s: float
    ordinary_s: float = 5 * _MINUTE_S
    tier_1_s: float = 15 * _MINUTE_S
    landmark_s: float = 6 * _MINUTE_S
    transfer_s: float = 30 * _MINUTE_S
    pair_s: float = 2.5 * _MINUTE_S  # ten more, moved by up to a quarter, within the next 30 minutes
    pairs_looked_back_s: float = 60 * _MINUTE_S
    confirm_s: tuple[float, ...] = (15.0, 30.0, 45.0)
    early_rest_s: float = 15.0
    speech_rest_s: float = 90.0
    standing_s: float = _DAY_S
    quiet_s: float = 30 * _MINUTE_S
    memory_s: float = 7 * _DAY_S
    day_s: float = _DAY_S
    comparison_rest_s: float = 5 * _MINUTE_S  # residual blocking lasts 60 to 300 s and is renewed by use
    comparison_again_s: float = 30 * _MINUTE_S  # once a cause is named
    clock_s: float = _DAY_S / 4  # canaries are asked the time; a quartz without help drifts seconds a day
    told_s: float = 2 * _MINUTE_S  # after a start, until our own clock is believed: within it canaries have spoken
    book_s: float = 7 * _DAY_S
    issuers_s: float = 30 * _DAY_S
    quarantine_s: float = 7 * _DAY_S
    late_answer_s: float = 0.5  # FIELD, section 6: within that a second, genuine DNS answer follows a forged one
    sync_s: float = 1.0  # what a power cut may take
    gather_s: float = 0.1  # walks that end within it are one commit: a card wears by its pages. The judge waits for it
    ship_patience_s: float = 15.0
    ship_backoff_s: float = 5.0
    witness_s: float = 6.0  # until our own walks have ended at the responder, and its clock may be 5 s behind ours
    witness_again_s: float = 5.5 * _MINUTE_S  # beyond a residual block, which a try within it would renew
    witness_keep_s: float = 2 * _DAY_S  # for how long it is tried; its log is kept for 14 days
    open_s: float = _DAY_S  # what is younger is never sealed
    retention_every_s: float = 10 * _MINUTE_S
    believed_s: float = 5 * _MINUTE_S  # Prometheus's lookback: how long a series that ended without a word lives on

    @classmethod
    def of(cls, config: Config, *, time_scale: float = 1.0) -> Pace:
        """The configured durations and the fixed ones, each divided by `time_scale`."""
        pace = cls(
            interval_s=config.interval_s,
            timeout_s=config.timeout_s,
            keep_s=config.storage.keep_s,
            heartbeat_s=config.heartbeat.every_s,
            sync_s=config.storage.sync_s,
            landmark_s=2 * _MINUTE_S * config.landmarks.controls,
        )
        return pace.faster(time_scale)

    def faster(self, times: float) -> Pace:
        def divided(value: Any) -> Any:
            return tuple(part / times for part in value) if isinstance(value, tuple) else value / times

        return Pace(**{field.name: divided(getattr(self, field.name)) for field in dataclasses.fields(self)})

    def period_s(self, target: Target) -> float:
        """How often a target is walked: the contract's cadence."""
        if target.about is not None:
            return self.landmark_s
        if target.kind is Kind.TRANSFER:
            return max(self.transfer_s, self.interval_s)
        if target.essential or target.scope is not None:
            return self.interval_s
        return self.tier_1_s if target.tier == 1 else max(self.ordinary_s, self.interval_s)


def walked_here(target: Target, role: Role) -> bool:
    """Landmarks are looked at from outside only: from inside they would be a neighbour's door."""
    return target.about is None or role is Role.CONTROL
