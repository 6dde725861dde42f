"""English, of method and of how to check it: names no actor, and promises nothing nobody can check."""

from __future__ import annotations

WORDS = {
    # ---------------------------------------------------------------- method
    "h_method": "How this was measured, and what it cannot show",
    "method_1": (
        "Small computers inside the country (“lines”) ask every minute, each at moments of its own, whether"
        " services and neutral"
        " hosts abroad can be reached, as a phone would, and go as far as the far end proving who it is."
        " Others stand abroad"
        " (“control points”) and ask the same. Computers that share a home count as one line."
    ),
    "method_2": (
        "No single computer ever says “blocked”. Each says what it met; fixed rules, the same for every"
        " country, compare lines"
        " with control points: blocked is what fails on lines that reach abroad while two or more networks"
        " of control points"
        " reach it. A network is cut off when next to nothing abroad answers while hosts inside the country do."
    ),
    "method_3": (
        "All of it counts as known today: what a cut computer could not send at the time came home later and"
        " is part of this."
    ),
    "method_versions": "Didban {didban}, judge {judges}, rules {rules}.",
    "from_ticks": (
        "Verdicts, reach and times: worked out by the rules from ticks, in which each computer states"
        " about once a minute"
        " what it makes of its attempts. They were read from: {sources}. Nobody commits to ticks:"
        " whoever keeps them could"
        " change them, and with them what this page says of networks and services."
    ),
    "from_walks": (
        "Where attempts ended, and the records shown as proof: read from {sources}. Every such record"
        " is committed to, as"
        " said below."
    ),
    "from_walks_none": "No record of an attempt was at hand: there is no proof here, only what ticks say.",
    "from_without": "Computers of which only ticks were at hand, and no record: {n}.",
    "from_spool": "the computers' own storage, or copies of it",
    "from_export": "sealed exports, checked before they were read",
    "from_database": "the database of a hub, as they were sent there",
    "confidence_means": (
        "Confidence. Low: one line, or nobody says how many, and no proof. Medium: two or more independent"
        " lines agree. High: a"
        " lie on the way was seen, landmarks agree, or the service says so itself."
    ),
    "counts": (
        "{lines} independent lines in {networks} networks inside; {controls} control points in"
        " {control_networks} networks abroad."
    ),
    "counts_walks": (
        "{walks} attempts were read for this dossier. Hours in which no line inside said anything: {hours}."
    ),
    "limit_1": (
        "Only networks in which a line of ours stands are seen; of other networks, cities and villages nothing is said."
    ),
    "limit_2": "What a service lets people do after its first words (messages, calls, pictures) is not measured.",
    "limit_3": (
        "A time is when it could be told, to within a few minutes; the true beginning lies up to a few minutes before."
    ),
    "limit_4": "Nothing here shows intent, an order, or an actor.",
    "few": "fewer than three, or not said",
    "at_least": "{n} or more",
    "lines_n": "lines: {n}",
    # ---------------------------------------------------------------- check it
    "h_check": "How to check it",
    "check_commit": (
        "Each computer commits to every record of an hour when that hour ends: SHA-256 over a salt of its"
        " own and the record's"
        " bytes; the commitments of an hour are chained to those of the hour before. Nothing can be changed,"
        " added or left out"
        " later without changing the heads below."
    ),
    "check_root": "One SHA-256 over all heads (the root):",
    "check_sealed": (
        "The records lie beside this file in {folder}. Check all of them, the chain and the time-stamps with:"
    ),
    "check_command_note": (
        "Better with verify.py from Didban's source code (monitor/evidence/proof/verify.py). It prints the"
        " root above as “All"
        " heads together”, and changes nothing."
    ),
    "check_public": (
        "The records themselves find homes and are not published. Whoever is shown the sealed form can check"
        " that its verify.py"
        " prints this root: then this page speaks of those very records."
    ),
    "check_stamps": "Days: {days}; with an outside time-stamp (RFC 3161) on every head: {stamped}. By: {authorities}.",
    "check_stamp_how": (
        "The authority saw the head at that time, and no later change can have it. verify.py checks"
        " each stamp with OpenSSL"
        " against the roots in {file}; take those from the authority itself to be sure. By hand:"
    ),
    "check_stamp_public": (
        "Each was given over a head, by the authority, on the day that is named below; the stamps themselves lie in the"
        " sealed form, where verify.py checks them."
    ),
    "t_stamped": "Stamped by, on",
    "t_stamped_days": "Days whose every head an outside authority saw",
    "check_no_stamps_public": (
        "On no day of these did an outside authority see every head: the chain shows order, not time, and whoever has"
        " the computers could have made another one."
    ),
    "check_no_stamps": (
        "No head of these days carries an outside time-stamp: the chain shows order, not time, and whoever"
        " has the computers could"
        " have made another one."
    ),
    "check_none": "No record of this window has been committed to yet: a daemon does so at the end of every hour.",
    "t_box": "Computer",
    "t_day": "Day (UTC)",
    "t_head": "Head",
    "t_heads": "Heads of the chain, day by day",
    "t_stamps": "Seen by, at",
}
