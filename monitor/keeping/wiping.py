"""What a box holds that must not be found: spool, secrets, configuration, exports. Finds it; destroys nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.disk.file import Unusable
from monitor.settings import Storage
from monitor.stored.kept import Kept
from probes.catalogue import SHIPPED
from probes.doors.yamlfile import Value, read

EXPORTS = "exports"  # the spool's memory of where exports were written: a list of paths
# of the storage folder; whatever else is there is left
_OURS = ("spool*", ".spool*", "up", "exports", "evidence", "catalogue")
_PUBLIC = "ca_file"  # not ours alone: destroyed only where it stands beside didban.yml, or below
_LISTS = ("services", "fingerprints")
_NAMED = re.compile(r"""\b\w+_file\s*:\s*["']?([^"'\s,}#]+)""")
_STORAGE = re.compile(r"""\bstorage\s*:.*?\bpath\s*:\s*["']?([^"'\s,}#]+)""", re.DOTALL)


class NoStorage(ValueError):
    """Nobody says where the spool is."""


@dataclass(frozen=True, slots=True)
class Found:
    """In the order in which it goes: the configuration last, for without it nobody would find the rest again.

    Attributes:
        folders: removed where nothing else is in them.
        strangers: stand in the storage folder, and are not ours.
    """

    storage: Path | None
    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    strangers: tuple[Path, ...]

    @property
    def lock(self) -> Path | None:
        return self.storage / "spool.lock" if self.storage is not None else None


def find(config_file: Path, storage: Path | None) -> Found:
    """Everything that is there. Raises NoStorage: the configuration does not say where, and nobody else did."""
    folder = config_file.absolute().parent
    value = read(config_file).value
    text = _text(config_file)
    if storage is None and text:
        said = _path(value)
        if said is None and value is None:
            raise NoStorage(f"{config_file}: does not parse{_hint(text)}: give --storage.path")
        storage = folder / (said or str(Storage.model_fields["path"].default))
    named = [*_named(value, folder)] if value is not None else [folder / each for each in _NAMED.findall(text)]
    kept = in_storage(storage) if storage is not None else ()
    exports = _exports(storage) if storage is not None else []
    copies = [*folder.glob(f"{config_file.name}[~.]*"), *folder.glob(f".{config_file.name}.*")]
    files = [*named, *kept, *(each for path in exports for each in _files(path)), *copies, config_file.absolute()]
    there = tuple(dict.fromkeys(each for each in files if _is_ours(each)))
    folders = [each for path in (*exports, storage) if path and path.is_dir() for each in _folders(path)]
    return Found(storage, there, tuple(dict.fromkeys(folders)), tuple(_strangers(storage)))


def named(config_file: Path) -> Iterator[Path]:
    """Every file that a configuration and its service files name, there or not."""
    yield from _named(read(config_file).value, config_file.absolute().parent)


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_bytes().decode(errors="replace")
    return ""


def _hint(text: str) -> str:
    found = _STORAGE.search(text)
    return f" (it seems to say {found[1]})" if found else ""


def _path(value: Value) -> str | None:
    match value:
        case {"storage": {"path": str(path)}}:
            return path
    return None


def _named(value: Value, folder: Path) -> Iterator[Path]:
    """Every file it names, and those that its service files name."""
    match value:
        case dict():
            for key, each in value.items():
                if isinstance(each, str) and (key.endswith("_file") or key == "book"):
                    path = folder / each
                    if key != _PUBLIC or path.resolve().is_relative_to(folder.resolve()):
                        yield path
                elif key in _LISTS and isinstance(each, list):
                    yield from _listed(each, folder)
                else:
                    yield from _named(each, folder)
        case list():
            for each in value:
                yield from _named(each, folder)


def _listed(names: Iterable[Value], folder: Path) -> Iterator[Path]:
    """Files of the operator's own; what is shipped with the program is no secret."""
    for name in names:
        path = folder / name if isinstance(name, str) else folder
        if path.is_file() and SHIPPED not in path.resolve().parents:
            yield from _named(read(path).value, path.parent)
            yield path


def in_storage(storage: Path) -> tuple[Path, ...]:
    """Files of ours in the storage folder as they are now."""
    return tuple(each for pattern in _OURS for path in sorted(storage.glob(pattern)) for each in _files(path))


def _files(path: Path) -> list[Path]:
    """Of a tree, or the one file; never through a link out of it."""
    if path.is_dir() and not path.is_symlink():
        return [each for inner in sorted(path.iterdir()) for each in _files(inner)]
    return [path]


def _folders(path: Path) -> list[Path]:
    """The innermost first."""
    inner = [each for each in sorted(path.iterdir()) if each.is_dir() and not each.is_symlink()]
    return [*(each for folder in inner for each in _folders(folder)), path]


def _exports(storage: Path) -> list[Path]:
    """Where the daemon or an export wrote evidence, as far as the spool remembers."""
    with suppress(Unusable), closing(Kept(storage)) as kept:
        match kept.memory(EXPORTS):
            case list(paths):
                return [Path(each) for each in paths if isinstance(each, str) and Path(each).is_absolute()]
    return []


def _strangers(storage: Path | None) -> Iterator[Path]:
    if storage is not None and storage.is_dir():
        ours = {each for pattern in _OURS for each in storage.glob(pattern)}
        yield from sorted(each for each in storage.iterdir() if each not in ours)


def _is_ours(path: Path) -> bool:
    """Whether there is an ordinary file there, or a link."""
    try:
        return path.is_symlink() or path.is_file()
    except (OSError, ValueError):
        return False
