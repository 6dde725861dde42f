"""How many turns a value takes up a tower of rules, each of which reads the one below: vmalert beside VictoriaMetrics, Prometheus.

One group of ten rules, a turn of five seconds; the lowest says what time it is. By how much the highest lags, in turns, is
read from the database once all of them have long been there. And how long a written sample is not shown.

    DIDBAN_VICTORIA=/folder python -m tests.bench.floors
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from monitor.home import remotewrite
from monitor.home.remotewrite import TimeSeries
from tests.bench import engines
from tests.bench.engines import Engine
from tests.probes.liars import closed_port

FLOORS, TURN_S, LIVED_S = 10, 5, 100
_SHOWN = ("-search.latencyOffset=1ms",)
VARIANTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "as README has it": (_SHOWN, ("-rule.evalDelay=0s",)),
    "results posted every 10 ms": (_SHOWN, ("-rule.evalDelay=0s", "-remoteWrite.flushInterval=10ms")),
    "... and flushed every second": (
        (*_SHOWN, "-inmemoryDataFlushInterval=1s"),
        ("-rule.evalDelay=0s", "-remoteWrite.flushInterval=10ms"),
    ),
    "as both come": ((), ()),
}


def tower() -> str:
    rules = [{"record": "floor:0", "expr": "vector(time())"}]
    rules += [{"record": f"floor:{each}", "expr": f"floor:{each - 1}"} for each in range(1, FLOORS)]
    return json.dumps({"groups": [{"name": "tower", "interval": f"{TURN_S}s", "rules": rules}]})


def asked(engine: Engine, expr: str) -> float | None:
    found = json.loads(engine.ask("/api/v1/query", {"query": expr, "nocache": "1"}))["data"]["result"]
    return float(found[0]["value"][1]) if found else None


def lag_turns(engine: Engine) -> float:
    """Of the highest floor behind the lowest, as they stand in the database."""
    time.sleep(LIVED_S)
    seen = []
    for _ in range(5):
        time.sleep(1)
        seen.append(asked(engine, f"floor:0 - on () floor:{FLOORS - 1}"))
    known = sorted(each for each in seen if each is not None)
    return known[len(known) // 2] / TURN_S if known else float("nan")


def not_shown_s(engine: Engine) -> float:
    """The median over ten samples of one series, once it is known; some seconds apart."""
    took = []
    for number in range(11):
        time.sleep(1.1)
        sample = (int(time.time() * 1000), remotewrite.value(float(number)))
        engine.write([TimeSeries(remotewrite.labels("shown", {"by": "bench"}), (sample,))])
        began_s = time.monotonic()
        while asked(engine, "shown") != number and time.monotonic() < began_s + 60:
            time.sleep(0.02)
        took.append(time.monotonic() - began_s)
    return sorted(took[1:])[5]


def main() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        rules = Path(name) / "tower.yml"
        rules.write_text(tower())
        for number, (variant, (stored, alerting)) in enumerate(VARIANTS.items()):
            folder = Path(name) / str(number)
            folder.mkdir()
            port = closed_port()
            with (
                engines.ending(lambda f=folder, p=port, s=stored: engines.victoria(f, p, *s)) as (database,),  # type: ignore[misc]
                engines.ending(
                    lambda f=folder, b=database.base, a=alerting: engines.vmalert(f, closed_port(), b, str(rules), *a)  # type: ignore[misc]
                ),
            ):
                shown_s = not_shown_s(database)
                yield f"vmalert, {variant}: {lag_turns(database):.1f} turns; a sample is shown after {shown_s:.2f} s"
        config = Path(name) / "prometheus.json"
        config.write_text(json.dumps({"rule_files": [str(rules)]}))
        with engines.ending(lambda: engines.prometheus(Path(name), closed_port(), config)) as (prometheus,):
            shown_s = not_shown_s(prometheus)
            yield f"Prometheus: {lag_turns(prometheus):.1f} turns; a sample is shown after {shown_s:.2f} s"


if __name__ == "__main__":
    for line in main():
        print(line, flush=True)
    sys.exit(0)
