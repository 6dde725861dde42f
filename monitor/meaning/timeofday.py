"""What time it is, as hosts abroad give it with their answers, once they have proved themselves.

Pure. HTTP's `Date` is to the second (RFC 9110 section 6.6.1), which is enough: a day of drift is seconds. Nothing that
anybody on the way could have said counts, as plain NTP would. What was said is kept against the time since the machine
was started, so that no setting of its clock changes it.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from probes.facts import Target, Walk
from probes.words import Step

WRONG_MS = 120_000  # so far ahead a hub takes a time (contract): what is nearer to the truth keeps the time it has
POSSIBLE_MS = (1_767_225_600_000, 1_767_225_600_000 + 10 * 366 * 86_400_000)  # 2026, before us, to what no board lives
FEWEST_NETWORKS = 3  # that agree: a single host may have a wrong clock itself, or be told to lie
_AGREE_MS = 30_000  # with the one in the middle
_HALF_A_SECOND_MS = 500  # what `Date` cuts off, in the middle
_KEPT_MS = 24 * 3_600_000
_DRIFT = 1e-4  # of a quartz without help, at worst
_JUMP_MS = 3_600_000  # so far no clock is set that was only a little off: it was wrong before, or is now


@dataclass(frozen=True, slots=True)
class Known:
    """True time is the time since the boot plus `ahead_ms`.

    Attributes:
        sources: networks that agreed on it; 0: our own clock says so, and nobody contradicted.
        error_ms: by how much it may be wrong; None where nobody but our own clock said it.
    """

    ahead_ms: int
    sources: int = 0
    error_ms: int | None = None


@dataclass(frozen=True, slots=True)
class _Said:
    """By one network: true time minus the time since the boot, by how much that may be wrong, and when it was said."""

    ahead_ms: int
    error_ms: int
    boot_ms: int


@dataclass(slots=True)
class TimeOfDay:
    """Of one machine, as long as the process lives. Every `boot_ms` is milliseconds since the machine was started.

    Attributes:
        known: what time it is, once it is settled: said by others, or by our own clock where nobody contradicts.
        since_ms: since when it was not.
        offset_s: our clock minus true time, as others said lately; None while too few have.
    """

    known: Known | None = None
    since_ms: int = 0
    offset_s: float | None = None
    _told: dict[str, _Said] = field(default_factory=dict)
    _doubted: bool = False
    _before: Known | None = None  # what was known until our clock was set
    _waits_since_ms: int | None = None
    _wall_ms: int | None = None  # our clock minus the time since the boot
    _settled_ms: int = 0
    _looked_ms: int = 0

    def note(self, canary: Target, seen: Walk) -> None:
        """Takes in a walk to a canary. Without an authenticated date in it, it says nothing.

        Nor where its certificate was not valid at the time it tells: while our clock is no help, an old certificate
        whose key was stolen proves itself like any other.
        """
        if seen.boot_ms is None or canary.at is None or not seen.authenticated:
            return
        shown = next((step.certificate for step in seen.steps if step.certificate is not None), None)
        before_s = 0.0
        for step in seen.steps:
            told_ms = step.date_ms if step.step is Step.FETCH else None
            if told_ms is not None and shown is not None and shown.held_at(told_ms):
                answered_ms = seen.boot_ms + round((before_s + step.took_s / 2) * 1000)
                error_ms = round(step.took_s * 500) + _HALF_A_SECOND_MS
                ahead_ms = told_ms + _HALF_A_SECOND_MS - answered_ms
                self._told[canary.at.network] = _Said(ahead_ms, error_ms, answered_ms)
            before_s += step.took_s

    def recall(self, known: Known | None, *, wall_ms: int | None, last_ms: int) -> None:
        """What an earlier process of this boot knew, when it last lived, and where our clock stood against it then."""
        if self._wall_ms is None:
            self.known, self._wall_ms, self._settled_ms = known, wall_ms, last_ms if known is not None else 0

    def doubt(self) -> None:
        """Our own clock can hardly be right: nothing is built on it until others say what time it is."""
        if self.known is None or not self.known.sources:
            self._doubted = True
            self._lose()

    def _lose(self) -> None:
        if self.known is not None:
            self._before = self.known if self.known.sources else None
            self.known, self.since_ms = None, self._settled_ms

    # ---------------------------------------------------------------- once a tick

    def settle(self, now_ms: int, boot_ms: int, *, patience_ms: int = 0) -> bool:
        """Whether there is something new to know of this boot's time, or of what waited for it.

        Args:
            patience_ms: for how long others who can tell are waited for, before our own clock is believed; 0 where
                nobody can: a watch that never reports again would be the worse fault.
        """
        self._notice_a_set_clock(now_ms, boot_ms)
        told, before = self.look(now_ms, boot_ms), self.known
        if told is not None:
            self._doubted, self._before = False, None
            by_ours = Known(before.ahead_ms if before is not None else now_ms - boot_ms)
            off_ms = abs(told.ahead_ms - by_ours.ahead_ms)
            if off_ms > WRONG_MS:
                self.known = told
                if before is not None:  # what others said was right until now, and what our clock alone said never was
                    self.since_ms = boot_ms if before.sources else 0
            elif before is None or not before.sources:  # near enough: what is stated stays in its order
                self.known = Known(by_ours.ahead_ms, told.sources, (told.error_ms or 0) + off_ms)
        elif self.known is None:
            self.known = self._after_patience(now_ms, boot_ms, patience_ms)
        if self.known is not None:
            self._waits_since_ms, self._settled_ms = None, boot_ms
        return self.known is not None and self.known != before

    def _after_patience(self, now_ms: int, boot_ms: int, patience_ms: int) -> Known | None:
        if self._waits_since_ms is None:
            self._waits_since_ms = boot_ms
        if boot_ms - self._waits_since_ms < patience_ms:
            return None
        if self._before is not None:
            return self._before
        if not patience_ms:
            self._doubted = False
        return Known(now_ms - boot_ms) if self._may_be(now_ms) else None

    def _notice_a_set_clock(self, now_ms: int, boot_ms: int) -> None:
        """Where wall clock and time since the boot part, either was wrong, or a machine was stopped without knowing it.

        So what was said before is not built on; where others said it, and nobody says more, it stands.
        """
        wall_ms, self._wall_ms = self._wall_ms, now_ms - boot_ms
        by_ms = abs(self._wall_ms - wall_ms) if wall_ms is not None else 0
        if by_ms > WRONG_MS:
            self._told = {who: said for who, said in self._told.items() if said.boot_ms > self._looked_ms}
            self._lose()
        if by_ms > _JUMP_MS and self._before is None:
            self._doubted = True
        self._looked_ms = boot_ms

    # ---------------------------------------------------------------- what time it is

    def look(self, now_ms: int, boot_ms: int) -> Known | None:
        """What others say now, if enough of them agree; and so by how much our clock is off."""
        lately = [said for said in self._told.values() if boot_ms - said.boot_ms <= _KEPT_MS]
        self.offset_s = None
        if len(lately) < FEWEST_NETWORKS:
            return None
        middle_ms = round(statistics.median(said.ahead_ms for said in lately))
        agree = [said for said in lately if abs(said.ahead_ms - middle_ms) <= _AGREE_MS]
        if len(agree) < FEWEST_NETWORKS:
            return None
        self.offset_s = (now_ms - boot_ms - middle_ms) / 1000
        error_ms = max(said.error_ms + abs(said.ahead_ms - middle_ms) for said in agree)
        return Known(middle_ms, len(agree), error_ms)

    def believed_ms(self, boot_ms: int) -> int | None:
        """What time it was then; None while that is anybody's guess."""
        return boot_ms + self.known.ahead_ms if self.known is not None else None

    def estimated_ms(self, now_ms: int, boot_ms: int) -> int | None:
        """The best that can be said now, where nothing is sent by it: our own clock too, as long as it may be right."""
        known = self.known or self._before
        if known is None:
            return now_ms if self._may_be(now_ms) else None
        true_ms = boot_ms + known.ahead_ms
        return now_ms if abs(true_ms - now_ms) <= WRONG_MS + _DRIFT * (boot_ms - self._settled_ms) else true_ms

    def _may_be(self, now_ms: int) -> bool:
        return not self._doubted and POSSIBLE_MS[0] <= now_ms <= POSSIBLE_MS[1]

    @property
    def wall_ms(self) -> int | None:
        """Our clock minus the time since the boot, as far as that may be built on by who comes after us."""
        return None if self._doubted else self._wall_ms

    @property
    def is_wrong(self) -> bool:
        return self.offset_s is not None and abs(self.offset_s) * 1000 > WRONG_MS
