"""What a hub's database holds of one box: its ticks, and nothing else. No commitment is made to any of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from monitor.evidence.proof.commitments import Link
from monitor.keeping.waiting import Unstamped
from monitor.stored.committed import Record
from monitor.stored.kept import Sealed, Stated
from monitor.stored.restated import Restated, Samples

Asking = Callable[[int, int], Samples]  # from then until before then


class Recalled:
    """A box by what it sent home.

    Args:
        labels: of its series; a cohort where the hub said one, empty where it said that there is none.
        methods: labels of each `didban_method_info`.
        ask: raises Unusable where the database does not answer.
    """

    def __init__(self, labels: Mapping[str, str], methods: tuple[Mapping[str, str], ...], ask: Asking) -> None:
        self._labels, self._methods, self._ask = labels, methods, ask
        self._restated = Restated()

    def ticks(self, since_ms: int, until_ms: int = 2**62) -> Iterator[Stated]:
        return self._restated.ticks(self._ask(since_ms, until_ms), since_ms, until_ms)

    def series(self) -> dict[int, tuple[str, dict[str, str]]]:
        return {number: ("didban_method_info", dict(each)) for number, each in enumerate(self._methods)}

    def identity(self) -> Mapping[str, str]:
        return self._labels

    # ---------------------------------------------------------------- what no database holds

    any_accounts = False

    def records(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        return iter(())

    def few_records(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        return iter(())

    def count(self, since_ms: int, until_ms: int) -> int:
        return 0

    def account(self, mark: str) -> bytes | None:
        return None

    def links(self, since_ms: int, until_ms: int) -> Iterator[Link]:
        return iter(())

    def link(self, number: int) -> Link:
        raise KeyError(number)

    def keys(self) -> dict[int, bytes]:
        return {}

    def stamps(self, head: bytes) -> list[tuple[str, bytes]]:
        return []

    def stamped_later(self, since_ms: int, until_ms: int) -> Iterator[tuple[Any, ...]]:
        return iter(())

    def unstamped(self) -> Iterator[Unstamped]:
        return iter(())

    def memory(self, key: str) -> object:
        return None

    def sealed(self, since_ms: int = 0, until_ms: int = 0) -> tuple[Sealed, ...]:
        return ()

    def close(self) -> None:
        """Nothing is open between two questions."""
