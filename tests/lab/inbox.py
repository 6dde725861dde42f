"""Where messages arrive: a real SMTP server and a real webhook, each message one JSON line with the moment it came.

python -m tests.lab.inbox FILE
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import sys
import time
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.lab.lab import SMTP_PORT, WEBHOOK_PORT


class Inbox:
    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")

    def keep(self, **message: Any) -> None:
        self._file.write(json.dumps({"at": time.time(), **message}, ensure_ascii=False) + "\n")
        self._file.flush()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self.keep(by="smtp", to=envelope.rcpt_tos, subject=str(mail["subject"]), text=text)
        return "250 OK"

    async def hook(self, request: web.Request) -> web.Response:
        self.keep(by="webhook", **await request.json())
        return web.Response(text="thank you\n")


async def serve(file: Path) -> None:
    inbox = Inbox(file)
    loop = asyncio.get_running_loop()
    # without a name it asks a resolver for its own at every connection, and all of this waits where none answers
    mail = await loop.create_server(lambda: SMTP(inbox, hostname="inbox", enable_SMTPUTF8=True), "127.0.0.1", SMTP_PORT)
    app = web.Application()
    app.router.add_post("/", inbox.hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", WEBHOOK_PORT).start()
    await mail.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
