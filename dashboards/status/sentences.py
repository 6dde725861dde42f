"""Whole sentences of the monitor in Persian, each known by its own id or, as gettext does it, by its English template.

What no template fits is shown in English, marked as English; the tests hold every template against the source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from dashboards.status.calendar import persian_digits

# of the line, by its word
LINES: Mapping[str, str] = {
    "too_few": "هنوز نشانه‌های سنجش کافی پیموده نشده‌اند تا دربارهٔ این خط چیزی بتوان گفت.",
    "nothing_once": "در دور گذشته هیچ جای خارج از کشور پاسخ نداد؛ دور بعد روشن می‌کند.",
    "cut_from_abroad": "این خط قطع است: هیچ جای خارج از کشور پاسخ نمی‌دهد، در حالی که میزبان‌های داخل پاسخ می‌دهند.",
    "cut_from_all": "این خط قطع است: نه خارج از کشور پاسخ می‌دهد و نه داخل.",
    "not_reached": "این خط به خارج از کشور می‌رسد؛ خارج از دسترس: {names}.",
    "well": "این خط به خارج از کشور می‌رسد، و هر خدمتی که دربارهٔ آن داوری شد پاسخ می‌دهد.",
}

# why a target stands as it does, by the rule that said so
REASONS: Mapping[str, str] = {
    "quarantined": "هیچ شاهد بیرونی یک روز است که به آن نرسیده: یا سطر ما کهنه است، یا برای همه از کار افتاده",
    "nothing_fresh": "تازگی هیچ پیمایشی به پایان نرسیده: آنچه دیده نشود دانسته نیست",
    "local_cause": "چیزی در همین خانه به جای آن پاسخ می‌دهد، که دربارهٔ کشور چیزی نمی‌گوید",
    "refusal": "خدمت واقعی پاسخ می‌دهد و می‌گوید که به این خط خدمت نمی‌دهد",
    "unproven": "چیزی پاسخ داد، که در میانهٔ راه هر کسی می‌تواند، و تقریباً هیچ جای خارج از کشور هویتش را ثابت نمی‌کند",
    "denied_in_clear": "آنچه بدون رمز آمد «نه» است یا راهی به جای دیگر، که هر کسی در میانهٔ راه می‌تواند بنویسد",
    "slower_than_usual": "در دسترس است، اما بارها سه برابر کندتر از آنچه اینجا در این ساعت عادی است",
    "reached": "در دسترس است؛ هدفی که به آن رسیده‌ایم بر نشانه‌های خاموش پیشی دارد",
    "too_few_canaries": "خارج از دسترس، اما نشانه‌های سنجش کافی نیستند تا خدمت را از خط جدا کنیم",
    "nothing_foreign": "در دو دور به هیچ جای خارج از کشور که هویتش را ثابت کند نرسیدیم: این دربارهٔ این خدمت نیست",
    "resolver_dead": "اینجا نشانی هیچ نامی پیدا نمی‌شود: این از یابندهٔ نام است، نه از این خدمت",
    "proof_in_hand": "خارج از دسترس است، و دیده شد که چیزی میان اینجا و آنجا پاسخ دروغ می‌دهد",
    "poor_line": "خارج از دسترس، اما به بیشتر جاهای خارج از کشور هم از اینجا نمی‌رسیم: این از خط است، نه از خدمت",
    "confirmed": "بارها خارج از دسترس، در حالی که جاهای دیگر خارج از کشور در دسترس‌اند؛ چیزی چرایش را ثابت نمی‌کند",
    "unconfirmed": "بار گذشته خارج از دسترس بود، و یک شکست هنوز واقعیت نیست: تنها پیمودن دوباره روشن می‌کند",
}

# what the keeper of a box should know: the English template, then the Persian
NOTICES: Mapping[str, str] = {
    "Nothing can be written to disk ({trouble}): what is seen goes home, and waits in memory ({waiting} writes"
    "{lost}).": (
        "روی دیسک چیزی نمی‌توان نوشت ({trouble}): آنچه دیده می‌شود فرستاده می‌شود و در حافظه می‌ماند ({waiting} نوشته)."
    ),
    "The spool was damaged: what could be read was carried over, the rest is in {file}.": (
        "انبار آسیب دیده بود: آنچه خواندنی بود برده شد، باقی در {file} است."
    ),
    "Room is short: {ticks} ticks went of which nobody could say when they were.": (
        "جا کم است: {ticks} تیک کنار رفت که کسی نمی‌توانست بگوید از چه زمانی‌اند."
    ),
    "Room is short: of {walks} old walks one in ten minutes was kept, and {samples} samples went that a receiver has "
    "not had.": (
        "جا کم است: از {walks} پیمایش کهنه یکی در هر ده دقیقه ماند، و {samples} نمونه رفت که گیرنده‌ای نگرفته بود."
    ),
    "Nothing is sealed: whoever takes this box can read all it keeps. `storage.seal_to` is the hub's key.": (
        "هیچ چیز مهر و موم نیست: هر که این دستگاه را بردارد همه‌اش را می‌خواند. `storage.seal_to` کلید مرکز است."
    ),
    "The byte cap of the day is near: {share} of the rounds that are not essential are walked.": (
        "سقف دادهٔ روز نزدیک است: {share} از دورهای غیر ضروری پیموده می‌شود."
    ),
    "{samples} samples have not reached {destination} yet.": "{samples} نمونه هنوز به {destination} نرسیده است.",
    "Landmarks that do not answer from here, geo-fenced or gone, are set aside: {names}.": (
        "نشانه‌هایی که از اینجا پاسخ نمی‌دهند (بسته به روی خارج، یا رفته) کنار گذاشته شده‌اند: {names}."
    ),
    "{ticks} ticks wait until somebody says what time it is: they are kept, and not sent home.": (
        "{ticks} تیک منتظرند تا کسی بگوید ساعت چند است: نگه داشته می‌شوند و فرستاده نمی‌شوند."
    ),
    "No probe is sent: nobody has agreed to it yet. Run `didban init`, then `didban up`.": (
        "هیچ پرسشی فرستاده نمی‌شود: هنوز کسی با آن موافقت نکرده. `didban init` و سپس `didban up` را اجرا کنید."
    ),
    "The last configuration was refused; the one before it is at work.": (
        "پیکربندی تازه پذیرفته نشد؛ پیشین در کار است."
    ),
    "The book of control points is of {day}: by it nothing is said of who signs certificates.": (
        "دفتر شاهدان بیرونی از {day} است: بر پایهٔ آن دربارهٔ امضاکنندگان گواهی‌ها چیزی گفته نمی‌شود."
    ),
    "Not walked, as no control point has reached it for a day: {gone} of {target}.": (
        "پیموده نمی‌شود، چون هیچ شاهد بیرونی یک روز به آن نرسیده: {gone} از {target}."
    ),
    "{target} is unknown: no control point has reached anything of it for a day ({gone}).": (
        "وضع {target} دانسته نیست: هیچ شاهد بیرونی یک روز به چیزی از آن نرسیده ({gone})."
    ),
    "Not observable from outside, for no landmark stands in them ({share}): {names}.": (
        "از بیرون دیدنی نیستند، چون نشانه‌ای در آن‌ها نیست ({share}): {names}."
    ),
    "Nothing abroad answers, and this box keeps still: four canaries twice an hour, and nothing else.": (
        "هیچ چیز در خارج پاسخ نمی‌دهد و این دستگاه آرام مانده است: ساعتی دو بار چهار نشانهٔ سنجش، و جز آن هیچ."
    ),
    "A catalogue that was installed {why}; the shipped one ({version}) is at work.": (
        "فهرستی که نصب شده بود به کار نمی‌رود ({why})؛ فهرست همراه برنامه ({version}) در کار است."
    ),
    "It runs by catalogue {version}, made on {day}.": "با فهرست {version} کار می‌کند، ساخته‌شده در {day}.",
    "The catalogue it runs by has expired on {day}, and is still newer than the shipped one.": (
        "اعتبار فهرستی که با آن کار می‌کند در {day} به پایان رسیده، و هنوز از فهرست همراه برنامه تازه‌تر است."
    ),
    "Nothing of {country} is observable from outside: no landmark stands in it.": (
        "از {country} هیچ چیز از بیرون دیدنی نیست: نشانه‌ای در آن نیست."
    ),
}


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"{(\w+)}", template)
    return re.compile("".join(f"(?P<{part}>.*)" if n % 2 else re.escape(part) for n, part in enumerate(parts)))


_PATTERNS = [(_pattern(english), persian) for english, persian in NOTICES.items()]


def _put(value: str) -> str:
    """A number in Persian digits, anything else as it is."""
    return persian_digits(value) if re.fullmatch(r"[0-9.,]+%?", value) else escape(value)


def persian(sentence: str) -> str | None:
    """The same in Persian, as HTML: what was put in stands in isolates, `code` too. None where no template fits."""
    for pattern, text in _PATTERNS:
        if (found := pattern.fullmatch(sentence)) is not None:
            put_in = {name: f"<bdi>{_put(value)}</bdi>" for name, value in found.groupdict().items()}
            marked = re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text, quote=False))
            return marked.format(**put_in)
    return None
