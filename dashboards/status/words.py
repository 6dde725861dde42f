"""The closed words of a measurement as people read them, English and Persian side by side, one table each.

English is word for word what `didban probe` says on a terminal. It says what was seen, never who did it.
"""

from __future__ import annotations

from collections.abc import Mapping

Pair = tuple[str, str]  # English, Persian

STATES: Mapping[str, Pair] = {
    "ok": ("reached", "در دسترس"),
    "slow": ("reached, but slowly", "در دسترس، اما کند"),
    "broken": ("not reached", "خارج از دسترس"),
    "interfered": (
        "not reached, and something on the way was seen to lie",
        "خارج از دسترس؛ دیده شد که چیزی در راه پاسخ دروغ می‌دهد",
    ),
    "refused": ("answers, and refuses to serve this line", "پاسخ می‌دهد، اما به این خط خدمت نمی‌دهد"),
    "cut_off": ("this line reaches nothing abroad", "این خط به هیچ جای خارج از کشور نمی‌رسد"),
    "insufficient": ("cannot be said", "نمی‌توان گفت"),
}

# where there is room for two words only
BRIEF: Mapping[str, Pair] = {
    "ok": ("reached", "در دسترس"),
    "slow": ("slow", "کند"),
    "broken": ("not reached", "خارج از دسترس"),
    "interfered": ("interfered with", "دست‌کاری‌شده"),
    "refused": ("refuses us", "خدمت نمی‌دهد"),
    "cut_off": ("cut off", "قطع"),
    "insufficient": ("not known", "نامعلوم"),
}

VERDICTS: Mapping[str, Pair] = {
    "ok": ("works", "کار می‌کند"),
    "throttled": ("slowed down", "کند شده"),
    "blocked": ("blocked", "مسدود"),
    "refused": ("refused by the provider", "ارائه‌دهنده خدمت نمی‌دهد"),
    "down": ("down for everyone", "برای همه از کار افتاده"),
    "cut_off": ("cut off", "قطع"),
    "mixed": ("lines differ", "خط‌ها یکسان نیستند"),
    "unknown": ("not known", "نامعلوم"),
}

STEPS: Mapping[str, Pair] = {
    "resolve": ("find the address", "یافتن نشانی"),
    "connect": ("connect", "برقراری اتصال"),
    "handshake": ("greet, encrypted", "دست‌دادن رمزنگاری‌شده"),
    "knock": ("speak its protocol", "گفت‌وگو به پروتکل خودش"),
    "fetch": ("ask for a page", "درخواست صفحه"),
    "transfer": ("have a file sent", "دریافت پرونده"),
}

SCOPES: Mapping[str, Pair] = {
    "gateway": ("the operator's first hop", "نخستین گرهٔ اپراتور"),
    "domestic": ("in the country", "داخل کشور"),
    "international": ("abroad", "خارج از کشور"),
}

ROLES: Mapping[str, Pair] = {"inside": ("inside", "درون کشور"), "control": ("control", "شاهد بیرونی")}

ACCESS: Mapping[str, Pair] = {
    "mobile": ("mobile", "همراه"),
    "fixed": ("fixed line", "ثابت"),
    "datacenter": ("data centre", "مرکز داده"),
}

SET_ASIDE: Mapping[str, Pair] = {
    "near": ("somebody nearer answers in its place", "کسی نزدیک‌تر به جای آن پاسخ می‌دهد"),
    "standing": ("silent for a day while others answered", "یک روز خاموش بود، در حالی که دیگران پاسخ دادند"),
    "unseen": ("has never answered here", "اینجا هرگز پاسخ نداده است"),
    "own_network": ("stands in our own network", "در شبکهٔ خود ماست"),
}

FAILURES: Mapping[str, Pair] = {
    "dns_nxdomain_error": ("it said that there is no such name", "گفت چنین نامی وجود ندارد"),
    "dns_servfail_error": ("it said that it could not find out", "گفت نتوانست پیدا کند"),
    "dns_refused_error": ("it refused to answer", "از پاسخ دادن خودداری کرد"),
    "dns_no_answer": ("it answered without an address", "پاسخی بی‌نشانی داد"),
    "dns_bogon_error": (
        "it gave an address at which no public service can stand",
        "نشانی‌ای داد که هیچ خدمت عمومی نمی‌تواند در آن باشد",
    ),
    "dns_reply_with_wrong_query_id": (
        "what came was the answer to another question",
        "آنچه رسید پاسخ پرسش دیگری بود",
    ),
    "dns_malformed_reply": ("what came was no answer at all", "آنچه رسید اصلاً پاسخ نبود"),
    "connection_refused": ("it was refused", "پذیرفته نشد"),
    "connection_reset": (
        "it was broken off from the other side, or by somebody on the way",
        "از آن سو، یا به دست کسی در راه، بریده شد",
    ),
    "connection_aborted": ("it was broken off", "بریده شد"),
    "host_unreachable": (
        "this machine, or one on the way, said that the host cannot be reached",
        "این دستگاه، یا کسی در راه، گفت که به میزبان نمی‌توان رسید",
    ),
    "network_unreachable": (
        "this machine, or one on the way, said that there is no way to its network",
        "این دستگاه، یا کسی در راه، گفت که راهی به آن شبکه نیست",
    ),
    "generic_timeout_error": ("nothing came back", "هیچ پاسخی نرسید"),
    "eof_error": ("the other side closed in the middle of it", "آن سو در میانهٔ کار بست"),
    "ssl_invalid_hostname": ("it showed a certificate for another name", "گواهی نام دیگری را نشان داد"),
    "ssl_unknown_authority": (
        "it showed a certificate that nobody trusted has signed",
        "گواهی‌ای نشان داد که هیچ مرجع معتبری امضا نکرده است",
    ),
    "ssl_invalid_certificate": (
        "it showed a certificate that is not valid today (is our own clock right?)",
        "گواهی‌ای نشان داد که امروز معتبر نیست (ساعت خود ما درست است؟)",
    ),
    "ssl_failed_handshake": ("it would not agree on how to encrypt", "دربارهٔ شیوهٔ رمزنگاری به توافق نرسید"),
    "quic_incompatible_version": (
        "it speaks no version of QUIC that we do",
        "به هیچ نسخه‌ای از ⁨QUIC⁩ که ما می‌دانیم سخن نمی‌گوید",
    ),
    "http_unexpected_status_code": (
        "it answered, but not with what this page is known for",
        "پاسخ داد، اما نه آنچه این صفحه به آن شناخته است",
    ),
    "http_request_failed": ("what came was no web page", "آنچه رسید صفحهٔ وب نبود"),
    "knock_unexpected_reply": (
        "something answered, and it was not this service",
        "چیزی پاسخ داد، و این خدمت نبود",
    ),
    "unknown_failure": ("it failed in a way we have no word for", "به گونه‌ای شکست خورد که برایش واژه‌ای نداریم"),
}

FINDINGS: Mapping[str, Pair] = {
    "forged_dns_answer": ("the address given for the name is a forged one", "نشانی‌ای که برای این نام داده شد جعلی است"),
    "injected_dns_answer": (
        "one question brought two different answers: somebody on the way gave one of them",
        "یک پرسش دو پاسخ متفاوت آورد: یکی را کسی در راه داده است",
    ),
    "forged_certificate": (
        "wherever the name is said, somebody shows a forged certificate for it",
        "هر جا این نام گفته شود، کسی گواهی جعلی آن را نشان می‌دهد",
    ),
    "unexpected_issuer": (
        "its certificate is valid, and signed by somebody whom control points never saw sign it",
        "گواهی‌اش معتبر است، اما کسی امضایش کرده که شاهدان بیرونی هرگز ندیده‌اند آن را امضا کند",
    ),
    "block_page": (
        "in its place came a page that is known to be put there where a site is blocked",
        "به جای آن صفحه‌ای آمد که می‌شناسیم: جایی که سایتی مسدود است می‌گذارند",
    ),
    "injected_reset": (
        "wherever the name is said, the connection is broken off",
        "هر جا این نام گفته شود، اتصال بریده می‌شود",
    ),
    "name_filtered": (
        "connections that say this name fail, and others to the same addresses do not",
        "اتصال‌هایی که این نام را می‌گویند شکست می‌خورند، و دیگر اتصال‌ها به همان نشانی‌ها نه",
    ),
    "protocol_filtered": (
        "this protocol fails to hosts that answer to others",
        "این پروتکل به میزبان‌هایی نمی‌رسد که به پروتکل‌های دیگر پاسخ می‌دهند",
    ),
    "throttled_by_name": (
        "transfers that say this name are slowed down, and others are not",
        "دریافت‌هایی که این نام را می‌گویند کند می‌شوند، و دیگر دریافت‌ها نه",
    ),
    "stalled_transfer": (
        "transfers stop after the same few kilobytes again and again",
        "دریافت‌ها بارها پس از همان چند کیلوبایت می‌ایستند",
    ),
    "provider_refusal": (
        "the real service answers, and says that it will not serve this line; why is not visible",
        "خدمت واقعی پاسخ می‌دهد و می‌گوید به این خط خدمت نمی‌دهد؛ چرایش دیده نمی‌شود",
    ),
    "address_filtered": (
        "its addresses answer to no name from here, and others do: a network on the way, or the provider "
        "refusing this country; the two cannot be told apart from here",
        "نشانی‌هایش از اینجا به هیچ نامی پاسخ نمی‌دهند و نشانی‌های دیگر می‌دهند: شبکه‌ای در راه، یا خود "
        "ارائه‌دهنده که به این کشور خدمت نمی‌دهد؛ از اینجا نمی‌توان این دو را از هم جدا کرد",
    ),
    "local_sinkhole": ("a filter in this house answers in its place", "پالایه‌ای در همین خانه به جای آن پاسخ می‌دهد"),
    "captive_portal": ("this line leads to a login page first", "این خط نخست به صفحهٔ ورود می‌رسد"),
    "walled_garden": (
        "this line leads to some hosts only, as when a data bundle is used up",
        "این خط تنها به برخی میزبان‌ها می‌رسد، مانند وقتی که بستهٔ داده تمام شده است",
    ),
    "clock_wrong": ("this box has the wrong date", "تاریخ این دستگاه نادرست است"),
    "tunnelled_egress": (
        "this line leaves through another network, as through a VPN on the router",
        "این خط از شبکهٔ دیگری بیرون می‌رود، مانند ⁨VPN⁩ روی مسیریاب",
    ),
    "resolver_rewrite": (
        "the resolver leads everything to one address that passes it on",
        "یابندهٔ نام همه چیز را به یک نشانی می‌فرستد که آن را می‌گذراند",
    ),
    "ipv6_broken": ("IPv6 does not work on this line at all", "⁨IPv6⁩ روی این خط اصلاً کار نمی‌کند"),
}

LOST: Mapping[str, Pair] = {
    "outward": (
        "lost on the way there, between this line and our own responder",
        "در راه رفت گم شد، میان این خط و پاسخ‌گوی خود ما",
    ),
    "inward": (
        "lost on the way back, between our own responder and this line",
        "در راه برگشت گم شد، میان پاسخ‌گوی خود ما و این خط",
    ),
}

# why a hub did not take what a box brought
REFUSALS: Mapping[str, Pair] = {
    "unauthorized": ("wrong credential", "نشان نادرست"),
    "unknown_vantage": ("not enrolled", "ثبت‌نشده"),
    "malformed": ("not readable", "ناخوانا"),
    "foreign_name": ("names that are not ours", "نام‌هایی که از ما نیست"),
    "foreign_identity": ("in another's name", "به نام دیگری"),
    "bad_label": ("labels it may not have", "برچسب‌های ناروا"),
    "future": ("from the future", "از آینده"),
    "too_old": ("too old", "بسیار کهنه"),
    "too_many_series": ("too many series", "سری‌های بسیار"),
    "too_large": ("too large", "بسیار بزرگ"),
    "other_version": ("another version", "نسخهٔ دیگر"),
    "too_slow": ("too slow", "بسیار کند"),
    "too_fast": ("too fast", "بسیار تند"),
    "too_many_at_once": ("too many at once", "بسیار با هم"),
    "full": ("no room here", "اینجا جا نبود"),
}
