"""How each word of a chart is drawn: the palette of every wall and page, and the words only a dossier has."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.palette import VERDICTS, Look
from dashboards.report.model import Kind

_KINDS: Mapping[str, Look] = {
    Kind.SHUTDOWN: VERDICTS["cut_off"],
    Kind.OUTAGE: VERDICTS["down"],
    Kind.SILENCE: VERDICTS["unknown"],
}
WORDS: Mapping[str, Look] = {**VERDICTS, **{kind.value: look for kind, look in _KINDS.items()}}


def of(word: str) -> Look:
    return WORDS[word]


def style() -> str:
    """Of charts: also those that stand in a file of their own."""
    areas = "".join(
        f".is-{word}{{fill:{look.fill}}}.on-{word}{{fill:{look.on_fill}}}" for word, look in sorted(WORDS.items())
    )
    return (
        ".chart text{font-family:var(--text,'Vazirmatn','Noto Sans','Noto Naskh Arabic','DejaVu Sans',sans-serif);"
        "fill:#1b1f24}.chart .name{font-size:13px;font-weight:600}.chart .under,.chart .tick,.chart .axis{font-size:11px;"
        "fill:#4b525c}.chart .axis{font-weight:600}.chart .grid{stroke:#d5d7da;stroke-width:1}"
        ".chart .half{stroke:#9aa0a8;stroke-width:.75;stroke-dasharray:2 3}.chart .ground{fill:#f0f1f2}"
        ".chart .area{fill:#0072B2;fill-opacity:.22}.chart .line{fill:none;stroke:#005a8c;stroke-width:1.6}"
        f".chart .sign{{font-size:12px}}{areas}"
    )
