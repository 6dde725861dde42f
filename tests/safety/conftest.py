"""One box at work, for all who look at what came of it."""

from __future__ import annotations

import pytest

from tests.safety.at_work import AtWork, lived


@pytest.fixture(scope="session")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> AtWork:
    return lived(tmp_path_factory.mktemp("box"))
