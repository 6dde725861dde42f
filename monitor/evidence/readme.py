"""What stands in README.txt of an export: for whoever is handed the folder and knows nothing of us. Claims no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SEALED = """\
RECORDS OF DIDBAN, WHOLE. NOT FOR PUBLICATION.

Didban is a program that asks, from a computer in one place, whether services on the internet can be
reached, and writes down each attempt and how it ended. This folder holds such records
from {since} until {until}.

They say which internet operator that computer was connected to, and at which second it did what.
With the operator's own logs that can be enough to find the household. Keep this folder where only
those can read it who must.

WHAT LIES HERE

  {boxes}/
    walks.jsonl      every attempt that was kept, one a line, in the order they were written down
    chain.jsonl      what was committed to these records, hour by hour, at the time
    times.jsonl      where the clock could not be believed: what was put right later, and what has
                     bounds in the place of a time (not there where there is nothing to say)
    stamps/          what outside parties said about when, if any did (RFC 3161 time-stamps)
{form}  manifest.json      what this is, how much of it there is, and the SHA-256 of each file
  SHA256SUMS         the same sums, as sha256sum reads them
  verify.py          checks all of it; needs Python 3.8 or later, and no network
{roots}
TO CHECK IT

  sha256sum -c SHA256SUMS     the files are as they were when this folder was written
  python3 verify.py           the same; and every record is what was committed to, in an unbroken
                              chain, stamped as is said (the stamps by openssl, where it is installed)

Both change nothing. verify.py lies in this folder, so whoever changed the folder could have changed
it too. If that matters, take verify.py from the source code of Didban {version},
where it is monitor/evidence/proof/verify.py, and say: python3 verify.py FOLDER

WHAT THAT SHOWS, AND WHAT NOT

  - A record opens its commitment: the SHA-256 of its salt and its bytes is what stands in the
    chain. No other record that does is known to be findable. Each record has a salt of its own, so
    that one can be shown to somebody without the others.
  - The chain holds: each hour's head is the SHA-256 of the head before it, the name of the hour,
    the numbers of the records and the commitments to them. No hour between two others can be
    changed, added or left out without changing every head that follows. It commits to every record
    of its hours, also to those that are not here any more: old ones are thinned where room is
    short. What stands beside a record in its line (the number of its round, when it truly began if
    the clock was found to be wrong later, what a server at the other end told of it) is not
    committed to; what such a server told is signed by it.
  - A time-stamp is over a head: the authority named saw it at that time, so that it and all before
    it existed then. Without a time-stamp the chain shows order, not time: whoever has the computer
    can make another chain. The first record it speaks for is the first that was committed to.
  - It does not show that the computer which made the records was honest, that its clock was right,
    or who did what to the network. A record says what was seen from one line, and no more.
{counts}
Times are UTC, by the clock of that computer. A record's fields are those of Didban's source code
(probes/facts.py); words for failures are those of OONI (github.com/ooni/spec, df-007), and two of
its own. No record holds the internet address of the computer that made it.
"""

_PUBLIC = """\
SHARES OF DIDBAN'S ATTEMPTS, FOR EVERYBODY

Didban is a program that asks, from computers in several places, whether services on the internet
can be reached. This folder says what share of its attempts ended how,
from {since} until {until}.

  shares.*           one row for each stretch of time, network, target and outcome
  manifest.json      what this is, and the SHA-256 of each file
  SHA256SUMS         the same sums, as sha256sum reads them: sha256sum -c SHA256SUMS

WHAT A ROW SAYS

  from_utc, minutes  the stretch of time, UTC: ten minutes where three independent lines or more
                     agree, else an hour
  outcome            ok: reached, as far as Didban looks. failed: not reached; step and failure say
                     how. found: something was noticed in the answer (failure holds the word for
                     it); such rows stand beside those of ok and failed
  share_of_walks     of all attempts in that stretch, to a tenth
  lines_at_least_3   how many independent lines agree; empty where they are fewer than three, or
                     where it is not said

WHAT WAS LEFT OUT, ON PURPOSE

So that no household is found by it: names of computers, places finer than a network, exact times
and lengths, addresses, counts of attempts, anything younger than 24 hours that fewer than three
lines agree on, any outcome seen fewer than three times in its stretch, targets only one operator
knows, and attempts in which something inside the home stood in the way.

A stretch without a row is no news of any kind: neither that nothing was measured, nor that all was
well. Nothing here says why something could not be reached, or who did it.
"""
_FORMS = {
    "csv": "    walks.csv        the same attempts as a table, one line a step; units stand in its header\n",
    "openmetrics": "    ticks.openmetrics.txt  what the program stated each minute, with its times\n",
    "ooni": "    ooni.jsonl       the same in the form of OONI Probe, without the operator's own targets\n",
}


def sealed(about: Mapping[str, object], boxes: Sequence[Mapping[str, object]], *, has_roots: bool) -> str:
    names = [str(box["folder"]) for box in boxes]
    roots = "  tsa-roots.pem      the certificates by which the time-stamps are believed\n" if has_roots else ""
    method = about["method"]
    version = method.get("didban", "") if isinstance(method, dict) else ""
    return _SEALED.format(
        since=about["since"],
        until=about["until"],
        boxes=" and ".join(names) if len(names) < 4 else f"{names[0]} to {names[-1]} ({len(names)} computers)",
        form=_FORMS.get(str(about["form"]), ""),
        roots=roots,
        version=version,
        counts="".join(f"\n  {line}" for box in boxes for line in _counted(box)) + "\n",
    )


def for_everybody(about: Mapping[str, object]) -> str:
    return _PUBLIC.format(since=about["since"], until=about["until"])


def _counted(box: Mapping[str, object]) -> list[str]:
    walks, heads, chain = box["walks"], box["heads"], box["chain"]
    if not isinstance(walks, dict) or not isinstance(heads, list) or not isinstance(chain, dict):
        return []
    stamped = sum(bool(head["stamps"]) for head in heads)
    return [
        f"{box['folder']}: {walks['written']} records are here. {walks['opened']} of them open their commitments,",
        f"  {walks['not_yet_committed']} are of an hour that had not been closed yet, and",
        f"  {walks['not_opened']} ARE NOT what was committed to" if walks["not_opened"] else "  none is anything else.",
        f"  The chain commits to {chain['walks']} records of these hours.",
        f"  Days with a head: {len(heads)}; time-stamped: {stamped}.",
    ]
