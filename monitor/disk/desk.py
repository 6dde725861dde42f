"""Where a file of ours is written: on one thread, in order, many writes in one transaction, never on the event loop.

While the disk takes nothing, what must not be lost waits in memory and goes with the next write that the disk takes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
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
        self._asking: list[asyncio.Future[None]] = []
        self._asked: list[asyncio.Future[None]] = []  # the same of the last flush that was asked for
        self._is_asked = False  # ... and has not begun: what comes now goes with it
        self._soon: asyncio.TimerHandle | None = None
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
        self._ask()
        await asyncio.get_running_loop().run_in_executor(self._thread, self.file.close)
        self._thread.shutdown(wait=False)

    async def do(self, action: Action[T]) -> T:
        """One transaction. Raises Unusable, NoRoom or sqlite3.OperationalError where the disk takes none."""
        return await self._run(self._commit, action)

    async def write(self, action: Action[object], *, waits: bool, within_s: float = 0.0) -> bool:
        """Whether it is committed.

        Args:
            waits: what is not, is tried again with the next write.
            within_s: how long it may lie here for others to be committed with it: each commit writes whole pages.
        """
        write = _Write(action, waits)
        if waits and len(self._writes) >= _MOST_WAITING:
            self.forgotten += 1  # what came first stays: it tells when it began
        else:
            self._writes.append(write)
        await self._tried(within_s)
        return write.done

    def _tried(self, within_s: float) -> asyncio.Future[None]:
        """Done once everything that waits now was tried. One for each who asks: a cancel takes nothing from others."""
        loop = asyncio.get_running_loop()
        told = loop.create_future()
        if self._is_asked:
            self._asked.append(told)
            return told
        self._asking.append(told)
        if within_s <= 0:
            self._ask()
        elif self._soon is None:
            self._soon = loop.call_later(within_s, self._ask)
        return told

    def _ask(self) -> None:
        """For a flush, on behalf of all who ask; without one there is nothing to do."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self._asking:
            self._asked, self._asking = self._asking, []
            self._is_asked = True  # before the flush can begin, on its own thread, and unset it
            flush = asyncio.get_running_loop().run_in_executor(self._thread, self._flush)
            flush.add_done_callback(partial(self._tell, self._asked))

    def _tell(self, asked: Iterable[asyncio.Future[None]], flush: asyncio.Future[None]) -> None:
        error = flush.exception()
        if error is None:
            self.waiting = 0
            if self.trouble is not None:
                self._log.info(f"{self._name}_writes_again")
            self.trouble = None
        elif isinstance(error, (*_NOT_NOW, Unusable)):
            self._complain(error)
            self.waiting, error = len(self._writes), None
        for told in asked:
            if not told.done():
                told.set_result(None) if error is None else told.set_exception(error)

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
        self._is_asked = False  # before anything is taken: who sees it unset, asks anew
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
