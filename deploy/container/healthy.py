"""Asks a daemon on this machine whether it is healthy. Says why not in one line; needs nothing but Python itself.

python -I healthy.py http://127.0.0.1:9810              exit code 0: it says so; 1: it does not; 2: wrong use
python -I healthy.py https://127.0.0.1:8443 handshake   for a hub that asks everybody for a certificate: its part of the
                                                        handshake is answer enough
"""

from __future__ import annotations

import http.client
import ssl
import sys
from urllib.parse import urlsplit

_PATIENCE_S = 5.0
_ON_LOOPBACK = ("127.0.0.1", "::1")


def why_not(base: str, *, handshake: bool = False) -> str | None:
    """None where the daemon at `base` (http or https, on loopback) answers 200 to /-/healthy, or shakes hands."""
    url = urlsplit(base)
    if url.hostname not in _ON_LOOPBACK or url.port is None or url.scheme not in ("http", "https"):
        raise SystemExit(2)
    asking: http.client.HTTPConnection = http.client.HTTPConnection(url.hostname, url.port, timeout=_PATIENCE_S)
    if url.scheme == "https":
        asking = http.client.HTTPSConnection(url.hostname, url.port, timeout=_PATIENCE_S, context=_anybody())
    try:
        asking.connect()
        if handshake:
            return None
        asking.request("GET", "/-/healthy")
        status = asking.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{base}: {error or type(error).__name__}"
    finally:
        asking.close()
    return None if status == 200 else f"{base}: HTTP {status}"


def _anybody() -> ssl.SSLContext:
    """Its certificate is for the name people know it by, not for loopback; nothing secret is said or believed here."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["handshake"]):
        raise SystemExit(2)
    said = why_not(sys.argv[1], handshake=len(sys.argv) == 3)
    if said is not None:
        raise SystemExit(said)
