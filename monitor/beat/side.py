"""Several things at once, and one alone without the cost of a task: most rounds are a single walk."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


async def side_by_side(works: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """What each came to, in their order."""
    return [await works[0]] if len(works) == 1 else list(await asyncio.gather(*works))
