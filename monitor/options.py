"""How a daemon was started: the command line of `didban run`, and who watches over it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.supervisor import NOBODY, Supervisor
from monitor.webconfig import WebConfig

if TYPE_CHECKING:
    from monitor.hub.registry import Registry


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of `didban run`.

    Attributes:
        registry: what a hub would say of this fleet of one (`didban up`).
        idle: show the pages, send no probe.
    """

    config_file: Path
    host: str
    port: int
    web: WebConfig
    web_folder: Path
    storage: Path
    time_scale: float = 1.0
    registry: Registry | None = None
    idle: bool = False
    supervisor: Supervisor = NOBODY
