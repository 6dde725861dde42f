"""How a panel asks: over the range that is looked at, or for its last moment; of whichever source was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as prometheus_model

SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True, slots=True)
class Ask:
    """`legend`: a name, or labels in {{braces}}. `now`: only the last moment, as a table. `held`: as below."""

    expr: str
    legend: str = ""
    now: bool = False
    held: bool = False

    def built(self, ref: str) -> prometheus.Dataquery:
        expr = " ".join(self.expr.split())
        made = prometheus.Dataquery().expr(expr).ref_id(ref).datasource(SOURCE).legend_format(self.legend)
        return made.instant().format(prometheus_model.PromQueryFormat.TABLE) if self.now else made.range()


def now(expr: str, legend: str = "") -> Ask:
    return Ask(expr, legend, now=True)


def held(expr: str, legend: str) -> Ask:
    """The largest of the last minutes, or of one step of the picture, and with it the word of most concern.

    So no short spell is lost where months are looked at, and a block is over when for a while nobody said so, as it is
    for the rules.
    """
    return Ask(f"max_over_time({expr}[$__rate_interval:$__interval])", legend, held=True)
