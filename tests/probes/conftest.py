"""What several of these tests stand on: an authority for certificates, made once a module."""

from __future__ import annotations

import pytest

from tests.probes.liars import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("ca"))
