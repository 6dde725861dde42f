"""Where a file of ours is written: on one thread, in order, many writes in one transaction, never on the event loop.

While the disk takes nothing, what must not be lost waits in memory and goes with the next write that the disk takes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from monitor.disk.file import File, NoRoom, Unusable, is_damage
from monitor.logs import Log

_MOST_WAITING = 20_000  # writes kept in memory while the disk takes none: some hours of a default selection

T = TypeVar("T")
Action = Callable[[sqlite3.Connection], T]

_NOT_NOW = (sqlite3.OperationalError, NoRoom)


def _nothing(db: sqlite3.Connection) -> None:
    pass


@dataclass(slots=True)
class _Write(Generic[T]):
    """`waits`: it is tried again with the next one where the disk took none; `done`: the disk has it."""

    action: Action[T]
    waits: bool
    done: bool = False


class Desk:
    """Args:
    load: what is known of the file by heart, read anew with every new connection, and after a transaction that failed.
    forget: ... given up with the connection.
    """

    def __init__(
        self,
        file: File,
        name: str,
        *,
        load: Callable[[sqlite3.Connection], None] = _nothing,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        self.file, self._name, self._load, self._forget = file, name, load, forget
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._writes: deque[_Write[object]] = deque()
        self.trouble: str | None = None  # why nothing can be written now: a full disk must not end the watch
        self.waiting = 0  # writes the disk took none of, kept in memory; those on their way to it are not
        self.forgotten = 0  # writes that memory could not hold either
        self._log = Log()

    async def open(self) -> None:
        """Raises Unusable: the file cannot be had. A full disk is no reason."""
        try:
            await self.do(_nothing)
        except _NOT_NOW as error:
            self._complain(error)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self.file.close)
        self._thread.shutdown(wait=False)

    async def do(self, action: Action[T]) -> T:
        """One transaction. Raises Unusable, NoRoom or sqlite3.OperationalError where the disk takes none."""
        return await self._run(self._commit, action)

    async def write(self, action: Action[object], *, waits: bool) -> bool:
        """Whether it is committed. `waits`: what is not, is tried again with the next write."""
        write = _Write(action, waits)
        if waits and len(self._writes) >= _MOST_WAITING:
            self.forgotten += 1  # what came first stays: it tells when it began
        else:
            self._writes.append(write)
        try:
            await self._run(self._flush)
        except (*_NOT_NOW, Unusable) as error:
            self._complain(error)
            self.waiting = len(self._writes)
        else:
            self.waiting = 0
            if self.trouble is not None:
                self._log.info(f"{self._name}_writes_again")
            self.trouble = None
        return write.done

    async def read(self, action: Action[T], otherwise: T) -> T:
        """`otherwise`: what is said while there is nothing to read from."""
        try:
            return await self.do(action)
        except (*_NOT_NOW, Unusable) as error:
            self._complain(error)
            return otherwise

    def _complain(self, error: OSError | sqlite3.Error) -> None:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        if self.trouble is None:
            self._log.error(f"{self._name}_cannot_write", why=why)
        self.trouble = why

    # ---------------------------------------------------------------- on the thread of its own

    async def _run(self, do: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, do, *arguments)

    def _flush(self) -> None:
        """Everything that waits, in one transaction: who came while another wrote is done with it."""
        doing = [self._writes.popleft() for _ in range(len(self._writes))]
        try:
            self._commit(lambda db: [write.action(db) for write in doing])
        except (sqlite3.Error, OSError):
            self._writes.extendleft(write for write in reversed(doing) if write.waits)
            raise
        for write in doing:
            write.done = True

    def _commit(self, action: Action[T]) -> T:
        try:
            return self._try(action)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the second: of SQLite's own words about it
            if isinstance(error, sqlite3.Error) and not is_damage(error):
                raise
            self.file.rescue(str(error))
            self._load(self.file.db()[0])
            return self._try(action)

    def _try(self, action: Action[T]) -> T:
        db, new = self.file.db()
        if new:
            self._load(db)
        try:
            with db:
                return action(db)
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                self._load(db)  # what was numbered in a transaction that failed has no number
            else:
                self._forget()
                self.file.close()  # a disk that comes back wants to be opened anew, and checked before that
            raise
