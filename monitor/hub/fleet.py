"""The fleet as JSON: who is expected, when each was heard, what of it was refused, what the database has of it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

from monitor import metrics
from monitor.decoding import Undecodable, from_json
from monitor.home import vectors
from monitor.home.querying import Far, Unanswered
from monitor.hub.gateway import TAKEN, Gateway
from monitor.hub.queue import Queue
from monitor.hub.settings import LoadedHub
from monitor.metrics import Series
from monitor.telling.status import instant
from probes.doors import handed

Json = dict[str, Any]

_PATIENCE_S = 10.0
_LATEST_S = 253_402_300_800  # the year 10000
_HEARTBEATS = "max by (vantage) (count_over_time(didban_heartbeat_timestamp_seconds[{range}]))"
_LAST = "max by (vantage) (last_over_time(didban_heartbeat_timestamp_seconds[7d]))"


def status(gateway: Gateway, queue: Queue, own: Mapping[Series, float], name: str, now_ms: int) -> Json:
    """As this process knows it. `own`: what the hub says of itself; `heard` is since it was started."""
    found = {series.family: value for series, value in own.items() if not series.family.labels[1:]}
    waits, waiting = found.get(metrics.HUB_QUEUE_OLDEST), int(found.get(metrics.HUB_QUEUE, 0))
    known = gateway.registry
    return {
        "hub": name,
        "at": instant(now_ms),
        "waiting": {"samples": waiting, "oldest": instant(int((waits or 0) * 1000))},
        "database": {"last_success": instant(int(found.get(metrics.HUB_FORWARDED, 0) * 1000))},
        "trouble": queue.trouble or None,
        "watched": sorted(each.country for each in known.watched if (each.until_ms or now_ms + 1) > now_ms),
        "vantages": [_vantage(gateway, queue, vantage) for vantage in known.vantages],
        "retired": len(known.retired),
    }


def _vantage(gateway: Gateway, queue: Queue, vantage: str) -> Json:
    box, heard = gateway.registry.vantages[vantage], gateway.heard.get(vantage)
    counts = {result: n for (who, result), n in gateway.batches.items() if who == vantage}
    return {
        **{key: text for key, text in metrics.identity(box).items() if text},
        **({"cohort": box.cohort} if box.cohort else {}),
        "paused": vantage in gateway.registry.paused,
        "heard": instant(heard.received_ms) if heard else None,
        "newest": instant(heard.newest_ms) if heard else None,
        "samples": heard.samples if heard else 0,
        "waiting": queue.waiting_of(vantage),
        "taken": counts.pop(TAKEN, 0),
        "refused": counts,
    }


def _at_home(loaded: LoadedHub) -> Far:
    """The hub on this machine; by TLS it is known by the very certificate it has, whatever name that is for."""
    config, scheme, tls = loaded.config, "http", ssl.create_default_context()
    if config.tls is not None:
        scheme, tls.check_hostname = "https", False
        tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        tls.load_verify_locations(handed.at(loaded.folder, config.tls.cert_file))
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104 - who listens on all
    return Far(f"{scheme}://{f'[{host}]' if ':' in host else host}:{config.port}", None, tls)


async def asked(loaded: LoadedHub, now_ms: int) -> Json | Unanswered:
    """What the hub at work says, and beside it what its database has: `delivered`. Raises OSError for a lost file."""
    said = await _at_home(loaded).ask("/api/v1/status", {}, _PATIENCE_S)
    if isinstance(said, Unanswered):
        return said
    try:
        answer = from_json(said, dict[str, Any])
    except Undecodable:
        return Unanswered("it says nothing that a hub of ours would")
    forward = loaded.config.forward
    if forward.query is None:
        return answer | {"asked": "forward.query is not set in hub.yml: what the database has was not asked"}
    database = Far.of(forward.query, forward.basic_auth, forward.tls, loaded.folder)
    found = await delivered(database, now_ms)
    if isinstance(found, Unanswered):
        return answer | {"asked": f"the database was asked what it has, and {found.why}"}
    for each in answer.get("vantages", ()):
        each["delivered"] = found.get(each["vantage"], {"last": None, "ticks_1h": 0, "ticks_1d": 0})
    return answer


async def delivered(database: Far, now_ms: int) -> dict[str, Json] | Unanswered:
    """By vantage: its last heartbeat, and how many of its ticks of the last hour and day are there."""
    queries = (_LAST, *(_HEARTBEATS.format(range=each) for each in ("1h", "1d")))
    found: dict[str, Json] = {}
    for key, said in zip(
        ("last", "ticks_1h", "ticks_1d"),
        await asyncio.gather(*(vectors.at(database, query, now_ms) for query in queries)),
        strict=True,
    ):
        if isinstance(said, Unanswered):
            return said
        for row in (each for each in said if 0 <= each.value < _LATEST_S):  # and so is no NaN
            of = found.setdefault(row.labels.get("vantage", ""), {"last": None, "ticks_1h": 0, "ticks_1d": 0})
            of[key] = instant(int(row.value * 1000)) if key == "last" else int(row.value)
    return found
