"""A database on loopback that holds what some spools sent home, and answers the two questions a dossier asks of one.

As Prometheus does (prometheus.io/docs/prometheus/latest/querying/api): no staleness markers in its answers.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from monitor.stored.committed import Committed

_INSTANT = re.compile(r'\{__name__=~"([^"]+)",vantage="([^"]+)"\}\[(\d+)s\]')
_MATCH = re.compile(r'\{__name__=~"([^"]+)"((?:,\w+="[^"]*")*)\}')


class Held:
    """Series with their samples. `hub`: whether a hub said who is expected, and whose home each box shares."""

    def __init__(self, spools: Sequence[Path], hub: bool = True) -> None:
        self.series: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for folder in spools:
            with closing(Committed(folder)) as kept:
                for tick in kept.ticks(0):
                    for (name, labels), value in tick.samples:
                        self.series[_key(name, json.loads(labels))].append((tick.at_ms, value))
                who = kept.identity()
                whose = {key: who[key] for key in ("vantage", "country", "network", "access", "role") if who.get(key)}
                if hub:
                    self.series[_key("didban_vantage_expected", whose)].append((1, 1.0))
                if hub and who["cohort"]:
                    self.series[_key("didban_vantage_cohort", {**whose, "cohort": who["cohort"]})].append((1, 1.0))

    def instant(self, query: str, at_ms: int) -> list[object]:
        match = _INSTANT.fullmatch(query)
        assert match is not None, query
        names, vantage, since_ms = match[1].split("|"), match[2], at_ms - int(match[3]) * 1000
        found: list[object] = []
        for key, samples in self.series.items():
            labels = json.loads(key)
            values = [[at / 1000, str(value)] for at, value in samples if since_ms < at <= at_ms]
            if labels["__name__"] in names and labels.get("vantage") == vantage and values:
                found.append({"metric": labels, "values": values})
        return found

    def matching(self, given: str) -> list[dict[str, str]]:
        match = _MATCH.fullmatch(given)
        assert match is not None, given
        wanted = dict(pair.split("=") for pair in match[2].replace('"', "").split(",")[1:])
        every = (json.loads(key) for key in self.series)
        return [
            labels
            for labels in every
            if labels["__name__"] in match[1].split("|") and all(labels.get(k) == v for k, v in wanted.items())
        ]


def _key(name: str, labels: dict[str, str]) -> str:
    return json.dumps({"__name__": name, **labels}, sort_keys=True)


@contextmanager
def answering(held: Held) -> Iterator[str]:
    """Where it answers."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            if self.path.startswith("/api/v1/series"):
                data: object = held.matching(asked["match[]"][0])
            else:
                data = {"result": held.instant(asked["query"][0], round(float(asked["time"][0]) * 1000))}
            body = json.dumps({"status": "success", "data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
