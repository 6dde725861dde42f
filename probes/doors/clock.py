"""The only place that reads the time."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """Wall time for records, monotonic time for lengths, and for order the time since the machine was started."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def elapsed_s(self) -> float:
        return time.monotonic()

    def boot_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def boot_id(file: Path = _BOOT_ID) -> str:
    """Which start of this machine it is (proc_sys_kernel(5)); where it has no name, one of this process alone."""
    try:
        return str(uuid.UUID(file.read_text().strip()))
    except (OSError, ValueError):
        return str(uuid.uuid4())
