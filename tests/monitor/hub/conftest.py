"""A queue that is empty, and a database that takes everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.hub.queue import Queue
from tests.monitor.hub.queues import Database, made


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[Queue]:
    there = made(tmp_path)
    await there.open()
    yield there
    await there.close()


@pytest.fixture
def database() -> Database:
    return Database()
