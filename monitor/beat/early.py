"""When a tick is due before its time: a service is something else by now than the last tick said of it.

Moves ticks and nothing else; what they say is the view's.
"""

from __future__ import annotations

import asyncio
import contextlib

from monitor.judge import State
from monitor.meaning.view import View
from monitor.pace import Pace
from probes.facts import Target
from probes.words import Role


class Early:
    """Of one vantage.

    A first failure is no news of a line inside: it is walked again first. Of a control it is: rules that were told
    hold back what they would say of that service elsewhere, until it is sure (`didban:service_control_doubt:count`).
    """

    def __init__(self, view: View, pace: Pace) -> None:
        self._view, self._rest_s = view, pace.early_rest_s
        self._services = {each.id: each for each in view.services if each.watched}
        self._counts_doubt = view.vantage.role is Role.CONTROL
        self._said: dict[str, State] = {}
        self._news = asyncio.Event()

    def walked(self, target: Target) -> None:
        """A round of that target was judged."""
        service = self._services.get(target.service)
        if service is None or service.id not in self._said:
            return
        state = self._view.service_state(service)
        if state is not self._said[service.id] and (self._counts_doubt or state is not State.INSUFFICIENT):
            self._news.set()

    async def until(self, due_s: float) -> None:
        """Sleeps until the tick that is due in so many seconds, or until there is news; a while after the last one."""
        rest_s = min(due_s, self._rest_s)
        await asyncio.sleep(rest_s)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(due_s - rest_s):
                await self._news.wait()

    def told(self) -> None:
        """A tick is made of what the view says now."""
        self._news.clear()
        self._said = {each.id: self._view.service_state(each) for each in self._services.values()}
