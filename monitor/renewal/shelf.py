"""Where a renewed catalogue stands on a box, and how it comes there: whole or not at all, never back to an older one.

    catalogue/mark.json           the highest version that ever stood here, and the rotations of keys seen by then
    catalogue/VERSION/signed      the file as it came, and beside it what is in it
    catalogue/current             which VERSION it is

Each start reads the signature again and compares what is unpacked with it. Whoever may write here as the daemon can
take the mark away, and thereby bring back an older catalogue that was signed for us, but none that was not.
"""

from __future__ import annotations

import datetime
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from monitor.decoding import Undecodable, from_json
from monitor.disk.owner import as_its_neighbours
from monitor.renewal import allowed, signed
from monitor.renewal.allowed import NOBODY
from monitor.renewal.signed import Content, NotOurs
from probes import catalogue
from probes.doors.yamlfile import Mistake
from probes.facts import Service

SHIPPED_VERSION = 202611220000  # of what stands in probes/services and probes/fingerprints; UTC, to the minute
_CURRENT, _MARK, SIGNED = "current", "mark.json", "signed"


class Refused(ValueError):
    """It is not installed, and nothing has changed; the message says why."""

    def __init__(self, why: str, mistakes: tuple[Mistake, ...] = ()) -> None:
        super().__init__(why)
        self.mistakes = mistakes


class Mark(msgspec.Struct, frozen=True):
    version: int = 0
    rotations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Renewed:
    """A catalogue that was installed, was signed for us, and is as it was.

    `folder`: with `services` and `fingerprints`; what is not in it is taken from what is shipped.
    """

    folder: Path
    version: int
    made: str
    expires: str

    def has_expired(self, now_ms: int) -> bool:
        return _day(now_ms) > self.expires


def standing(shelf: Path, keys: Iterable[str]) -> tuple[Renewed | None, str | None]:
    """What is installed; None, and why not, where something is that cannot be believed: then the shipped one holds."""
    try:
        version = int((shelf / _CURRENT).read_text(encoding="ascii"))
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError) as error:
        return None, f"cannot be read: {error}"
    folder = shelf / str(version)
    try:
        content = signed.unpack((folder / SIGNED).read_bytes(), keys)
        changed = [name for name, text in content.files.items() if (folder / name).read_bytes() != text.encode()]
    except OSError as error:
        return None, f"cannot be read: {error.strerror or error}"
    except NotOurs as error:
        return None, str(error)
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()} - {SIGNED}
    if content.version != version or changed or there != content.files.keys():
        return None, "was changed after it was installed"
    if version <= SHIPPED_VERSION:
        return None, f"is older than the one of this program ({SHIPPED_VERSION})"
    return Renewed(folder, version, content.made, content.expires), None


def install(data: bytes, shelf: Path, keys: Iterable[str], now_ms: int) -> Renewed:
    """Puts it in the place of the one before. Raises Refused, or OSError where the disk does."""
    content = _believed(data, shelf, tuple(keys), now_ms)
    shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
    as_its_neighbours(shelf, shelf.parent)
    names = [Path(name).stem for name in content.files if name.startswith("services/")]
    after, place = shelf / f".{content.version}", shelf / str(content.version)
    shutil.rmtree(after, ignore_errors=True)
    try:
        _write_out(after, content, data)
        if wrong := tuple(allowed.mistakes(after, _known(shelf, keys, names))):
            raise Refused("holds what may not be asked", wrong)
        shutil.rmtree(place, ignore_errors=True)  # of an attempt that was cut off
        after.rename(place)
    finally:
        shutil.rmtree(after, ignore_errors=True)
    before = _number(shelf / _CURRENT)
    _replace(shelf / _CURRENT, f"{content.version}\n".encode())
    _replace(shelf / _MARK, msgspec.json.encode(Mark(content.version, signed.marks(content.rotations))))
    if before:
        shutil.rmtree(shelf / str(before), ignore_errors=True)
    return Renewed(place, content.version, content.made, content.expires)


def _believed(data: bytes, shelf: Path, keys: tuple[str, ...], now_ms: int) -> Content:
    """Signed for us, newer than all that ever stood here, not expired, by keys that were not taken back since."""
    if not keys:
        raise Refused("no key is configured that could have signed it: `catalogue: {keys: [...]}`")
    try:
        content = signed.unpack(data, keys)
    except NotOurs as error:
        raise Refused(str(error)) from None
    mark = _mark(shelf / _MARK)
    highest = max(mark.version, _number(shelf / _CURRENT), SHIPPED_VERSION)
    if content.version <= highest:
        raise Refused(f"is of version {content.version}, and this box has been at {highest}")
    if signed.marks(content.rotations)[: len(mark.rotations)] != mark.rotations:
        raise Refused("does not know that its keys were changed: whoever signed it may hold a key that was taken back")
    for day in (content.made, content.expires):
        with suppress(ValueError):
            datetime.date.fromisoformat(day)
            continue
        raise Refused(f"says {day[:20]!r} where a day should stand")
    if max(_day(now_ms), content.made) > content.expires:  # a clock before the day it was made is wrong itself
        raise Refused(f"has expired on {content.expires}")
    wrong = [name for name in content.files if not allowed.FILE.fullmatch(name)]
    if wrong or not 0 < len(content.files) <= allowed.MOST_FILES:
        stray = f"{wrong[0][:60]!r}, which belongs into no catalogue" if wrong else "too much, or nothing"
        raise Refused(f"holds {stray}")
    return content


def _known(shelf: Path, keys: Iterable[str], names: Iterable[str]) -> dict[str, Service]:
    """The services of today of these names: what is shipped says how high a tier may rise, else what was renewed."""
    before, _ = standing(shelf, keys)
    renewed = before.folder / "services" if before is not None else None
    found: dict[str, Service] = {}
    for name in names:
        path = catalogue.locate(name, Path(), None) or catalogue.locate(name, Path(), renewed)
        service = catalogue.load_file(path, responder=NOBODY)[0] if path is not None else None
        if service is not None:
            found[service.id] = service
    return found


def _write_out(folder: Path, content: Content, data: bytes) -> None:
    files = {name: text.encode() for name, text in content.files.items()}
    for name, text in {**files, SIGNED: data}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _fresh(path, text)
    for each in (folder, *folder.rglob("*")):
        as_its_neighbours(each, folder.parent)  # root installs what the daemon reads


def _fresh(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, content: bytes) -> None:
    after = path.with_name(f".{path.name}.new")
    after.unlink(missing_ok=True)
    _fresh(after, content)
    as_its_neighbours(after, path.parent)
    after.replace(path)
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mark(path: Path) -> Mark:
    try:
        return from_json(path.read_bytes(), Mark)
    except FileNotFoundError:
        return Mark()
    except Undecodable as error:
        raise Refused(f"{path} cannot be read ({error}): what stood here before is not known") from None


def _number(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _day(now_ms: int) -> str:
    return datetime.datetime.fromtimestamp(now_ms / 1000, datetime.UTC).date().isoformat()
