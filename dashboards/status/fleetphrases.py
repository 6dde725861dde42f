"""What the pages of a hub say, English and Persian, and what each alert says in a few words."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.status.words import Pair

FLEET: Mapping[str, Pair] = {
    "hub": ("hub", "مرکز"),
    "hub_well": (
        "{count} boxes are expected, and all of them were heard within 3 minutes.",
        "باید از {count} دستگاه خبر برسد، و در ۳ دقیقهٔ گذشته از همه رسیده است.",
    ),
    "hub_silent": (
        "{count} boxes are expected; {silent} not heard for 3 minutes: {names}.",
        "باید از {count} دستگاه خبر برسد؛ در ۳ دقیقهٔ گذشته از {silent} تا خبری نیست: {names}.",
    ),
    "hub_nobody": ("No box is enrolled yet.", "هنوز دستگاهی ثبت نشده است."),
    "hub_trouble": ("The queue cannot be written: {why}", "در صف چیزی نمی‌توان نوشت: {why}"),
    "hub_watched": (
        "Watched, so that one silent box there is a page: {countries}",
        "زیر نظر، چنان که یک دستگاه خاموش در آن خبر فوری است: {countries}",
    ),
    "hub_retired": ("Retired: {count}", "بازنشسته: {count}"),
    "hub_not_asked": ("Not asked: {why}", "پرسیده نشد: {why}"),
    "incidents": ("Open incidents", "رخدادهای باز"),
    "no_incidents": ("Nothing fires.", "هیچ هشداری برپا نیست."),
    "incidents_unknown": ("What fires is not known.", "دانسته نیست چه هشدارهایی برپاست."),
    "step_since": ("since {at} ({ago})", "از {at} ({ago})"),
    "told_nobody": ("The relay has no message about it.", "رله پیامی دربارهٔ آن ندارد."),
    "told_to": ("Told: {delivered} of {messages} messages delivered.", "خبر: {delivered} از {messages} پیام رسید."),
    "told_first": ("First at {at}.", "نخستین در {at}."),
    "taken_by": ("{who} has it.", "{who} پیگیر است."),
    "boxes": ("Boxes", "دستگاه‌ها"),
    "b_box": ("Box", "دستگاه"),
    "b_place": ("Stands in", "کجاست"),
    "b_heard": ("Heard", "شنیده شد"),
    "b_hour": ("Delivered, 1 h", "رسیده، ۱ ساعت"),
    "b_day": ("24 h", "۲۴ ساعت"),
    "b_drilled": ("Drilled", "تمرین"),
    "heard": ("heard", "شنیده شد"),
    "b_silent": ("silent", "خاموش"),
    "paused": ("paused", "در مکث"),
    "never_heard": ("never heard", "هرگز شنیده نشد"),
    "never_drilled": ("not in 30 days", "در ۳۰ روز نه"),
    "unknown_count": ("not known", "نامعلوم"),
    "ticks_of": ("{count} ticks", "{count} تیک"),
    "b_waits": (
        "{box}: {count} of its samples wait for the database.",
        "{box}: {count} نمونه‌اش منتظر پایگاه داده است.",
    ),
    "b_refused": ("{box}: batches not taken: {counts}.", "{box}: دسته‌هایی که گرفته نشد: {counts}."),
    "database": ("To the database", "به پایگاه داده"),
    "db_waits": ("{count} samples wait; last taken {when}.", "{count} نمونه منتظر است؛ آخرین دریافت {when}."),
    "db_nothing": ("Nothing waits; last taken {when}.", "چیزی منتظر نیست؛ آخرین دریافت {when}."),
    "notes": ("Notes", "یادداشت‌ها"),
    "public_title": ("Can people reach one another?", "آیا مردم به هم دسترسی دارند؟"),
    "public_as_of": (
        "As it was at {at} UTC. This page is late on purpose, so that it tells nobody where our lines are.",
        "چنان که در {at} به وقت جهانی بود. این صفحه به عمد دیر است، تا به کسی نگوید خط‌های ما کجایند.",
    ),
    "public_method": (
        "Each row is what at least three independent lines said together; what fewer say is not shown. "
        "A word is shown where two thirds of them agree. What cannot be seen from a line is not known here either.",
        "هر سطر سخن دست‌کم سه خط مستقل با هم است؛ سخن کمتر از آن نشان داده نمی‌شود. "
        "واژه‌ای نشان داده می‌شود که دوسوم آن‌ها بر آن هم‌داستان باشند. آنچه از یک خط دیده نمی‌شود اینجا هم دانسته نیست.",
    ),
    "public_nothing": (
        "At that time fewer than three lines spoke in every place: nothing is shown.",
        "در آن زمان همه جا کمتر از سه خط سخن گفتند: چیزی نشان داده نمی‌شود.",
    ),
    "public_others": ("other networks together", "دیگر شبکه‌ها با هم"),
    "public_lines": ("{count} lines or more", "{count} خط یا بیشتر"),
    "public_service": ("Service", "خدمت"),
    "public_said": ("Said", "گفته شد"),
    "public_day": ("The 24 hours before", "۲۴ ساعت پیش از آن"),
}

ALERTS: Mapping[str, Pair] = {
    "CatalogueOld": ("Our catalogue is old", "فهرست ما کهنه است"),
    "CountryOutage": ("Connectivity lost in the country", "ارتباط کشور از دست رفته"),
    "CountryShutdown": ("Shutdown in the country", "قطع اینترنت در کشور"),
    "CountrySilent": ("Lines of several operators fell silent", "خط‌های چند اپراتور خاموش شدند"),
    "DNSTampering": ("Answers of the name system are forged", "پاسخ‌های نام دامنه جعلی است"),
    "DidbanAlertingBroken": ("Didban's own alerting is broken", "هشداردهی خود دیدبان خراب است"),
    "DidbanBlind": ("Didban sees too little", "دیدبان چیز کافی نمی‌بیند"),
    "DidbanClockWrong": ("A box's clock is wrong", "ساعت دستگاهی نادرست است"),
    "DidbanShipQuarantine": ("Samples are refused for good", "نمونه‌هایی برای همیشه رد شدند"),
    "DidbanSpoolFilling": ("A box's disk fills", "دیسک دستگاهی پر می‌شود"),
    "DidbanStale": ("A box sees nothing new", "دستگاهی چیز تازه‌ای نمی‌بیند"),
    "DidbanDrill": ("An exercise", "تمرین"),
    "EncryptedDNSBlocked": ("Encrypted DNS no longer passes", "دی‌ان‌اس رمزنگاری‌شده دیگر نمی‌گذرد"),
    "IPv6Broken": ("IPv6 no longer works", "نسخهٔ ۶ اینترنت دیگر کار نمی‌کند"),
    "InternationalThrottled": ("Everything foreign is slowed down", "همهٔ خارج کند شده"),
    "NetworkOutage": ("Connectivity of a network lost", "ارتباط یک شبکه از دست رفته"),
    "NetworkShutdown": ("Shutdown of a network", "قطع اینترنت یک شبکه"),
    "NetworkSilent": ("Lines of a network fell silent", "خط‌های یک شبکه خاموش شدند"),
    "ProviderRefusal": ("A provider refuses this country", "ارائه‌دهنده‌ای به این کشور خدمت نمی‌دهد"),
    "QUICBlocked": ("QUIC no longer passes", "پروتکل کوییک دیگر نمی‌گذرد"),
    "RecurringCurfew": ("A curfew returns at the same hour", "قطع هر روزه در ساعتی معین"),
    "RegionalOrPartialDegradation": ("A part of a network degraded", "بخشی از شبکه افت کرده"),
    "RegionalShutdown": ("Shutdown in a region", "قطع اینترنت در یک منطقه"),
    "ServiceBlocked": ("A service is blocked", "خدمتی مسدود است"),
    "ServiceDown": ("A service is down for everyone", "خدمتی برای همه از کار افتاده"),
    "ServiceThrottled": ("A service is slowed down", "خدمتی کند شده"),
    "ServiceUnblocked": ("A service is reached again", "خدمتی دوباره در دسترس است"),
    "ShutdownOver": ("A shutdown is over", "قطعی پایان یافت"),
    "VPNBlocked": ("VPNs no longer pass", "فیلترشکن‌ها دیگر نمی‌گذرند"),
    "VantageCutOff": ("One of our boxes is cut off", "یکی از دستگاه‌های ما قطع است"),
    "VantageSilent": ("One of our boxes is silent", "یکی از دستگاه‌های ما خاموش است"),
}

EXTENTS: Mapping[str, Pair] = {
    "networks": ("in some networks", "در چند شبکه"),
    "majority": ("in most of it", "در بیشتر آن"),
    "total": ("in all of it", "در همهٔ آن"),
}

SEVERITIES: Mapping[str, Pair] = {"page": ("page", "فوری"), "ticket": ("ticket", "کار"), "info": ("news", "خبر")}
