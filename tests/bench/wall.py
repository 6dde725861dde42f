"""What a display on a wall costs a database: every question of every dashboard, over six whole hours of a thousand boxes.

Nothing is lived through: what the fleet of tests/bench/driving.py states (its home set, measured numbers standing still) is
written in one go, three hours well and three in the crisis, and of what rules record that which dashboards read. Then each
question is asked alone, twice, and once where it takes ten seconds; the cheaper counts. Prometheus first, and VictoriaMetrics when it is gone.

    python -m tests.bench.wall [FOLDER]     FOLDER: dashboards' JSON of another day, asked too, of the same databases
    DIDBAN_VICTORIA=/folder                 of another victoria-metrics than this machine's

Nobody writes meanwhile, no rules run, and of what hubs say of themselves there is nothing: times are a database's at rest.
Prints the dearest, and the CPU seconds of each dashboard's refresh. In results/scale.json it writes `panels_...`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cramjam

from dashboards.grafana import queries
from dashboards.grafana.recorded import DELIVERING, VERDICT
from monitor.home import remotewrite
from monitor.home.remotewrite import Labels
from tests.bench import asking, engines, homeset, victoria
from tests.bench.asking import Answered
from tests.bench.driving import Member, members, statements
from tests.bench.engines import Engine
from tests.bench.fleet import FLEET, boxes
from tests.bench.homeset import SPELLS

_WELL, _CUT, _BLOCKED = SPELLS
_HALF_S, _TICK_S, _TURN_S = 3 * 3600, 60, 15
_PORTS = {"prometheus": 19091, "victoria": 18429}
_AT_ONCE, _SERIES = 16, 1_500  # boxes a request, or series: 32 MB are taken
_DEAREST = 14
_SAID_OF_BLOCKED = ("instagram", "whatsapp")


def main() -> int:
    folders = [queries.HERE, *(Path(each) for each in sys.argv[1:])]
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="didban-wall-") as name:
        folder, now_s = Path(name), time.time() // _TICK_S * _TICK_S
        (folder / "prometheus.json").write_text("{}")
        for program, begun in (
            ("prometheus", lambda: engines.prometheus(folder, _PORTS["prometheus"], folder / "prometheus.json")),
            ("victoria", lambda: engines.victoria(folder, _PORTS["victoria"], "-search.latencyOffset=1ms")),
        ):
            with engines.ending(begun) as (engine,):
                _fill(engine, now_s)
                for each in folders:
                    found |= _asked(engine, program, each, now_s)
    victoria.write(found)
    return 0


def _asked(engine: Engine, program: str, folder: Path, now_s: float) -> dict[str, float]:
    cut = next(each for each in FLEET if each.cut)
    asked = asking.questions(cut.country, cut.name, "instagram", cut.boxes[0]["vantage"], folder)
    answers = asking.answered(engine, asked, now_s)
    print(f"\n{program}, {folder}: {sum(each.cpu_s for each in answers):.1f} CPU s for {len(answers)} questions")
    for each in sorted(answers, key=lambda each: each.cpu_s, reverse=True)[:_DEAREST]:
        print(f"  {each.cpu_s:7.2f} CPU s {each.took_s:7.2f} s {each.said:9} B  {each.question}", flush=True)
    of_board: defaultdict[str, float] = defaultdict(float)
    for each in answers:
        of_board[each.question.uid] += each.cpu_s
    print("  " + ", ".join(f"{uid.removeprefix('didban-')} {cpu_s:.1f}" for uid, cpu_s in of_board.items()), flush=True)
    return _figures(program, answers, of_board) if folder == queries.HERE else {}


def _figures(program: str, answers: Sequence[Answered], of_board: Mapping[str, float]) -> dict[str, float]:
    return {
        "panels_asked": len(answers),
        f"panels_{program}_median_s": statistics.median(each.took_s for each in answers),
        f"panels_{program}_worst_s": max(each.took_s for each in answers),
        f"panels_{program}_cpu_s_of_all": sum(each.cpu_s for each in answers),
        f"panels_{program}_overview_cpu_s": of_board["didban-overview"],
        f"panels_{program}_failed": sum(each.said == 0 for each in answers),
    }


# ---------------------------------------------------------------- six hours


def _fill(engine: Engine, now_s: float) -> None:
    began_s, count = time.monotonic(), 0
    for body in _bodies(now_s):
        count += _post(engine, body)
    if "victoria" in str(engine.process.args[0]):  # type: ignore[index]
        engine.ask("/internal/force_flush")
    print(f"{count / 1e9:.2f} GB written in {time.monotonic() - began_s:.0f} s", flush=True)


def _post(engine: Engine, raw: bytes) -> int:
    body = bytes(cramjam.snappy.compress_raw(raw))
    request = urllib.request.Request(f"{engine.base}/api/v1/write", body, dict(remotewrite.HEADERS))
    try:
        urllib.request.urlopen(request, timeout=300).close()
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{error.code}: {error.read()[:300]!r}") from error
    return len(raw)


def _bodies(now_s: float) -> Iterator[bytes]:
    """The halves one after the other, as time goes."""
    for half, since_s in enumerate((now_s - 2 * _HALF_S, now_s - _HALF_S)):
        everybody = list(members())
        for start in range(0, len(everybody), _AT_ONCE):
            some = everybody[start : start + _AT_ONCE]
            yield b"".join(part for each in some for part in _lived(each, half == 1, since_s))
        stated = _points(range(int(since_s), int(since_s) + _HALF_S, _TURN_S))
        beside = [(each.labels, each.samples[0][1]) for each in statements(int(now_s * 1000))]
        beside += [(labels, remotewrite.value(1.0)) for labels in _recorded(half == 1)]
        for start in range(0, len(beside), _SERIES):
            yield b"".join(_series(labels, stated(value)) for labels, value in beside[start : start + _SERIES])


def _lived(member: Member, crisis: bool, since_s: float) -> Iterator[bytes]:
    """Three hours of one box: every minute the same, but for its times."""
    first_s = int(since_s) + int(member.at_s)
    points = _points(range(first_s, first_s + _HALF_S, _TICK_S))
    spell = homeset.spells()[member.spell if crisis else _WELL]
    for name, value in spell.ticks[-1].items():
        labels = tuple(sorted((*name, *member.box.identity.items())))
        yield _series(labels, points(remotewrite.value(value)))
    for about in member.landmarks:
        labels = remotewrite.labels("didban_landmarks_ratio", member.box.identity | about)
        yield _series(labels, points(remotewrite.value(1.0)))


def _recorded(crisis: bool) -> Iterator[Labels]:
    """Who was heard, and the verdict of each service on each network, as the rules record it."""
    for box in boxes():
        yield remotewrite.labels(DELIVERING, box)
    services = {dict(each)["service"] for each in homeset.spells()[_WELL].ticks[-1] if "service" in dict(each)}
    for network in FLEET:
        for service in sorted(services):
            blocked = crisis and network.blocked and service in _SAID_OF_BLOCKED
            said = "cut_off" if crisis and network.cut else "blocked" if blocked else "ok"
            yield remotewrite.labels(VERDICT, network.labels | {"service": service, "verdict": said})


class _points:
    """Samples of some moments, with the same value each: their bytes, made once for each value."""

    def __init__(self, times_s: range) -> None:
        self._times = [b"\x10" + remotewrite._varint(at_s * 1000) for at_s in times_s]
        self._made: dict[bytes, bytes] = {}

    def __call__(self, value: bytes) -> bytes:
        if value not in self._made:
            self._made[value] = b"".join(remotewrite._field(2, b"\x09" + value + each) for each in self._times)
        return self._made[value]


def _series(labels: Labels, points: bytes) -> bytes:
    return remotewrite._field(1, remotewrite._labels(labels) + points)


if __name__ == "__main__":
    sys.exit(main())
