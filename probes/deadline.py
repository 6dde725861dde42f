"""A deadline round one step: what `asyncio.timeout` does, which asks the system three times a step whose loop this is.

Those calls of getpid and its two coroutines were a sixth of a TCP walk's processor time (tests/bench/walk_cpu.py).
"""

from __future__ import annotations

import asyncio
from types import TracebackType


class Deadline:
    """Raises TimeoutError where its body lasts longer, and leaves alone whoever else cancels the task.

    Args:
        after_s: None for never.
    """

    __slots__ = ("_after_s", "_asked_before", "_handle", "_over", "_task")

    def __init__(self, after_s: float | None) -> None:
        self._after_s = after_s
        self._handle: asyncio.TimerHandle | None = None
        self._over = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None, "a step is taken by a task"
        self._task, self._asked_before = task, task.cancelling()
        if self._after_s is not None:
            self._handle = loop.call_later(max(0.0, self._after_s), self._end)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._handle is not None:
            self._handle.cancel()
        if not self._over:
            return
        if self._task.uncancel() <= self._asked_before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _end(self) -> None:
        self._over = True
        self._task.cancel()
