"""`python -m tests.dashboards.grafana.render`: draws the dashboards of the night into dashboards/pictures/, to be looked at.

Grafana's own parts from the npm registry (wall/package.json, pinned) in headless Chromium, with the answers of a real
Prometheus. Takes minutes and the network for npm the first time: made by hand, and no part of `make test`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.grafana import queries
from dashboards.grafana.board import ALL
from tests.dashboards.grafana import september, week
from tests.dashboards.grafana.database import ONE_HEAD, Database, Found
from tests.dashboards.grafana.september import BACKFILLED, DARK, at_ms
from tests.monitor.home.receivers import prometheus

WALL = Path(__file__).parent / "wall"
PICTURES = Path(__file__).parents[3] / "dashboards" / "pictures"
_TOP, _ROW, _ABREAST = 46, 38, 4


@dataclass(frozen=True, slots=True)
class Picture:
    """`name`: of the file. `rows`: how much of the dashboard is drawn, in Grafana's rows. `light`: the other theme.

    `shelf`: of it only what stands under this heading.
    """

    name: str
    uid: str
    from_ms: int
    until_ms: int
    variables: Mapping[str, str]
    rows: int
    light: bool = False
    shelf: str = ""
    networks: Sequence[str] = ("AS197207", "AS44244", "AS57218", "AS58224")

    @property
    def step_s(self) -> int:
        """As Grafana asks for a picture of this width."""
        return max(60, (self.until_ms - self.from_ms) // 1000 // 60_000 * 60)


_ALL = {"country": "IR", "network": ".*", "service": ".*", "vantage": "mci-1"}
DURING = (
    Picture("overview-dark", "didban-overview", at_ms("12:45"), DARK, _ALL, 36),
    Picture("country-dark", "didban-country", at_ms("12:45"), DARK, _ALL, 47),
    Picture("incident-dark", "didban-incident", at_ms("14:45"), DARK, _ALL, 39),
)
AFTER = (
    Picture("incident", "didban-incident", at_ms("14:45"), BACKFILLED, _ALL, 60),
    Picture("overview", "didban-overview", at_ms("14:45"), BACKFILLED, _ALL, 36, light=True),
    Picture("country", "didban-country", at_ms("12:45"), BACKFILLED, _ALL, 47),
    Picture("service", "didban-service", at_ms("12:45"), BACKFILLED, {**_ALL, "service": "whatsapp"}, 46),
    Picture("vantage", "didban-vantage", at_ms("12:45"), BACKFILLED, _ALL, 44),
    Picture("itself", "didban-itself", at_ms("12:45"), BACKFILLED, _ALL, 17),
)


_DAY_MS = 86_400_000
OF_A_WEEK = (
    Picture("curfew", "didban-country", week.UNTIL - _DAY_MS, week.UNTIL, _ALL, 10, shelf="The hours of cuts"),
    Picture("curfew-week", "didban-country", week.FROM, week.UNTIL, _ALL, 47, networks=tuple(week.WEIGHTS)),
)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--modules", type=Path, default=Path.home() / ".cache" / "didban-wall", help="npm packages")
    asked.add_argument("--only", default="", help="the pictures of this name")
    asked.add_argument("--out", type=Path, default=PICTURES)
    given = asked.parse_args()
    wanted = [each for each in (*DURING, *AFTER, *OF_A_WEEK) if given.only in each.name]
    with tempfile.TemporaryDirectory() as folder:
        program = _bundled(given.modules, Path(folder))
        for picture, panels in _answered(wanted, Path(folder) / "prometheus"):
            _draw(picture, panels, program, given.out)


def _bundled(modules: Path, folder: Path) -> Path:
    modules.mkdir(parents=True, exist_ok=True)
    for each in WALL.iterdir():
        shutil.copy(each, modules)
    if not (modules / "node_modules" / "@grafana" / "ui").is_dir():
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=modules, check=True)
    esbuild = modules / "node_modules" / "@esbuild" / "linux-x64" / "bin" / "esbuild"
    told = ["--bundle", "--minify", "--loader:.svg=dataurl", "--define:process.env.NODE_ENV='production'"]
    command = [
        str(esbuild),
        "app.tsx",
        *told,
        "--define:global=window",
        f"--outfile={folder}/app.js",
        "--log-level=error",
    ]
    subprocess.run(command, cwd=modules, check=True)
    return folder / "app.js"


def _answered(wanted: Iterable[Picture], folder: Path) -> Iterator[tuple[Picture, list[dict[str, Any]]]]:
    """What each panel would show: the dark is asked before what came later is written."""
    samples, wanted = [*september.samples(), *week.samples()], list(wanted)
    with prometheus(folder, *ONE_HEAD) as base:
        database = Database(base)
        for phase, since_ms, until_ms in (
            (DURING, 0, DARK),
            (AFTER, DARK, BACKFILLED),
            (OF_A_WEEK, week.FROM - 1, week.UNTIL),
        ):
            database.write(each for each in samples if since_ms < each.came_ms <= until_ms)
            for each in phase:
                if each in wanted:
                    yield each, [_with_answers(database, panel, each) for panel in _panels(each)]


def _panels(picture: Picture) -> Iterator[dict[str, Any]]:
    """Those of the dashboard, one that is repeated once for each network, as Grafana lays them out."""
    pushed, heading = 0, ""
    for panel in queries.document(picture.uid)["panels"]:
        heading = panel["title"] if panel["type"] == "row" else heading
        if picture.shelf and picture.shelf != heading:
            pushed = -panel["gridPos"]["y"] - panel["gridPos"]["h"]
            continue
        panel["gridPos"]["y"] += pushed
        if not panel.get("repeat"):
            yield {**panel, "key": f"{panel['id']}", "chosen": dict(picture.variables)}
            continue
        for place, network in enumerate(picture.networks):
            row, column = divmod(place, _ABREAST)
            at, w = panel["gridPos"], 24 // min(_ABREAST, len(picture.networks))
            again: dict[str, Any] = json.loads(json.dumps(panel).replace("$network", network))
            again["gridPos"] = {"x": column * w, "y": at["y"] + row * at["h"], "w": w, "h": at["h"]}
            yield {**again, "key": f"{panel['id']}-{network}", "chosen": {**picture.variables, "network": network}}
        pushed += ((len(picture.networks) - 1) // _ABREAST) * panel["gridPos"]["h"]


def _with_answers(database: Database, panel: dict[str, Any], picture: Picture) -> dict[str, Any]:
    span = f"{(picture.until_ms - picture.from_ms) // 60_000}m"
    every = {"__interval": f"{picture.step_s}s", "__rate_interval": f"{picture.step_s + 240}s"}
    series = []
    for target in panel.get("targets", ()):
        expr = queries.filled(target["expr"], {**panel["chosen"], **every}, span)
        if target.get("instant"):
            found = database.instant(expr, picture.until_ms)
        else:
            found = database.over(expr, picture.from_ms, picture.until_ms, picture.step_s)
        series += [_series(each, target) for each in found if each.points]
    return {**panel, "series": series}


def _series(found: Found, target: Mapping[str, Any]) -> dict[str, Any]:
    name = re.sub(r"{{(\w+)}}", lambda label: found.labels.get(label[1], ""), target["legendFormat"])
    times, values = [at_s * 1000 for at_s, _ in found.points], [value for _, value in found.points]
    labels = {key: value for key, value in found.labels.items() if key != "__name__"}
    return {"ref": target["refId"], "name": " ".join(name.split()), "labels": labels, "t": times, "v": values}


def _draw(picture: Picture, panels: list[dict[str, Any]], program: Path, out: Path) -> None:
    width, height = 1280, _TOP + picture.rows * _ROW
    shown = [each for each in panels if each["gridPos"]["y"] + each["gridPos"]["h"] <= picture.rows]
    said = _said(picture)
    board = {
        "title": f"Didban / {ALL[picture.uid]}",
        "said": said,
        "width": width,
        "height": height,
        "panels": shown,
        "step": picture.step_s * 1000,
    }
    mode = "light" if picture.light else "dark"
    given = json.dumps({"board": board, "from": picture.from_ms, "to": picture.until_ms, "mode": mode})
    page = program.parent / f"{picture.name}.html"
    page.write_text(
        '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="app.css"><body style="margin:0"><div id="root"></div>'
        f"<script>window.WALL={given};</script><script src=app.js></script>",
        encoding="utf-8",
    )
    out.mkdir(exist_ok=True)
    command = ["chromium", "--headless=new", "--no-sandbox", "--hide-scrollbars", "--allow-file-access-from-files"]
    command += [
        f"--window-size={width},{height}",
        "--virtual-time-budget=8000",
        f"--screenshot={out / picture.name}.png",
    ]
    subprocess.run([*command, page.as_uri()], check=True, capture_output=True, timeout=120)
    _shrink(out / f"{picture.name}.png")


def _said(picture: Picture) -> str:
    if picture in OF_A_WEEK:
        return (
            "made up, to show a curfew: 1 to 7 October" if not picture.shelf else "made up, to show a curfew: 7 October"
        )
    return f"{_clock(picture.from_ms)} to {_clock(picture.until_ms)} UTC, 21 September 2022"


def _clock(time_ms: int) -> str:
    minutes = time_ms // 60_000 % 1440
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _shrink(path: Path) -> None:
    """To at most 256 colours, where the machine can."""
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--skip-if-larger", f"--output={path}", "256", path], check=False)


if __name__ == "__main__":
    main()
