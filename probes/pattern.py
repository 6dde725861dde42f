"""Makes a regular expression that somebody else wrote safe to run over a page that a stranger sends, or refuses it.

Python's `re` tries every way a pattern may fit, and a page can be written so that there are more ways than seconds. A
published pattern is cut where it says "then anything" (`.*`), and its pieces are looked for one after the other; a
piece may fit in a bounded number of ways only. What is left costs at most pieces x ways x length of the page.
"""

from __future__ import annotations

import math
import re
import warnings

MOST_CHARACTERS = 2000  # of one pattern; the longest published one had 900 in November 2026
_MOST_WAYS = 1000
_ENDLESS = math.inf

# One token: an escape, a set, the opening or closing of a group, an alternative, a repeat, or another character.
_TOKEN = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<open>\((?:\?(?:[aims-]*:|<?[=!]))?)|(?P<close>\))"
    r"|(?P<or>\|)|(?P<repeat>(?:[*+?]|\{\d*,?\d*\})[?+]?)|(?P<other>.)",
    re.DOTALL,
)
_FLAGS = re.compile(r"\(\?[aims]+\)")


def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern of one hand we trust. Raises ValueError, in plain words, where Python cannot read it."""
    if len(pattern) > MOST_CHARACTERS:
        raise ValueError(f"is longer than {MOST_CHARACTERS} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sets that a later Python may read otherwise
            return re.compile(pattern, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression Python reads: {ascii(str(error))[1:-1]}") from None


def pieces(pattern: str) -> tuple[re.Pattern[str], ...]:
    """A stranger's pattern as pieces that stand on a page in this order; `.` is any character, a line's end too.

    Raises ValueError for one that Python cannot read, or that may fit in more ways than are worth trying.
    """
    compiled(pattern)
    flags = found[0] if (found := _FLAGS.match(pattern)) else ""
    ready = tuple(compiled(flags + piece, re.DOTALL) for piece in _cut(pattern[len(flags) :]))
    if all(piece.search("") for piece in ready):
        raise ValueError("fits an empty page, and so any")
    return ready


def _cut(pattern: str) -> list[str]:
    """The parts between one "anything" and the next."""
    parts, ways, depth, alternatives = [""], 1.0, 0, False
    before = ""
    for token in _TOKEN.finditer(pattern):
        kind, text = token.lastgroup or "other", token[0]
        if (text == "(" and pattern.startswith("(?", token.start())) or re.fullmatch(r"\\[1-9]", text):
            raise ValueError("has a group of a kind that is not run, or refers back to one")
        depth += (kind == "open") - (kind == "close")
        alternatives |= kind == "or" and depth == 0
        if kind == "repeat" and before == "." and depth == 0 and text[0] in "*+":
            parts[-1] = parts[-1][:-1]
            parts.append("." if text[0] == "+" else "")
            ways, before = 1.0, ""
            continue
        parts[-1] += text
        ways *= 2 if kind == "or" else _ways(text, before) if kind == "repeat" and before else 1
        if ways > _MOST_WAYS:
            raise ValueError("may fit in too many ways: it may run for ever")
        before = "" if kind in ("open", "or", "repeat") else text
    if alternatives and len(parts) > 1:
        raise ValueError("has alternatives round an `.*`: it may run for ever")
    return [part for part in parts if part] or [""]


def _ways(repeat: str, before: str) -> float:
    """In how many ways a repeat may fit; of a group, only "or not at all" is counted."""
    match repeat[0]:
        case "?":
            return 2
        case "*" | "+":
            return _ENDLESS
    least, comma, most = repeat[1 : repeat.index("}")].partition(",")
    highest = float(most or _ENDLESS) if comma else float(least or 0)
    return _ENDLESS if before == ")" and highest > 1 else highest + 1
