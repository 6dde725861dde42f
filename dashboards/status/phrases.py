"""What the page itself says, English and Persian. Nothing here is about a measurement: those words are in words.py."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.status.fleetphrases import FLEET
from dashboards.status.words import Pair

PHRASES: Mapping[str, Pair] = {
    **FLEET,
    "name": ("Didban", "دیدبان"),
    "other_language": ("فارسی", "English"),
    "skip": ("Skip to the services", "پرش به خدمت‌ها"),
    "reload": ("Look again", "نگاهی دوباره"),
    "live": ("It does so by itself every {seconds} seconds.", "هر {seconds} ثانیه خودش چنین می‌کند."),
    "stale": (
        "This page gets no answer any more. What it shows is old; it goes on asking.",
        "این صفحه دیگر پاسخی نمی‌گیرد. آنچه نشان می‌دهد کهنه است؛ همچنان می‌پرسد.",
    ),
    "as_of": ("As of {at} UTC.", "وضع در {at} به وقت جهانی."),
    "local_now": ("Where this box stands it is {at}.", "به وقت محلی این دستگاه {at}."),
    "all_utc": ("All times are UTC.", "همهٔ ساعت‌ها به وقت جهانی‌اند (UTC)."),
    "services": ("Services", "خدمت‌ها"),
    "no_services": ("No service is watched here.", "اینجا هیچ خدمتی پاییده نمی‌شود."),
    "since": ("since {at} ({ago})", "از {at} ({ago})"),
    "never": ("not judged yet", "هنوز داوری نشده"),
    "last_day": ("The last 24 hours", "۲۴ ساعت گذشته"),
    "last_month": ("The last 30 days", "۳۰ روز گذشته"),
    "strip": ("{when}: {parts}.", "{when}: {parts}."),
    "strip_part": ("{state} {share}", "{state} {share}"),
    "nothing_kept": ("nothing known", "چیزی دانسته نیست"),
    "not_known_share": ("nothing known {share}", "نادانسته {share}"),
    "day_ago": ("24 hours ago", "۲۴ ساعت پیش"),
    "month_ago": ("30 days ago", "۳۰ روز پیش"),
    "now": ("now", "اکنون"),
    "targets": ("Targets", "هدف‌ها"),
    "not_walked": ("not walked yet", "هنوز پیموده نشده"),
    "walked": ("at {at} to {endpoint}", "در {at} به {endpoint}"),
    "took": ("{ms} ms", "{ms} میلی‌ثانیه"),
    "not_seen": ("Not seen: {what}", "آنچه دیده نمی‌شود: {what}"),
    "dead_at_controls": ("Not walked, dead at control points: {what}", "پیموده نمی‌شود، نزد شاهدان هم خاموش: {what}"),
    "both_ends": ("Seen from both ends: {what}", "از هر دو سو دیده شد: {what}"),
    "quiet_targets": (
        "{count} of them without their steps here, so that this page stays small: {link}",
        "{count} تا بی‌گام‌هایشان، تا این صفحه کوچک بماند: {link}",
    ),
    "all_steps": ("All steps of {service}", "همهٔ گام‌های {service}"),
    "back": ("All services", "همهٔ خدمت‌ها"),
    "line": ("The line", "خط"),
    "canaries_are": (
        "Canaries are hosts nobody has a reason to block: what breaks with them is not broken by itself.",
        "نشانه‌های سنجش میزبان‌هایی‌اند که کسی انگیزهٔ بستنشان را ندارد: آنچه همراه آن‌ها از کار می‌افتد خودش خراب نیست.",
    ),
    "no_canaries": ("No canaries are walked from here.", "از اینجا نشانهٔ سنجشی پیموده نمی‌شود."),
    "answered": ("{count} of {all} answered", "{count} از {all} پاسخ دادند"),
    "set_aside": ("{count} set aside", "{count} کنار گذاشته شده"),
    "too_few": ("too few to say", "برای گفتن کم است"),
    "answers": ("answers", "پاسخ می‌دهد"),
    "silent": ("silent", "خاموش"),
    "hosts": ("Hosts", "میزبان‌ها"),
    "box": ("This box", "این دستگاه"),
    "clock": ("Clock", "ساعت"),
    "clock_unsettled": (
        "Nobody has said yet what time it is; what is seen waits for that.",
        "هنوز کسی نگفته ساعت چند است؛ آنچه دیده می‌شود منتظر آن است.",
    ),
    "clock_own": (
        "Our own, and nobody contradicted; too few hosts abroad have said what time it is.",
        "ساعت خودمان، و کسی خلافش نگفت؛ میزبان‌های خارجی کافی ساعت را نگفته‌اند.",
    ),
    "clock_fast": (
        "{off} s fast{within}, by {networks} networks abroad.",
        "{off} ثانیه جلو{within}، به گفتهٔ {networks} شبکهٔ خارجی.",
    ),
    "clock_slow": (
        "{off} s slow{within}, by {networks} networks abroad.",
        "{off} ثانیه عقب{within}، به گفتهٔ {networks} شبکهٔ خارجی.",
    ),
    "within": (" (±{error} s)", " (±{error} ثانیه)"),
    "to_send": ("Not sent home yet", "هنوز فرستاده نشده"),
    "nothing_waits": (
        "Nothing waits for {where}; last taken {when}.",
        "چیزی در انتظار {where} نیست؛ آخرین دریافت {when}.",
    ),
    "samples_wait": (
        "{count} samples wait for {where}; last taken {when}.",
        "{count} نمونه در انتظار {where} است؛ آخرین دریافت {when}.",
    ),
    "never_taken": ("never", "هرگز"),
    "ago": ("{length} ago", "{length} پیش"),
    "ticks_wait": ("{count} ticks wait for the time of day.", "{count} تیک منتظر دانستن ساعت‌اند."),
    "no_ship": (
        "Nothing is sent anywhere: there is no `ship` in the configuration.",
        "چیزی به جایی فرستاده نمی‌شود: در پیکربندی `ship` نیست.",
    ),
    "words": ("What the words mean", "معنای واژه‌ها"),
    "unseen_places": ("What nobody can see from here", "آنچه از اینجا دیده نمی‌شود"),
    "machine": ("For programs: {links}", "برای برنامه‌ها: {links}"),
    "unit_s": ("{n} s", "{n} ثانیه"),
    "unit_min": ("{n} min", "{n} دقیقه"),
    "unit_h": ("{n} h", "{n} ساعت"),
    "unit_d": ("{n} d", "{n} روز"),
    "comma": (", ", "، "),
}
