"""What all dashboards share: the frame, the links to the others, what is marked in time, and where panels stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.grafana import choices, raw
from dashboards.grafana.asking import SOURCE
from dashboards.palette import SEVERITIES

_SCHEMA = 39  # of the JSON, as Grafana 10.1 to 12 read it

# every dashboard and its name, in the order of the links: from the world to a box, and to ourselves
ALL = {
    "didban-overview": "Overview",
    "didban-country": "Country",
    "didban-service": "Service",
    "didban-vantage": "Vantage",
    "didban-incident": "Incident",
    "didban-itself": "Didban itself",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Panels side by side below a heading: each with its width, of 24; all equally high."""

    heading: str
    height: int
    panels: tuple[tuple[int, Any], ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard.

    Attributes:
        back: how far it looks back when it is opened, as `6h`.
        choices: the variables beside the source.
        marks: labels an alert must have to be marked, as a PromQL matcher; one that names none of the labels fits too.
    """

    uid: str
    says: str
    back: str
    choices: Sequence[Any]
    marks: str
    shelves: Sequence[Shelf]

    def built(self) -> model.Dashboard:
        made = (
            dashboard.Dashboard(f"Didban: {ALL[self.uid].removeprefix('Didban ').lower()}")
            .uid(self.uid)
            .description(self.says)
            .tags(["didban"])
            .timezone("utc")
            .refresh("1m")
            .time(f"now-{self.back}", "now")
            .readonly()
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
            .links([_way_to(uid) for uid in ALL if uid != self.uid])
            .with_variable(choices.source())
            .annotation(_Marks("Told", raw.alerts(self.marks), SEVERITIES["page"].fill, "{{alertname}}"))
            .annotation(
                _Marks("Late look", f"didban_incident{{{self.marks_late}}}", "#0072B2", "{{alert}} (known late)")
            )
        )
        for each in self.choices:
            made = made.with_variable(each)
        for shelf in self.shelves:
            made = made.with_row(dashboard.Row(shelf.heading))
            for width, panel in shelf.panels:
                made = made.with_panel(panel.span(width).height(shelf.height))
        return _numbered(made.build())

    @property
    def marks_late(self) -> str:
        """An incident is about no box: what is asked of boxes is left out."""
        return ", ".join(part for part in self.marks.split(", ") if not part.startswith("vantage"))


def _way_to(uid: str) -> Any:
    """With the time that is looked at, and everything that was chosen."""
    made = dashboard.DashboardLink(ALL[uid]).type(model.DashboardLinkType.LINK).url(f"/d/{uid}")
    return made.tooltip(f"{ALL[uid]}: same time, same choice").keep_time(True).include_vars(True).icon("dashboard")


class _Marked(model.AnnotationQuery):
    """As Prometheus' data source asks for it; the SDK knows only what all sources share."""

    title_format = ""

    def to_json(self) -> dict[str, object]:
        own = {"step": "60s", "titleFormat": self.title_format, "tagKeys": "country,network,service,vantage"}
        return {**super().to_json(), **own}


class _Marks(Builder[model.AnnotationQuery]):
    """What is marked in every panel while it lasts, each alert once."""

    def __init__(self, name: str, expr: str, colour: str, title: str) -> None:
        by = "alertname, alert, country, network, service, vantage, extent"
        self._made = _Marked(name, SOURCE, enable=True, icon_color=colour, expr=f"max by ({by}) ({expr})")
        self._made.title_format = title

    def build(self) -> model.AnnotationQuery:
        return self._made


def _numbered(built: model.Dashboard) -> model.Dashboard:
    """The SDK leaves ids and the schema's version to us."""
    built.schema_version = _SCHEMA
    for place, panel in enumerate(built.panels or [], start=1):
        panel.id_val = place
    return built
