"""A relay at work, with people behind stand-ins of their ways."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from monitor.notify.settings import Notify
from monitor.relay.relay import Relay, outbox_of
from probes.doors.clock import SystemClock
from tests.monitor.told.people import People, notify_of
from tests.monitor.told.webhooks import URL, hook
from tests.probes.liars import closed_port


class Living:
    """A relay in this process, and the people it tells."""

    def __init__(self, relay: Relay, notify: Notify, people: People, folder: Path) -> None:
        self.relay, self.people, self.folder, self.notify = relay, people, folder, notify
        self.url = f"http://{notify.relay.listen}"
        self.token = (folder / "relay.token").read_text().strip()

    async def hand(self, *alerts: dict[str, Any], receiver: str = "pages", token: str = "") -> int:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/alertmanager", json=hook(*alerts, receiver=receiver), headers=headers) as answer,
        ):
            return answer.status

    async def page(self, method: str, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.request(method, self.url + path) as answer:
            return answer.status, await answer.text()

    def link(self) -> str:
        """The path of the link that Omid got last."""
        return str(re.findall(f"{URL}(/have/\\S+)", self.people.told["signal"][-1]["message"])[-1])


@contextlib.asynccontextmanager
async def living(folder: Path, people: People, **more: Any) -> AsyncIterator[Living]:
    given = notify_of(
        folder,
        people,
        **{
            "relay": {"listen": f"127.0.0.1:{closed_port()}", "alertmanagers": ["http://127.0.0.1:1"]},
            "pages": {"url": URL},
            **more,
        },
    )
    notify = Notify.model_validate_json(json.dumps(given))
    relay = Relay(notify, folder, outbox_of(notify, folder, "relay"), clock=SystemClock(), time_scale=30)
    await relay.open()
    try:
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(each) for each in relay.work(tasks.create_task)]
            try:
                yield Living(relay, notify, people, folder)
            finally:
                for each in working:
                    each.cancel()
    finally:
        await relay.close()
