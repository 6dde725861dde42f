"""One walk to the responder from where this is run, saying another name; prints the walk as JSON.

python -m tests.lab.witnessed CA_FILE ADDRESS NAME SAYS
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from pathlib import Path

import msgspec

from probes.doors.clock import SystemClock
from probes.doors.names import Resolvers
from probes.doors.quic import QuicLines
from probes.doors.web import Browser
from probes.doors.wire import Sockets
from probes.facts import Endpoint, Target
from probes.fingerprint import Fingerprints
from probes.place import Tools
from probes.walk import walk
from probes.words import Depth, Kind, Reason, Transport

_TIMEOUT_S = 1.5


async def main(ca_file: str, address: str, name: str, says: str) -> None:
    endpoint = Endpoint(name, 443, Transport.TCP, address)
    options = {"path": "/64k", "says": says}
    target = Target("transfers", "lab", Kind.TRANSFER, Depth.WEB, (endpoint,), 1, 1, options=options)
    hands = Tools(
        clock=SystemClock(),
        names=Resolvers([], patience_s=1),
        wire=Sockets(Path(ca_file)),
        quic=QuicLines(Path(ca_file)),
        web=Browser("test", patience_s=1),
        fingerprints=Fingerprints(),
        timeout_s=_TIMEOUT_S,
        token=secrets.token_bytes,
    )
    done = await walk(target, endpoint, hands, reason=Reason.ASKED, turn=0)
    sys.stdout.buffer.write(msgspec.json.encode(done))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
