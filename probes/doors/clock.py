"""The only place that reads the time."""

from __future__ import annotations

import time


class SystemClock:
    """Wall time for records, monotonic time for lengths."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def elapsed_s(self) -> float:
        return time.monotonic()
