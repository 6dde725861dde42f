"""didban.yml -> a frozen Config. Every mistake at once, each with file, line and key."""

from __future__ import annotations

import contextlib
import ssl
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from monitor.home.credentials import pair_flaw
from monitor.notify.settings import FILES as NOTIFY_FILES
from monitor.renewal import shelf
from monitor.renewal.shelf import Renewed
from monitor.settings import Config
from probes import catalogue, known, seenfile
from probes.doors import handed
from probes.doors.schema import fit, is_address, seconds
from probes.doors.yamlfile import Document, Location, Mistake, Value, read
from probes.facts import Service
from probes.published import Published
from probes.seen import Seen

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that holds together: every file it names is there, every service it names is read.

    Attributes:
        fingerprints: what each file under `fingerprints:` gave, in that order.
        book: what controls saw, where `book:` names such a file.
        renewed: the catalogue that was installed, where one is at work; `not_renewed`: why one that is there is not.
    """

    config: Config
    folder: Path
    services: tuple[Service, ...]
    fingerprints: tuple[Published, ...] = ()
    book: Seen | None = None
    renewed: Renewed | None = None
    not_renewed: str | None = None

    def path(self, name: str) -> Path:
        """Relative names stand beside didban.yml, or are credentials that systemd handed us."""
        return handed.at(self.folder, name)


def load(path: Path) -> tuple[Loaded | None, tuple[Mistake, ...]]:
    """The configuration, or every mistake in it, in the files it names, and in their service files."""
    document = read(path)
    config, mistakes = fit(document, Config)
    folder = path.absolute().parent
    found = [*mistakes, *_contradictions(document), *missing_files(document, folder, _named_files(document))]
    names = [str(name) for name in _list(document.value, "services")] if config is None else list(config.services)
    renewed, not_renewed = _renewed(config, folder)
    own = _responder(document)
    read_in = partial(catalogue.load, names, beside=folder, responder=own[0], responder_at=own[1])
    services, wrong = read_in(renewed=renewed.folder / "services" if renewed else None)
    if renewed is not None and (unfit := _unfit(renewed, wrong)) is not None:
        renewed, not_renewed = None, f"does not fit this program: {unfit}"  # what is shipped does
        services, wrong = read_in()
    for mistake in wrong:
        if mistake.file in names:  # a name nobody ships: the line is the one that asked for it
            found.append(document.mistake(("services", len(names) - 1 - names[::-1].index(mistake.file)), mistake.what))
        else:
            found.append(mistake)
    lists, unread = _fingerprints(document, folder)
    book, misread = _book(document, folder)
    found += [*unread, *misread]
    if config is None or found:
        return None, tuple(sorted(set(found)))
    return Loaded(config, folder, services, lists, book, renewed, not_renewed), ()


def _renewed(config: Config | None, folder: Path) -> tuple[Renewed | None, str | None]:
    return shelf.standing(shelf_of(config, folder), config.catalogue.keys) if config is not None else (None, None)


def _unfit(renewed: Renewed, wrong: Iterable[Mistake]) -> Mistake | None:
    """What of it this program does not take; it was checked by the one that installed it."""
    unread = (each for path in sorted(renewed.folder.glob("fingerprints/*.yml")) for each in known.load_file(path)[1])
    own = (each for each in wrong if Path(each.file).is_relative_to(renewed.folder))
    return next(iter((*own, *unread)), None)


def shelf_of(config: Config, folder: Path) -> Path:
    """Where a renewed catalogue stands."""
    return folder / (config.catalogue.path or Path(config.storage.path) / "catalogue")


def _fingerprints(document: Document, folder: Path) -> tuple[tuple[Published, ...], list[Mistake]]:
    """What the operator adds to the shipped fingerprints: the rows that speak for the country of this vantage."""
    country = str(_at(document.value, "vantage", "country") or "")
    lists: list[Published] = []
    mistakes: list[Mistake] = []
    for index, name in enumerate(_list(document.value, "fingerprints")):
        if not isinstance(name, str):
            continue
        if not _is_file(folder / name):
            mistakes.append(document.mistake(("fingerprints", index), f"{name}: no such file"))
            continue
        found, wrong = known.load_any(folder / name, country)
        lists += () if found is None else (found,)
        mistakes += wrong
    return tuple(lists), mistakes


def _book(document: Document, folder: Path) -> tuple[Seen | None, tuple[Mistake, ...]]:
    """What controls saw."""
    match _at(document.value, "book"):
        case str(name) if _is_file(folder / name):
            return seenfile.load(folder / name)
        case str(name):
            return None, (document.mistake(("book",), f"{name}: no such file"),)
    return None, ()


def _responder(document: Document) -> tuple[str, str]:
    """Its name and its address, however they are given, and whatever else is wrong; empty where there is none."""
    match _at(document.value, "responder"):
        case {"name": str(name), **rest}:
            at = rest.get("address")
            return name, at if isinstance(at, str) and is_address(at) else ""
        case str(name):
            return name, ""
    return "", ""


def _is_file(path: Path) -> bool:
    """Whether it is one; no name makes it raise."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name no file can have
        return False


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


def _named_files(document: Document) -> Iterator[Location]:
    """Where the configuration names a file."""
    yield from (("vantage", "secret_file"), ("tls", "ca_file"), ("heartbeat", "url_file"), *NOTIFY_FILES)
    yield from (("responder", "token_file"), ("evidence", "ca_file"), ("upload", "ca_file"))
    yield from (("upload", "password_file"), ("upload", "s3", "key_file"))
    for index, _ in enumerate(_list(document.value, "ship")):
        yield ("ship", index, "basic_auth", "password_file")
        yield from (("ship", index, "tls", key) for key in ("ca_file", "cert_file", "key_file"))


def missing_files(document: Document, folder: Path, named: Iterable[Location]) -> Iterator[Mistake]:
    """Every file a configuration names must be there, and hold what it should as far as that is text."""
    for location in named:
        name = _at(document.value, *location)
        if not isinstance(name, str):
            continue
        at, key = handed.at(folder, name), str(location[-1])
        beside = _at(document.value, *location[:-1], "key_file") if key == "cert_file" else None
        if (flaw := _flaw(at, key, handed.at(folder, beside) if isinstance(beside, str) else None)) is not None:
            yield document.mistake(location, f"{name}: {flaw}")


def _flaw(path: Path, key: str, beside: Path | None) -> str | None:
    """What is wrong with a file of that kind; nothing of its content is said: it may be a secret.

    `beside`: the file of a certificate's key; what is wrong with that is said where it is named.
    """
    try:
        if not path.is_file():
            return "is a folder" if path.is_dir() else "no such file"
        match key:
            case "secret_file":
                return None if path.stat().st_size >= _SECRET_BYTES else f"holds fewer than {_SECRET_BYTES} bytes"
            case "cert_file" if beside is None or beside.is_file():
                return pair_flaw(path, beside)
            case "ca_file" | "client_ca_file":
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
            case "url_file":
                url = urllib.parse.urlsplit(path.read_text(encoding="utf-8").strip())
                return None if url.scheme in ("http", "https") and url.hostname else "holds no http(s) address"
            case "password_file" | "token_file" | "key_file":
                return None if path.read_text(encoding="utf-8").strip() else "is empty"
    except UnicodeDecodeError:
        return "is not text"
    except ssl.SSLError:
        return "there is no certificate in it"
    except OSError as error:
        return f"cannot be read: {(error.strerror or str(error)).lower()}"
    return None
