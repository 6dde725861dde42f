"""Which times are to be looked at again, and what was told of them: one small file. Looks at nothing itself."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from monitor.decoding import from_json

_KEPT = 500  # incidents told, of which the newest are remembered


class Landed(msgspec.Struct):
    """Of one country: samples of this time came late.

    Attributes:
        since_ms, until_ms: the oldest and the newest time among them.
        first_ms, last_ms: when the first and the last of them were taken by the database.
    """

    since_ms: int
    until_ms: int
    first_ms: int
    last_ms: int


class Told(msgspec.Struct, frozen=True):
    """An incident that was told once: what of it, and from when to when."""

    key: str
    onset_ms: int
    ended_ms: int


class Notice(msgspec.Struct, frozen=True):
    """One that is owed to people until an Alertmanager has it."""

    labels: dict[str, str]
    annotations: dict[str, str]


class _Kept(msgspec.Struct):
    pending: dict[str, Landed] = {}
    owed: list[Notice] = []
    told: list[Told] = []


class Marks:
    """Everything the late look must not forget over a restart. Raises OSError where the file cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = _read(path)

    @property
    def pending(self) -> dict[str, Landed]:
        return dict(self._kept.pending)

    @property
    def owed(self) -> tuple[Notice, ...]:
        return tuple(self._kept.owed)

    def landed(self, country: str, since_ms: int, until_ms: int, now_ms: int) -> None:
        """Samples of that time are in the database since now."""
        before = self._kept.pending.get(country)
        if before is None:
            self._kept.pending[country] = Landed(since_ms, until_ms, now_ms, now_ms)
        else:
            since_ms, until_ms = min(before.since_ms, since_ms), max(before.until_ms, until_ms)
            self._kept.pending[country] = Landed(since_ms, until_ms, before.first_ms, now_ms)
        self._write()

    def was_told(self, key: str, onset_ms: int, ended_ms: int, apart_ms: int) -> bool:
        """Whether an incident of that name which touches this time was told before."""
        return any(
            each.key == key and each.onset_ms - apart_ms <= ended_ms and onset_ms <= each.ended_ms + apart_ms
            for each in self._kept.told
        )

    def looked(self, country: str, at: Landed, told: list[Told], owed: Notice | None) -> None:
        """It was looked at, and this came of it. What landed in the meantime is looked at anew."""
        now = self._kept.pending.get(country)
        if now is not None and now.last_ms == at.last_ms:
            del self._kept.pending[country]
        self._kept.told = [*self._kept.told, *told][-_KEPT:]
        self._kept.owed += [owed] if owed is not None else []
        self._write()

    def delivered(self, notice: Notice) -> None:
        self._kept.owed.remove(notice)
        self._write()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self._path.with_suffix(".new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(self._kept))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


def _read(path: Path) -> _Kept:
    """What cannot be read is begun anew: at worst a notice comes twice, or a time is not looked at again."""
    try:
        return from_json(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return _Kept()
