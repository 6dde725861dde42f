"""`didban check-config`: which kind of file it is, what is wrong with it, and what it would cost."""

from __future__ import annotations

from pathlib import Path

from monitor import config, cost
from monitor.hub import settings
from probes import catalogue
from probes.doors.yamlfile import Mistake, read


def check(path: Path) -> tuple[str, tuple[Mistake, ...]]:
    """One line of good news, or every mistake. Which kind of file it is, its keys say."""
    match read(path).value:
        case {"forward": _} | {"registry": _} | {"credentials": _}:
            hub, mistakes = settings.load(path)
            return f"{len(hub.registry.vantages)} vantages" if hub else "", mistakes
        case {"service": _}:
            service, mistakes = catalogue.load_file(path)
            return f"{len(service.targets)} targets" if service else "", mistakes
        case _:
            loaded, mistakes = config.load(path)
            return _news(loaded) if loaded else "", mistakes


def _news(loaded: config.Loaded) -> str:
    a_day, cap = cost.bytes_per_day(loaded.config, loaded.services), loaded.config.bytes_per_day
    targets = sum(len(service.targets) for service in loaded.services)
    news = f"{targets} targets of {len(loaded.services)} services, about {a_day / 1e6:.0f} MB a day of {cap / 1e6:.0f}"
    if a_day > cap:
        news += "; more than the cap: what is not essential will be stretched, or give a longer interval"
    return news
