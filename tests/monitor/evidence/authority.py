"""A time-stamping authority on loopback: `openssl ts -reply` behind aiohttp, with a root of its own; and its lies."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

_CONFIG = """
[tsa]
default_tsa = one
[one]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
certs = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[stamping]
extendedKeyUsage = critical,timeStamping
[any]
subjectAltName = DNS:example.org
[req]
distinguished_name = nobody
[nobody]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
"""

Answer = bytes | int | float
Liar = Callable[[bytes, bytes], Answer]  # question, true answer -> what is said, a status, or seconds of silence


@dataclass
class Authority:
    """A root and a key that stamps. `purpose`: of its certificate; `any` is not for time-stamping."""

    folder: Path
    purpose: str = "stamping"
    questions: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "openssl.cnf").write_text(_CONFIG.format(folder=self.folder))
        (self.folder / "serial").write_text("01\n")
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.pem",
                      "-subj", f"/CN=root of {self.folder.name}", "-days", "30", "-extensions", "root")  # fmt: skip
        self._openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=tsa"
        )
        self._openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
                      "-out", "tsa.pem", "-days", "30", "-extfile", "openssl.cnf", "-extensions", self.purpose)  # fmt: skip

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def _openssl(self, *arguments: str) -> None:
        command = ["openssl", *arguments] + (["-config", "openssl.cnf"] if arguments[0] in ("req", "ts") else [])
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    def answer(self, question: bytes) -> bytes:
        (self.folder / "question.tsq").write_bytes(question)
        self._openssl("ts", "-reply", "-queryfile", "question.tsq", "-out", "answer.tsr")
        return (self.folder / "answer.tsr").read_bytes()

    @asynccontextmanager
    async def open(self, lie: Liar | None = None) -> AsyncIterator[str]:
        """Where it answers."""

        async def stamp(request: web.Request) -> web.Response:
            question = await request.read()
            self.questions.append(question)
            said: Answer = self.answer(question)
            if lie is not None and isinstance(said, bytes):
                said = lie(question, said)
            if isinstance(said, float):
                await asyncio.sleep(said)
                return web.Response()
            if isinstance(said, int):
                return web.Response(status=said)
            return web.Response(body=said, content_type="application/timestamp-reply")

        app = web.Application()
        app.router.add_post("/tsr", stamp)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            assert runner.addresses
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/tsr"
        finally:
            await runner.cleanup()
