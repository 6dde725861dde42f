"""What every way out of here has in common: how it may fail, and by which line it leaves."""

from __future__ import annotations

import socket

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

NO_WAY = (aiohttp.ClientError, TimeoutError, OSError, ProxyError, ProxyConnectionError, ProxyTimeoutError)


def bound_to(device: str) -> aiohttp.connector.SocketFactoryType | None:
    """Sockets that leave by one interface only (`uplink.home`)."""
    if not device:
        return None

    def make(info: aiohttp.connector.AddrInfoType) -> socket.socket:
        sock = socket.socket(info[0], info[1], info[2])
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        return sock

    return make
