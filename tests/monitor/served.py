"""The page and the API of a box on a listener of loopback, with everything behind it made by hand."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from monitor import metrics
from monitor.expose import Answers, Pages, application, listen
from monitor.gate.passwords import Doorkeeper
from monitor.gate.porter import Porter
from monitor.metrics import Series, identity
from monitor.rounds import Asked
from monitor.spool import Spool
from monitor.telling.exposition import Exposition
from monitor.tick import Tick
from monitor.webconfig import WebConfig, answers_to
from probes.doors.yamlfile import Mistake
from tests.monitor.facts import INSIDE, rounds, walk

STATUS: dict[str, Any] = {
    "vantage": "v1",
    "role": "inside",
    "country": "IR",
    "at": "2022-09-21T15:30:00Z",
    "connectivity": {"international": 1.0},
    "summary": "This line reaches abroad; not reached: <Instagram>.",
    "notices": ["A notice & more."],
    "services": [
        {
            "service": "instagram",
            "title": {"en": "Instagram"},
            "state": "interfered",
            "since": "2022-09-21T15:20:00Z",
            "why": "not reached, and something between here and there was seen to lie",
            "targets": [
                {
                    "target": "instagram/web",
                    "depth": "web",
                    "not_seen": {"en": "whether somebody who is logged in sees anything"},
                    "essential": True,
                    "state": "interfered",
                    "since": "2022-09-21T15:20:00Z",
                    "rule_id": "proof_in_hand",
                    "why": "because",
                    "broke_at": ["resolve"],
                    "failure": "dns_bogon_error",
                    "findings": ["forged_dns_answer"],
                    "last_walk": {
                        "endpoint": "www.instagram.com:443/tcp",
                        "at": "2022-09-21T15:29:30Z",
                        "reason": "due",
                        "steps": [{"step": "resolve", "took_s": 0.012, "failure": "dns_bogon_error"}],
                    },
                }
            ],
        }
    ],
    "canaries": [
        {
            "scope": "international",
            "ratio": 1.0,
            "hosts": [
                {"target": "canaries/ripe", "alive": True, "set_aside": None},
                {"target": "canaries/gone", "alive": False, "set_aside": "unseen"},
            ],
        }
    ],
}


def tick() -> Tick:
    return Tick(
        1000,
        {
            Series(metrics.TARGET_UP, ("instagram", "web")): 0.0,
            Series(metrics.WALKS, ("instagram", "web", "dns_bogon_error")): 4,
            Series(metrics.LATENESS, (), "_bucket", "+Inf"): 1,
            Series(metrics.LATENESS, (), "_sum"): 0.1,
            Series(metrics.LATENESS, (), "_count"): 1,
        },
    )


def promtool(text: str) -> tuple[int, str]:
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class Box:
    """A listener on loopback with everything behind it made by hand."""

    def __init__(self, url: str, session: ClientSession, exposition: Exposition) -> None:
        self.url, self.session, self.exposition = url, session, exposition
        self.reloads = 0
        self.mistakes: tuple[Mistake, ...] = ()

    async def get(self, path: str, **options: Any) -> tuple[int, str]:
        async with self.session.request(options.pop("method", "GET"), self.url + path, **options) as answer:
            return answer.status, await answer.text()


async def serve(folder: Path, web_config: WebConfig, *, told: str = "127.0.0.1") -> AsyncIterator[Box]:
    """`told`: the address it believes to listen on."""
    spool = Spool(folder)
    await spool.open()
    await spool.add(rounds(walk(started_ms=5000)))
    exposition = Exposition(identity(INSIDE))
    async with ClientSession() as session:
        box = Box("", session, exposition)

        async def reload() -> tuple[Mistake, ...]:
            box.reloads += 1
            return box.mistakes

        async def probe(name: str) -> tuple[Asked, dict[str, Any]]:
            known = {"instagram/web": Asked.WALKED, "imo/web": Asked.LIMITED}
            return known.get(name, Asked.UNKNOWN), {"target": name}

        pages = Pages(exposition, spool, Answers(lambda: STATUS, reload, probe, lambda: {}, lambda: True, lambda: None))
        porter: Porter | None = None
        for port in range(20000, 60000, 77):
            names = answers_to(told, port, ("box.local",))
            app = application(pages, Doorkeeper(web_config.basic_auth_users), lambda names=names: names)  # type: ignore[misc]
            try:
                porter = await listen(app, "127.0.0.1", port)
            except OSError:
                continue
            box.url = f"http://127.0.0.1:{port}"
            break
        assert porter is not None
        work = asyncio.create_task(porter.work(asyncio.create_task))
        yield box
        work.cancel()
        await porter.close()
    await spool.close()
