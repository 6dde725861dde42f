"""didban.yml -> a frozen Config. Every mistake at once, each with file, line and key."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.settings import Config
from probes import catalogue
from probes.doors.schema import fit, seconds
from probes.doors.yamlfile import Document, Mistake, Value, read
from probes.facts import Service


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that holds together: every file it names is there, every service it names is read."""

    config: Config
    folder: Path
    services: tuple[Service, ...]

    def path(self, name: str) -> Path:
        """Relative names stand beside didban.yml."""
        return self.folder / name


def load(path: Path) -> tuple[Loaded | None, tuple[Mistake, ...]]:
    """The configuration, or every mistake in it, in the files it names, and in their service files."""
    document = read(path)
    config, mistakes = fit(document, Config)
    folder = path.absolute().parent
    found = [*mistakes, *_contradictions(document), *_missing_files(document, folder)]
    names = [str(name) for name in _list(document.value, "services")] if config is None else list(config.services)
    responder = str(_at(document.value, "responder") or "")
    services, wrong = catalogue.load(names, beside=folder, responder=responder)
    for mistake in wrong:
        if mistake.file in names:  # a name nobody ships: the line is the one that asked for it
            found.append(document.mistake(("services", len(names) - 1 - names[::-1].index(mistake.file)), mistake.what))
        else:
            found.append(mistake)
    if config is None or found:
        return None, tuple(sorted(set(found)))
    return Loaded(config, folder, services), ()


# What follows looks at the raw document, so that a missing file is reported beside a misspelt key, not after it.


def _at(value: Value, *location: str | int) -> Value:
    for part in location:
        match value, part:
            case dict(), str():
                value = value.get(part)
            case list(), int() if part < len(value):
                value = value[part]
            case _:
                return None
    return value


def _list(value: Value, *location: str | int) -> list[Value]:
    found = _at(value, *location)
    return found if isinstance(found, list) else []


def _contradictions(document: Document) -> Iterator[Mistake]:
    value = document.value
    with contextlib.suppress(ValueError):
        if seconds(_at(value, "timeout") or "10s") * 2 > seconds(_at(value, "interval") or "60s"):
            yield document.mistake(("timeout",), "must be at most half of the interval")
    country, region = _at(value, "vantage", "country"), _at(value, "vantage", "region")
    if isinstance(region, str) and isinstance(country, str) and not region.startswith(country):
        yield document.mistake(("vantage", "region"), f"is not in {country}")
    if country == "ZZ" and _at(value, "vantage", "role") == "inside":
        yield document.mistake(("vantage", "country"), "is missing: a vantage inside says inside of what")
    names: list[Value] = []
    for index, _ in enumerate(_list(value, "ship")):
        name = _at(value, "ship", index, "name")
        if name is not None and name in names:
            yield document.mistake(("ship", index, "name"), f"{name!r} is the name of an earlier destination")
        names.append(name)


def _missing_files(document: Document, folder: Path) -> Iterator[Mistake]:
    """Every file the configuration names must be there."""
    named: list[tuple[str | int, ...]] = [
        ("vantage", "secret_file"),
        ("tls", "ca_file"),
        ("heartbeat", "url_file"),
        ("notify", "webhook", "url_file"),
        ("notify", "watchdog", "url_file"),
        ("notify", "email", "password_file"),
    ]
    for index, _ in enumerate(_list(document.value, "ship")):
        named.append(("ship", index, "basic_auth", "password_file"))
        named += [("ship", index, "tls", key) for key in ("ca_file", "cert_file", "key_file")]
    for location in named:
        name = _at(document.value, *location)
        if isinstance(name, str) and not (folder / name).is_file():
            yield document.mistake(location, f"{name}: no such file")
