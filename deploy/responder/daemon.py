"""The responder, running: its sockets, one task group, and a signed line a minute that says it was there."""

from __future__ import annotations

import asyncio
import base64
import signal
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, suppress
from ipaddress import IPv4Address
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.responder import talks, whatsapp, wireguard
from deploy.responder.datagrams import Datagrams, Resetter, Resolver, Speaker
from deploy.responder.dns import Zone
from deploy.responder.journal import Journal
from deploy.responder.limits import Doorkeeper
from deploy.responder.line import Line, NoTls
from deploy.responder.pages import Pages
from deploy.responder.settings import Loaded
from deploy.responder.talks import Noted, Talk
from probes.ports import Clock

_MINUTE_S = 60.0
_BACKLOG = 128
_NO_HANDLES_S = 0.2


class Responder:
    """Everything that listens. Raises OSError and ValueError for files and ports that cannot be had.

    Args:
        say: what to do with the one line for whoever started it: that it listens, and where.
    """

    def __init__(self, loaded: Loaded, clock: Clock, say: Callable[[str], None] = lambda said: None) -> None:
        self._loaded, self._config, self._clock, self._say = loaded, loaded.config, clock, say
        limits = self._config.limits
        self._doorkeeper = Doorkeeper(clock, each=limits.each, everybody=limits.everybody)
        self._counted = Counter[str]()
        self._open = 0
        self._talking: set[asyncio.Task[None]] = set()
        self._since_ms = clock.now_ms()
        self._disk = asyncio.Semaphore(1)
        folder, key = loaded.path(self._config.log.folder), ed25519_key(loaded.path(self._config.log.key_file))
        self.journal = Journal(folder, key, clock, self._config.log.bounds())
        self._pages = Pages(self._token(), self._lines)
        self.listening = asyncio.Event()
        self.quiet = asyncio.Event()  # no connection is open
        self.quiet.set()
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Until SIGTERM, SIGINT or `stop`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        try:
            async with AsyncExitStack() as opened, asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                running = [tasks.create_task(self._accept(*each)) for each in self._streams(opened)]
                await self._open_datagrams(opened)
                running.append(tasks.create_task(self._state()))
                self.listening.set()
                self._say(f"listening on {', '.join(self._config.listen)}")
                await self.stop.wait()
                for each in (*running, *self._talking):
                    each.cancel()
        finally:
            self._minute()
            self.journal.close()

    # ---------------------------------------------------------------- listening

    def _streams(self, opened: AsyncExitStack) -> Iterator[tuple[socket.socket, str, int, Talk]]:
        for protocol, port, talk in self._spoken():
            for address in self._config.listen:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                listener = opened.enter_context(socket.create_server((address, port), family=family, backlog=_BACKLOG))
                listener.setblocking(False)
                yield listener, protocol, port, talk

    def _spoken(self) -> Iterator[tuple[str, int, Talk]]:
        config, pages = self._config, self._pages
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(["http/1.1"])
        context.num_tickets = 0  # nobody comes back with what would join two of their visits
        context.load_cert_chain(self._loaded.path(config.tls.chain_file), self._loaded.path(config.tls.key_file))
        yield from (("tls", port, talks.tls(context, pages)) for port in config.tls.ports)
        yield from (("http", port, talks.clear(pages)) for port in config.clear_ports)
        yield from ((s.protocol, port, talks.framed(s)) for s, port in self._speakers() if s.protocol != "wireguard")
        if config.whatsapp is not None:
            greeter = whatsapp.Listener(ed25519_key(self._loaded.path(config.whatsapp.key_file)))
            yield from ((greeter.protocol, port, talks.greeted(greeter)) for port in config.whatsapp.ports)

    def _speakers(self) -> Iterator[tuple[Speaker, int]]:
        config = self._config
        if config.dns is not None:
            yield Resolver(Zone(config.dns.zone.lower(), IPv4Address(config.dns.address))), config.dns.port
        if config.openvpn is not None:
            yield from ((Resetter(), port) for port in config.openvpn.ports)
        if config.wireguard is not None:
            key = X25519PrivateKey.from_private_bytes(_key(self._loaded.path(config.wireguard.key_file).read_text()))
            yield wireguard.Listener(key, [_key(peer) for peer in config.wireguard.peers]), config.wireguard.port

    async def _open_datagrams(self, opened: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        for speaker, port in self._speakers():
            for address in self._config.listen:
                protocol = Datagrams(speaker, port, self.journal, self._doorkeeper)
                transport, _ = await loop.create_datagram_endpoint(lambda p=protocol: p, local_addr=(address, port))  # type: ignore[misc]
                opened.callback(transport.close)
        if self._config.quic is not None:
            await self._open_quic(self._config.quic.port, opened)

    async def _open_quic(self, port: int, opened: AsyncExitStack) -> None:
        """aioquic is only needed where QUIC is asked for."""
        from deploy.responder import quic

        chain, key = (self._loaded.path(name) for name in (self._config.tls.chain_file, self._config.tls.key_file))
        for address in self._config.listen:
            listener = await quic.listen(address, port, chain, key, self._pages, self.journal, self._doorkeeper)
            opened.callback(listener.close)

    def _token(self) -> str:
        named = self._config.token_file
        return self._loaded.path(named).read_text().strip() if named else ""

    # ---------------------------------------------------------------- one connection

    async def _accept(self, listener: socket.socket, protocol: str, port: int, talk: Talk) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, address = await loop.sock_accept(listener)
            except OSError:  # gone before it was taken, or no handle is left for it
                await asyncio.sleep(_NO_HANDLES_S)
                continue
            if self._open >= self._config.limits.connections or not self._doorkeeper.admits(address[0]):
                sock.close()
                continue
            self._open += 1
            self.quiet.clear()
            self._counted["accepted"] += 1
            noted = Noted(self.journal, protocol, port, self._clock.now_ms())
            task = self._tasks.create_task(self._connection(sock, noted, talk))
            self._talking.add(task)
            task.add_done_callback(self._talking.discard)

    async def _connection(self, sock: socket.socket, noted: Noted, talk: Talk) -> None:
        line = Line(sock)
        by = "us"
        try:
            async with asyncio.timeout(self._config.limits.deadline_s):
                await talk(line, noted)
                await line.finish()
                by = "peer"
        except TimeoutError:
            by = "deadline"
        except EOFError:
            by = "peer"
        except NoTls:
            self._counted["no_tls"] += 1
        except (ConnectionResetError, BrokenPipeError):
            by = "peer_reset"
        except OSError:  # ICMP, or nothing came back for minutes; a TLS alert in the midst is one as well
            by = "network"
        finally:
            self._counted["mute"] += not line.received
            noted.note("ended", by=by, sent=line.sent, acked=line.acked(), received=line.received)
            line.close()
            self._open -= 1
            if not self._open:
                self.quiet.set()

    # ---------------------------------------------------------------- saying that we were here

    async def _state(self) -> None:
        while True:
            await asyncio.sleep(_MINUTE_S)
            self._minute()

    def _minute(self) -> str:
        counted = {key: self._counted.pop(key, 0) for key in ("accepted", "mute", "no_tls")}
        turned_away, self._doorkeeper.turned_away = self._doorkeeper.turned_away, 0
        return self.journal.note("minute", since_ms=self._since_ms, turned_away=turned_away, **counted)

    async def _lines(self, walk: str) -> list[str]:
        """The lines of a walk, and one made now, which says that we were here all the time."""
        async with self._disk:
            found = await asyncio.to_thread(self.journal.of, walk)
        return [*found, line] if (line := self._minute()) else found


def _key(text: str) -> bytes:
    """A WireGuard key; raises ValueError for what is none."""
    return base64.b64decode(text.strip(), validate=True)


def ed25519_key(path: Path) -> Ed25519PrivateKey:
    """Raises ValueError when the file holds another key."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path}: is no Ed25519 key")
    return key


def run(loaded: Loaded, clock: Clock, say: Callable[[str], None] = lambda said: None) -> None:
    """Runs the responder to its end."""

    async def live() -> None:
        await Responder(loaded, clock, say).run()

    with suppress(KeyboardInterrupt):
        asyncio.run(live())
