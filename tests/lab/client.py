"""A small client for what no probe of the product walks: real packets from a box, one word of what became of them.

python -m tests.lab.client CA_FILE COMMAND ARGUMENT...

tls ADDRESS NAME [split]   greets by TLS, in two segments if asked to: `ok`, `silence`, `reset`, `stranger`
fetch ADDRESS NAME PATH    the bytes that came within PATIENCE_S after the greeting, as a number
say ADDRESS PORT HEX       by TCP: `answered`, `silence`, `reset`, `closed`
send ADDRESS PORT HEX      by UDP: how many datagrams came back, as a number
ask RESOLVER HEX           a DNS query: every answer that came, in hex, one a line
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import time
from collections.abc import Callable

PATIENCE_S = 1.0


def tls(context: ssl.SSLContext, address: str, name: str, how: str = "") -> str:
    with socket.create_connection((address, 443), PATIENCE_S) as line:
        _greet(line, context, name, split=how == "split")
    return "ok"


def fetch(context: ssl.SSLContext, address: str, name: str, path: str) -> str:
    with socket.create_connection((address, 443), PATIENCE_S) as line:
        outgoing, end = _greet(line, context, name, split=False)
        end.write(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        line.sendall(outgoing.read())
        got, until_s = 0, time.monotonic() + PATIENCE_S
        with contextlib.suppress(TimeoutError):
            while (left_s := until_s - time.monotonic()) > 0:
                line.settimeout(left_s)
                data = line.recv(65536)
                if not data:
                    break
                got += len(data)
    return str(got)


def _greet(
    line: socket.socket, context: ssl.SSLContext, name: str, *, split: bool
) -> tuple[ssl.MemoryBIO, ssl.SSLObject]:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    end = context.wrap_bio(incoming, outgoing, server_hostname=name)
    while True:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            data = outgoing.read()
            for part in (data[:20], data[20:]) if split else (data,):  # before the name, and the rest
                line.sendall(part)
            if not (came := line.recv(65536)):
                raise ConnectionAbortedError from None
            incoming.write(came)
        else:
            line.sendall(outgoing.read())
            return outgoing, end


def say(_: ssl.SSLContext, address: str, port: str, data: str) -> str:
    with socket.create_connection((address, int(port)), PATIENCE_S) as line:
        line.sendall(bytes.fromhex(data))
        return "answered" if line.recv(65536) else "closed"


def send(_: ssl.SSLContext, address: str, port: str, data: str) -> str:
    return str(len(_datagrams(address, int(port), bytes.fromhex(data))))


def ask(_: ssl.SSLContext, resolver: str, query: str) -> str:
    return "\n".join(each.hex() for each in _datagrams(resolver, 53, bytes.fromhex(query)))


def _datagrams(address: str, port: int, data: bytes) -> list[bytes]:
    """Everything that comes back within half a second of the one before."""
    came: list[bytes] = []
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(0.5)
        line.connect((address, port))
        line.send(data)
        with contextlib.suppress(TimeoutError):
            while True:
                came.append(line.recv(65536))
    return came


COMMANDS: dict[str, Callable[..., str]] = {"tls": tls, "fetch": fetch, "say": say, "send": send, "ask": ask}


def main(ca_file: str, command: str, *arguments: str) -> str:
    context = ssl.create_default_context(cafile=ca_file)
    try:
        return COMMANDS[command](context, *arguments)
    except TimeoutError:
        return "silence"
    except ConnectionResetError:
        return "reset"
    except ssl.SSLCertVerificationError:
        return "stranger"


if __name__ == "__main__":
    sys.stdout.write(main(*sys.argv[1:]))
