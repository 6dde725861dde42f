"""CPU of one HTTPS walk beside the physical limit: `openssl s_time`, which does the same in C and keeps nothing of it.

Both shake hands in full and in turn (TLS 1.3, the chain verified), ask for a page and close. What is not comparable:
s_time says no name, offers no protocol, compares no name and writes nothing down; it blocks in its system calls and
needs no loop. It is linked to the system's OpenSSL, as Python is in most places: the line `said` tells where it is not.

    python -m tests.bench.limit     splits a handshake, and sets the OpenSSL of cryptography's wheels beside Python's
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from OpenSSL import SSL

from probes.words import Kind
from tests.bench import far_end
from tests.bench.far_end import Ports
from tests.bench.figures import Figure, Missing
from tests.bench.turns import cpu_ms, in_turn
from tests.bench.walking import walker
from tests.probes.liars import NAME

_ROUNDS, _WALKS = 7, 320
_S_TIME_S = 2
_CONNECTIONS = re.compile(r"^(\d+) connections in (\d+) real", re.M)
_HANDSHAKES = 200


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """Milliseconds of CPU a walk, to a literal address, and a connection of s_time."""
    if shutil.which("openssl") is None:
        raise Missing("openssl (apt: openssl)")
    version = await asyncio.to_thread(_version)
    if ssl.OPENSSL_VERSION.split()[1] not in version:
        said(f"one OpenSSL for both: Python has {ssl.OPENSSL_VERSION}, s_time {version}")
    own = cpu_ms(walker(Kind.HTTPS, ports.https, ports, named=False), count=_WALKS)
    value, limit = await in_turn(own, partial(asyncio.to_thread, _s_time_ms, ports), rounds=_ROUNDS)
    return [Figure("walk_https_cpu_ms_limit", value, "ms", "openssl s_time", limit)]


def _version() -> str:
    return subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.strip()


def _s_time_ms(ports: Ports) -> float:
    to, trusted = f"127.0.0.1:{ports.https}", ("-verify", "3", "-CAfile", ports.ca_file)
    command = ["openssl", "s_time", "-connect", to, *trusted, "-new", "-www", "/", "-time", str(_S_TIME_S)]
    with tempfile.TemporaryFile("w+") as heard:
        child = subprocess.Popen(command, stdout=heard, stderr=subprocess.DEVNULL)
        _, status, spent = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        heard.seek(0)
        counted = _CONNECTIONS.search(heard.read())
    assert child.returncode == 0, child.returncode
    assert counted is not None, "s_time said nothing"
    return (spent.ru_utime + spent.ru_stime) * 1000 / int(counted[1])


# ---------------------------------------------------------------- one handshake in memory


class _Server:
    """The far end of a handshake in memory; its CPU is counted nowhere."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._heard, self._says = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._heard, self._says, server_side=True)

    def answer(self, hello: bytes) -> bytes:
        self._heard.write(hello)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return self._says.read()
        raise AssertionError("finished before the client did")


def _by_ssl(context: ssl.SSLContext, server: _Server) -> float:
    """Seconds of CPU: the ClientHello, and all up to the client's last word."""
    began_s = time.thread_time()
    heard, says = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(heard, says, server_hostname=NAME)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        hello = says.read()
    spent_s = time.thread_time() - began_s
    heard.write(server.answer(hello))
    began_s = time.thread_time()
    tls.do_handshake()
    says.read()
    return spent_s + time.thread_time() - began_s


def _by_pyopenssl(context: SSL.Context, server: _Server) -> float:
    began_s = time.thread_time()
    tls = SSL.Connection(context, None)
    tls.set_tlsext_host_name(NAME.encode())
    tls.set_connect_state()
    try:
        tls.do_handshake()
    except SSL.WantReadError:
        hello = tls.bio_read(65536)
    spent_s = time.thread_time() - began_s
    answer = server.answer(hello)
    began_s = time.thread_time()
    tls.bio_write(answer)
    tls.do_handshake()
    tls.bio_read(65536)
    return spent_s + time.thread_time() - began_s


def main() -> None:
    """Microseconds of the client's CPU a handshake, both libraries in turn."""
    with tempfile.TemporaryDirectory() as folder:
        ca_file = Path(folder, "ca.pem")
        server = far_end.context(far_end.chain(ca_file))
        ours = ssl.create_default_context(cafile=str(ca_file))
        theirs = SSL.Context(SSL.TLS_CLIENT_METHOD)
        theirs.load_verify_locations(str(ca_file))
        theirs.set_verify(SSL.VERIFY_PEER)
        sides = (partial(_by_ssl, ours), partial(_by_pyopenssl, theirs))
        spent_s = [statistics.median(side(_Server(server)) for _ in range(_HANDSHAKES)) for side in sides * 3]
    print(f"{ssl.OPENSSL_VERSION}: {min(spent_s[::2]) * 1e6:.0f} us")
    print(f"{SSL.SSLeay_version(0).decode()}: {min(spent_s[1::2]) * 1e6:.0f} us, with the hybrid key share it offers")


if __name__ == "__main__":
    main()
