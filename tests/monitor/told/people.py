"""Stand-ins for the phones of those who are told: each checks what it receives against the API it stands for."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import json
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.monitor.hub.hubs import die_with_parent
from tests.probes.liars import closed_port

NTFY_FIELDS = {
    "topic", "message", "title", "tags", "priority", "actions", "click", "attach", "markdown", "icon", "filename",
    "delay", "email", "call", "sequence_id", "cache",
}  # fmt: skip
FAR_TOKEN = "far-token"


@dataclass
class People:
    """Everything that was told, by way; `wrong`: what no such API would have taken.

    Attributes:
        answers: statuses a way gives before it takes anything, with their headers.
    """

    told: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {w: [] for w in ("ntfy", "signal", "matrix", "telegram", "email", "pagerduty")}
    )
    wrong: list[str] = field(default_factory=list)
    answers: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    port: int = 0
    smtp_port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.post("/", self.ntfy),
                web.post("/v2/send", self.signal),
                web.put("/_matrix/client/v3/rooms/{room}/send/m.room.message/{txn}", self.matrix),
                web.post("/bot{token}/sendMessage", self.telegram),
                web.post("/v2/enqueue", self.pagerduty),
                web.route("*", "/{rest:.*}", self.lost),
            ]
        )
        return app

    async def lost(self, request: web.Request) -> web.Response:
        self.wrong.append(f"{request.method} {request.path}")
        return web.Response(status=404)

    def _not_yet(self, way: str) -> web.Response | None:
        self.asked += 1
        if self.answers.get(way):
            status, headers = self.answers[way].pop(0)
            return web.Response(status=status, headers=headers)
        return None

    def must(self, holds: object, what: str) -> None:
        if not holds:
            self.wrong.append(what)

    async def ntfy(self, request: web.Request) -> web.Response:
        """docs.ntfy.sh/publish, "Publish as JSON", and what its server refuses."""
        if refusal := self._not_yet("ntfy"):
            return refusal
        raw = await request.read()
        body = json.loads(raw)
        self.must(set(body) <= NTFY_FIELDS, f"ntfy: {set(body) - NTFY_FIELDS}")
        self.must(re.fullmatch(r"[-_A-Za-z0-9]{1,64}", body.get("topic", "")), "ntfy: topic")
        self.must(re.fullmatch(r"[-_A-Za-z0-9]{1,64}", body.get("sequence_id", "x")), "ntfy: sequence_id")
        self.must(body.get("priority") in (1, 2, 3, 4, 5), "ntfy: priority")
        self.must(len(body.get("message", "").encode()) <= 4096, "ntfy: a message that becomes a file")
        self.must(len(body.get("actions", [])) <= 3, "ntfy: actions")
        for action in body.get("actions", []):
            self.must(action["action"] == "view" and action["label"] and action["url"], "ntfy: action")
        self.must(request.headers.get("Authorization") == f"Bearer {FAR_TOKEN}", "ntfy: token")
        self.told["ntfy"].append(body)
        return web.json_response({"id": f"n{len(self.told['ntfy'])}", "event": "message", "topic": body["topic"]})

    async def signal(self, request: web.Request) -> web.Response:
        """signal-cli-rest-api, SendMessageV2."""
        if refusal := self._not_yet("signal"):
            return refusal
        body = await request.json()
        self.must(set(body) == {"message", "number", "recipients"}, f"signal: {set(body)}")
        self.must(body["number"].startswith("+") and isinstance(body["recipients"], list), "signal: numbers")
        self.told["signal"].append(body)
        return web.json_response({"timestamp": str(1_700_000_000_000 + len(self.told["signal"]))}, status=201)

    async def matrix(self, request: web.Request) -> web.Response:
        """Client-server API: one txnId is one event, however often it comes."""
        if refusal := self._not_yet("matrix"):
            return refusal
        if request.headers.get("Authorization") != f"Bearer {FAR_TOKEN}":
            return web.json_response({"errcode": "M_UNKNOWN_TOKEN", "error": "?"}, status=401)
        body, txn = await request.json(), request.match_info["txn"]
        self.must(body.get("msgtype") == "m.text" and body.get("body"), "matrix: m.text")
        self.must(body.get("format") == "org.matrix.custom.html" and body.get("formatted_body"), "matrix: html")
        self.must(re.fullmatch(r"![^:]+:.+", request.match_info["room"]), "matrix: room")
        if txn not in self.events:
            self.events[txn] = f"$e{len(self.events)}"
            self.told["matrix"].append(body)
        return web.json_response({"event_id": self.events[txn]})

    async def telegram(self, request: web.Request) -> web.Response:
        """core.telegram.org/bots/api#sendmessage, HTML style."""
        body = await request.json() if "json" in request.content_type else dict(await request.post())
        text = str(body["text"])
        self.must(request.match_info["token"] == "123:abc", "telegram: token")
        self.must(str(body["chat_id"]) == "-100200", "telegram: chat")
        self.must(body["parse_mode"] == "HTML", "telegram: parse_mode")
        self.must(0 < len(text) <= 4096, f"telegram: {len(text)} characters")
        self.must(not re.search(r"<(?!/?(b|a)\b)", text), "telegram: a tag it does not know")
        self.must(len(re.findall("<b>", text)) == len(re.findall("</b>", text)), "telegram: a tag left open")
        self.told["telegram"].append({"text": text})
        return web.json_response(
            {"ok": True, "result": {"message_id": 1, "date": 1, "chat": {"id": -100200, "type": "group"}}}
        )

    async def pagerduty(self, request: web.Request) -> web.Response:
        """Events API v2."""
        body = await request.json()
        self.must(
            body["event_action"] in ("trigger", "resolve") and body["routing_key"] and body["dedup_key"], "pagerduty"
        )
        self.told["pagerduty"].append(body)
        return web.json_response({"status": "success", "dedup_key": body["dedup_key"], "message": "ok"}, status=202)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self.told["email"].append({"to": envelope.rcpt_tos, "subject": str(mail["subject"]), "text": text})
        return "250 OK"


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[People]:
    people = People()
    runner = web.AppRunner(people.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    people.port = runner.addresses[0][1]
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(lambda: SMTP(people, hostname="inbox", enable_SMTPUTF8=True), "127.0.0.1", 0)
    people.smtp_port = mail.sockets[0].getsockname()[1]
    try:
        yield people
    finally:
        mail.close()
        await mail.wait_closed()
        await runner.cleanup()


def notify_of(folder: Path, people: People, **more: Any) -> dict[str, Any]:
    """`notify:` with every way there is, its secrets as files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    secrets = {
        "ntfy.url": f"{people.url}/didban-topic",
        "far.token": FAR_TOKEN,
        "telegram.token": "123:abc",
        "pd.key": "k" * 32,
    }
    for name, text in secrets.items():
        (folder / name).write_text(text + "\n")
    return {
        "email": {"to": ["oncall@example.org"], "from": "didban@example.org", "smarthost": f"127.0.0.1:{people.smtp_port}", "require_tls": False},
        "telegram": {"token_file": "telegram.token", "chat": -100200, "api": people.url},
        "pagerduty": {"key_file": "pd.key", "url": f"{people.url}/v2/enqueue"},
        "ntfy": [{"name": "Sara", "url_file": "ntfy.url", "token_file": "far.token"}],
        "signal": {"url": people.url, "from": "+491701234567", "to": [{"name": "Omid", "number": "+491709876543"}]},
        "matrix": {"url": people.url, "token_file": "far.token", "rooms": [{"name": "on call", "room": "!abc:example.org"}]},
        **more,
    }  # fmt: skip


class Alertmanager:
    """One process of the real thing, in a cluster on loopback with its `peers`.

    The peer timeout is half of the group interval, as it is by default: one that is longer than it has the second compare
    a stale set with what the first told since, and tell it again (found here).
    """

    def __init__(self, folder: Path, config: Path, *, peers: list[Alertmanager] | None = None) -> None:
        self.port, self.gossip = closed_port(), closed_port()
        self.command = [
            str(shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")),
            f"--config.file={config}", f"--storage.path={folder}", f"--web.listen-address=127.0.0.1:{self.port}",
            f"--cluster.listen-address=127.0.0.1:{self.gossip}", "--cluster.settle-timeout=1s",
            "--cluster.gossip-interval=50ms", "--cluster.pushpull-interval=1s", "--cluster.peer-timeout=1s", "--log.level=warn",
            *(f"--cluster.peer=127.0.0.1:{each.gossip}" for each in peers or []),
        ]  # fmt: skip
        self.process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *self.command,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        for _ in range(600):
            with contextlib.suppress(aiohttp.ClientError):
                if await self.get("/-/ready") is not None:
                    return
            await asyncio.sleep(0.05)
        raise RuntimeError("Alertmanager never came")

    async def get(self, path: str) -> Any:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
            text = await answer.text()
            return json.loads(text) if text.startswith(("[", "{")) else text if answer.status == 200 else None

    async def post(self, alerts: list[dict[str, Any]]) -> int:
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}/api/v2/alerts", json=alerts) as answer:
            return answer.status

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
