"""What probing from a place means, in words its keeper reads before the first packet, and the proof of consent."""

from __future__ import annotations

import hashlib
import textwrap

from monitor.settings import Config, Consent
from probes.words import Access, Role

_INSIDE = """\
You are about to run Didban INSIDE {country}, on a {access} line.

What it does. About once a minute this box asks for the names of services that most people here use (WhatsApp,
Instagram, imo and whatever else its configuration names) and knocks on their doors, as an app would. It does not log
in, sends no messages, and looks at nothing you do. It writes down which door opened and which did not, and sends that
to the hub you name.

What can be seen. Your operator, and whoever watches the line, can see that a machine at your address asks for these
names at regular intervals, and that it speaks to the hub. The way Python greets a server by TLS can be told from a
browser's. In some places measuring the network is against the law, or is taken for spying. When the line of
everybody else is dark, a box that still speaks stands out.

What it keeps. Times, names of services, what failed. Never your address, your network's name for you, or a page's
text; the files stay on this box and are deleted after {keep}. The vantage id is random. A region, if you set one, and
a small network make you easier to find: leave them out when in doubt.

What it leaves off. VPNs and Tor are asked for only if you add them. Nothing is opened towards the outside: the status
page is for this machine alone.

How to stop. Ctrl-C, or `systemctl stop didban`. Delete the storage folder, didban.yml and the secret beside it, and
nothing of it is left.

Only run it on a line that is yours, or whose keeper has read this and agreed.
"""

_CONTROL = """\
You are about to run Didban as a CONTROL, outside the countries it watches: here {country}, on a {access} line.

What it does. About once a minute this machine knocks on the public doors of services such as WhatsApp, Instagram and
imo, of app stores and clouds, of places where people get VPNs and Tor, and on landmarks inside networks that are
watched if you name any, so that what is broken only inside can be told from what is broken everywhere. It logs in
nowhere, and says in its requests what it is.

What can be seen. The services and your provider see these requests. They are few and small; a provider's terms of use
may still forbid automated requests.

What it keeps. Times, names of services, what failed, for {keep}. Never your address.

How to stop. Ctrl-C, or `systemctl stop didban`.

Only run it on a machine that is yours, or whose keeper has read this and agreed.
"""


def text(role: Role, country: str, access: Access, keep: str = "30 days") -> str:
    """What is shown and agreed to: for that country and kind of line, never for a name."""
    shown = _INSIDE if role is Role.INSIDE else _CONTROL
    place = country if country != "ZZ" else "in a place that is not told"
    return textwrap.dedent(shown).format(country=place, access=access.value, keep=keep)


def shown(agreed: str, columns: int) -> str:
    """The same text, its paragraphs as wide as the reader's terminal."""
    paragraphs = (" ".join(each.split()) for each in agreed.strip().split("\n\n"))
    return "\n\n".join(textwrap.fill(each, min(columns, 100)) for each in paragraphs) + "\n"


def digest(role: Role, country: str, access: Access) -> str:
    """SHA-256 of the text, as `consent.text_sha256` keeps it."""
    return hashlib.sha256(text(role, country, access).encode()).hexdigest()


def lacking(config: Config) -> str | None:
    """Why no walk may start, in one line; None when the text for this very place was agreed to."""
    row = config.vantage
    match config.consent:
        case None:
            return "no consent is recorded: run `didban init`, read what probing from here means, and agree to it"
        case Consent(text_sha256=sha256) if sha256 != digest(row.role, row.country, row.access):
            return "consent was given to another text, place or kind of line: run `didban init` and read it again"
        case _:
            return None
