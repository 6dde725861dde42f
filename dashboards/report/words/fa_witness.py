"""Persian of what both ends saw of a walk, phrase by phrase; probes/witness.py and crossing.py say it in English.

A sentence with a phrase that is not here stays English, whole: half of one would say something else.
"""

from __future__ import annotations

import re

_WHAT = r"((?:First packet|Hard reset|ClientHello|Initial|Initiation|Question))"
_BACK = r"((?:ServerHello|Version Negotiation|Handshake|its answer|answer|response))"
_NAMES = {
    "Question": "پرسش", "answer": "پاسخ", "its answer": "پاسخِ آن", "response": "پاسخ", "First packet": "نخستین بسته",
}  # fmt: skip

# in the order they are tried at each place of a sentence
_PHRASES = tuple(
    (re.compile(english), persian)
    for english, persian in (
        (r"No ClientHello left: the walk ended at (\w+)", "هیچ ClientHello نرفت: تلاش در گام {0} پایان یافت"),
        (
            r"Nothing left that the responder could know: the walk ended at (\w+)",
            "چیزی نرفت که پاسخ‌گو بتواند بشناسد: تلاش در گام {0} پایان یافت",
        ),
        (rf"{_WHAT} arrived altered", "{0} دست‌کاری‌شده رسید"),
        (rf"{_WHAT} arrived", "{0} رسید"),
        (rf"{_WHAT} left", "{0} رفت"),
        (r", never arrived, and was answered: not by the responder", "، هرگز نرسید، و پاسخی گرفت که از پاسخ‌گو نبود"),
        (r", and never arrived", "، و هرگز نرسید"),
        (
            r"; the responder cannot say whether it arrived: its log does not cover that time",
            "؛ پاسخ‌گو نمی‌تواند بگوید رسید یا نه: گزارشش آن زمان را در بر ندارد",
        ),
        (r", and the responder does not answer such a one", "، و پاسخ‌گو به چنین چیزی پاسخ نمی‌دهد"),
        (r", and the responder did not answer it", "، و پاسخ‌گو به آن پاسخ نداد"),
        (r", the responder would not go on with it", "، پاسخ‌گو با آن پیش نرفت"),
        (r" \(it sent an alert\)", " (هشدار فرستاد)"),
        (r" \(a reset came\)", " (ریست رسید)"),
        (r" \(a close came\)", " (بسته شد)"),
        (r" \(nothing more came\)", " (دیگر چیزی نرسید)"),
        (r" \(it does not say why\)", " (نمی‌گوید چرا)"),
        (r" \(([a-z0-9_.]+)\)", " ({0})"),
        (rf", {_BACK} left", "، {0} از آنجا رفت"),
        (rf", {_BACK} never came", "، {0} هرگز به اینجا نرسید"),
        (r", and so did what followed", "، و آنچه در پی آن بود نیز"),
        (r" and came", " و رسید"),
        (r"; the handshake's last word never arrived at the responder", "؛ واژهٔ آخر سلام هرگز به پاسخ‌گو نرسید"),
        (r", and none of it was acknowledged", "، و رسیدن هیچ بخشی از آن تأیید نشد"),
        (
            r", and (\d+) of its (\d+) bytes were acknowledged",
            "، و از {1} بایت آن رسیدن {0} بایت تأیید شد",
        ),
        (r", although all of it was acknowledged", "، هرچند رسیدن همهٔ آن تأیید شد"),
        (
            r"; a reset reached the responder that this line did not send",
            "؛ ریستی به پاسخ‌گو رسید که این خط نفرستاده بود",
        ),
        (r", and what came was not taken", "، و آنچه رسید پذیرفته نشد"),
        (r", and what came was not it", "، و آنچه رسید آن نبود"),
        (r", a (?:close|reset) came, and the responder had ended it", "، قطعی رسید، و پاسخ‌گو آن را پایان داده بود"),
        (
            r", a (?:close|reset) came that the responder did not send, and it was cut off as well",
            "، قطعی رسید که پاسخ‌گو نفرستاده بود، و خودش نیز قطع شد",
        ),
        (
            r", a (?:close|reset) came while the responder had not ended",
            "، قطعی رسید در حالی که پاسخ‌گو پایان نداده بود",
        ),
        (r", a (?:close|reset) came that the responder did not send", "، قطعی رسید که پاسخ‌گو نفرستاده بود"),
        (
            r"[,;] the handshake was completed by both, then both were cut off and neither did it, after (\d+) bytes",
            "، سلام در هر دو سو کامل شد، سپس هر دو قطع شدند بی آن‌که هیچ‌یک کرده باشد، پس از {0} بایت",
        ),
        (
            r"[,;] the handshake was completed by both, then (\w+) here; (\d+) bytes left, (\d+) were acknowledged",
            "، سلام در هر دو سو کامل شد، سپس {0} در اینجا؛ {1} بایت رفت و رسیدن {2} بایت تأیید شد",
        ),
        (
            r"[,;] the handshake was completed by both, then (\w+) here",
            "، سلام در هر دو سو کامل شد، سپس {0} در اینجا",
        ),
        (r"; (\d+) bytes left", "؛ {0} بایت رفت"),
    )
)  # fmt: skip


def translated(sentence: str) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    """Templates and what stands in them, in their order; None where a phrase is not known."""
    found = []
    rest = sentence.rstrip(".")
    while rest:
        for pattern, persian in _PHRASES:
            if (match := pattern.match(rest)) is not None:
                found.append((persian, tuple(_NAMES.get(each, each) for each in match.groups())))
                rest = rest[match.end() :]
                break
        else:
            return None
    return tuple(found)
