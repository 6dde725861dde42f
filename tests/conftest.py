"""What every test may count on: no packet leaves this machine, and no test waits for the internet."""

from __future__ import annotations

import ipaddress
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

IN_LAB = os.environ.get("DIDBAN_LAB") == "1"  # set by tests/lab/enter.py inside namespaces that lead nowhere


def _loopback_only(event: str, args: tuple[object, ...]) -> None:
    """An audit hook: whatever library would open a connection beyond loopback, the interpreter stops it."""
    if event not in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        return
    address = args[1]
    if isinstance(address, tuple) and not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        raise AssertionError(f"a test tried to reach {address[0]}")


if not IN_LAB:
    sys.addaudithook(_loopback_only)


settings.register_profile("long", max_examples=5_000, deadline=None)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, float], None]:
    """Notes a figure of a full count, where `make long` gathers them (tests/long.py)."""
    gathered = os.environ.get("DIDBAN_FIGURES")

    def note(name: str, value: float) -> None:
        if gathered is not None:
            with Path(gathered).open("a") as file:
                file.write(json.dumps({"test": request.node.name, "name": name, "value": value}) + "\n")

    return note
