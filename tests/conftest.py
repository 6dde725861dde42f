"""What every test may count on: no packet leaves this machine, and no test waits for the internet."""

from __future__ import annotations

import ipaddress
import os
import sys

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
