"""How each word of a chart is drawn: the palette of every wall and page, and the words only a dossier has."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.palette import VERDICTS, Look
from dashboards.report.model import Kind

_KINDS: Mapping[Kind, Look] = {
    Kind.SHUTDOWN: VERDICTS["cut_off"],
    Kind.OUTAGE: VERDICTS["down"],
    Kind.SILENCE: VERDICTS["unknown"],
}
WORDS: Mapping[str, Look] = {**VERDICTS, **{kind.value: look for kind, look in _KINDS.items()}}


def of(word: str) -> Look:
    return WORDS[word]
