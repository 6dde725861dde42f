"""Reads the configuration anew while the one before it is at work: what may change, and what takes a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from monitor import config
from monitor.begin import consent
from monitor.config import Loaded
from monitor.settings import Config, VantageRow
from probes.doors.yamlfile import Location, Mistake, read

_WHY = "takes a restart: who we are does not change at work"


def read_anew(file: Path, at_work: Config, *, idle: bool) -> tuple[Loaded | None, tuple[Mistake, ...]]:
    """What the file says now, or every reason why it cannot take the place of `at_work`.

    `idle`: no probe is sent, and nobody needs to have agreed to any.
    """
    loaded, mistakes = config.load(file)
    if loaded is None:
        return None, mistakes
    document = read(file)  # for its lines
    if not idle and (lacking := consent.lacking(loaded.config)) is not None:
        return None, (document.mistake(("consent",), lacking),)
    changed = [document.mistake(location, _WHY) for location in _identity_changed(loaded.config, at_work)]
    return (None, tuple(changed)) if changed else (loaded, ())


def _identity_changed(now: Config, at_work: Config) -> Iterator[Location]:
    for key in VantageRow.model_fields:
        if getattr(now.vantage, key) != getattr(at_work.vantage, key):
            yield ("vantage", key)
    if now.storage.path != at_work.storage.path:
        yield ("storage", "path")
