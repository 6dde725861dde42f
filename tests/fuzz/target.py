"""One reader: how bytes get to it, what it may raise, and where to begin. Also how files and streams are made of bytes."""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probes.failure import Refusal, classify
from probes.ports import Stream

Read = Callable[[bytes], object]
MOST_S = 5.0  # of processor time that a reading may take, of anything no longer than MOST_BYTES
MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """A reader.

    Attributes:
        read: raises `allowed`, or comes back.
        modules: the files in which it reads.
        seeds: true examples, made by our own code: a mutation of what is right gets further than noise.
        slow: it takes milliseconds: fewer examples of it in CI.
    """

    name: str
    read: Read
    modules: tuple[str, ...]
    allowed: tuple[type[BaseException], ...] = ()
    seeds: Callable[[], Iterable[bytes]] = tuple
    slow: bool = False

    def run(self, data: bytes) -> None:
        """Whatever else flies out is a bug."""
        try:
            self.read(data)
        except self.allowed:
            return


# ---------------------------------------------------------------- files


@functools.cache
def folder() -> Path:
    """Of this process, and gone with it; in memory where there is such a place."""
    memory = Path("/dev/shm")
    made = Path(tempfile.mkdtemp(prefix="didban-fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def of_file(read: Callable[[Path], object], name: str) -> Read:
    """A reader of bytes out of a reader of files; what it yields is drawn to the end."""

    def reading(data: bytes) -> object:
        path = folder() / name
        path.write_bytes(data)
        found = read(path)
        return list(found) if isinstance(found, Iterator) else found

    return reading


def of_text(read: Callable[[str], object]) -> Read:
    """A reader of bytes out of a reader of text, as Python decodes an argument or a header: halves stay halves."""
    return lambda data: read(data.decode(errors="surrogateescape"))


# ---------------------------------------------------------------- streams


class Saying:
    """A `Stream` whose far end says `data` in pieces and then closes; the first byte says how long the pieces are."""

    def __init__(self, data: bytes) -> None:
        self._piece, self._left = 1 + 16 * (data[0] if data else 0), data[1:]

    async def send(self, data: bytes) -> None: ...

    async def receive(self, most: int) -> bytes:
        said, self._left = self._left[: min(most, self._piece)], self._left[min(most, self._piece) :]
        return said

    def close(self) -> None: ...


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def of_stream(speak: Callable[[Stream], Coroutine[Any, Any, object]]) -> Read:
    """A reader of what a far end says. As in `probes.attempt`: what is no failure of the network's flies on."""

    def reading(data: bytes) -> object:
        try:
            return _loop().run_until_complete(speak(Saying(data)))
        except (OSError, EOFError, Refusal) as error:
            if classify(error) is None:
                raise
            return None

    return reading


def in_pieces(*said: bytes) -> Iterable[bytes]:
    """Each as a far end may say it: in long pieces, and in short ones."""
    return (first + each for each in said for first in (b"\xff", b"\x01"))
