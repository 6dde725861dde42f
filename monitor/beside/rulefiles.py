"""The shipped rules, runbook and texts as files, every duration divided where a laboratory asks for it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from monitor.notify.settings import Pages

HERE = Path(__file__).parents[1]
RULES = HERE / "rules"
RUNBOOK = HERE / "runbook"
NOTIFY = HERE / "notify"

RUNBOOK_URL = "http://127.0.0.1:9810/runbook"
DASHBOARD_URL = "http://127.0.0.1:3000/d"

_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART = re.compile(r"([0-9]+)(ms|s|m|h|d|w)")
_DURATION = re.compile(rf"(?<![\w.])(?:{_PART.pattern})+\b")
_SECONDS = re.compile(r"\b([0-9]+)(?= # [0-9]+[a-z]+$)", re.MULTILINE)  # `600 # 10m`


def scaled(text: str, times: float) -> str:
    """Every duration divided by `times`: `3m`, `3m1s`, and the number of seconds in front of a duration's comment.

    With 1 the text comes back byte for byte. Names such as `timestamp_14d` are names, not durations.
    """
    if times == 1:
        return text
    text = _SECONDS.sub(lambda found: f"{int(found[1]) / times:g}", text)
    return _DURATION.sub(lambda found: _shorter(_milliseconds(found[0]) / times), text)


def _milliseconds(duration: str) -> int:
    return sum(int(number) * _MILLISECONDS[unit] for number, unit in _PART.findall(duration))


def _shorter(milliseconds: float) -> str:
    rounded = max(1, round(milliseconds))
    return f"{rounded // 1000}s" if rounded % 1000 == 0 else f"{rounded}ms"


def relinked(text: str, pages: Pages) -> str:
    """Links pointing where the reader can go. Without addresses of one's own the text comes back byte for byte."""
    runbook = f"{pages.url.rstrip('/')}/runbook" if pages.url else RUNBOOK_URL
    return text.replace(RUNBOOK_URL, runbook).replace(DASHBOARD_URL, (pages.dashboard or DASHBOARD_URL).rstrip("/"))


def write_rules(out: Path, *, times: float = 1, pages: Pages = Pages()) -> None:  # noqa: B008 - it is frozen
    """The rule files into `out`, their links leading to `pages`."""
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(RULES.glob("*.yml")):
        text = relinked(scaled(path.read_text(encoding="utf-8"), times), pages)
        (out / path.name).write_text(text, encoding="utf-8")


def write_runbook(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(RUNBOOK.glob("*.md")):
        shutil.copy(path, out / path.name)


def runbook_page(name: str) -> str | None:
    """The page of an alert as text; None for a name without one."""
    path = RUNBOOK / f"{name}.md"
    return path.read_text(encoding="utf-8") if re.fullmatch(r"[A-Za-z]+", name) and path.is_file() else None
