"""What becomes of a round somebody asks for."""

from __future__ import annotations

from enum import Enum, auto


class Asked(Enum):
    """`LIMITED`: it was walked within the interval, or the day's bytes are spent."""

    WALKED = auto()
    UNKNOWN = auto()
    LIMITED = auto()
