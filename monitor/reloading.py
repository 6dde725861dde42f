"""Reads the configuration anew while the one before it is at work: what may change, and what takes a restart."""

from __future__ import annotations

from pathlib import Path

from monitor import config
from monitor.begin import consent
from monitor.config import Loaded
from monitor.settings import Config
from probes.doors.yamlfile import Mistake


def read_anew(file: Path, at_work: Config, *, idle: bool) -> tuple[Loaded | None, tuple[Mistake, ...]]:
    """What the file says now, or every reason why it cannot take the place of `at_work`.

    `idle`: no probe is sent, and nobody needs to have agreed to any.
    """
    loaded, mistakes = config.load(file)
    if loaded is None:
        return None, mistakes
    if not idle and (lacking := consent.lacking(loaded.config)) is not None:
        return None, (Mistake(str(file), 1, "consent", lacking),)
    now = loaded.config
    if (now.vantage, now.storage.path) != (at_work.vantage, at_work.storage.path):
        why = "take a restart: who we are does not change at work"
        return None, (Mistake(str(file), 1, "vantage, storage.path", why),)
    return loaded, ()
