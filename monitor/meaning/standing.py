"""A target as it stands: what is kept of its rounds, and the judge's words on it."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.judge import Judgement, State
from monitor.meaning.evidence import Record
from probes.facts import Walk

NEVER = Judgement(State.INSUFFICIENT, "nothing_fresh", "not walked yet")


@dataclass(slots=True)
class Standing:
    """One target as it stands: its record, the judge's words on it, and since when they hold."""

    record: Record
    judgement: Judgement = NEVER
    since_ms: int = 0
    witnessed: Walk | None = None  # the newest that failed, and of which the responder told what it saw

    def judged(self, judgement: Judgement, now_ms: int) -> bool:
        """Takes in the judge's words; True if the state is another than before."""
        changed = judgement.state is not self.judgement.state
        if changed or not self.since_ms:
            self.since_ms = now_ms
        self.judgement = judgement
        return changed
