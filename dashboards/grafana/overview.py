"""The first thing anybody looks at: services by network, what each network reaches, who was told."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as prometheus_model

from dashboards.grafana.palette import VERDICTS

UID = "didban-overview"
_HERE = 'country=~"$country", network=~"$network"'
_SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")


def build() -> Any:
    """The whole dashboard as the SDK's model."""
    made = (
        dashboard.Dashboard("Didban: overview")
        .uid(UID)
        .description("Services by network, reach by network, open alerts. Times in UTC.")
        .tags(["didban"])
        .timezone("utc")
        .refresh("30s")
        .time("now-6h", "now")
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(_variable("country", "Country", "label_values(didban:network_reach:ratio, country)"))
        .with_variable(
            _variable("network", "Network", 'label_values(didban:network_reach:ratio{country=~"$country"}, network)')
        )
        .with_panel(_verdicts())
        .with_panel(_reach())
        .with_panel(_alerts())
        .with_panel(_lines())
    )
    return _numbered(made.build())


def _numbered(built: Any) -> Any:
    """The SDK leaves ids and the schema's version to us."""
    built.schema_version = 39
    for number, panel in enumerate(built.panels, start=1):
        panel.id_val = number
    return built


def _variable(name: str, label: str, query: str) -> Any:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .query({"query": query, "refId": name})
        .datasource(_SOURCE)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .include_all(True)
        .all_value(".*")
        .multi(True)
    )


def _query(expr: str, legend: str = "", *, instant: bool = False, ref: str = "A") -> Any:
    made = prometheus.Dataquery().expr(expr).ref_id(ref).datasource(_SOURCE).legend_format(legend)
    return made.instant().format(prometheus_model.PromQueryFormat.TABLE) if instant else made.range()


def verdict_as_number() -> str:
    """Every verdict as its number, so that a timeline can draw it."""
    parts = (
        f'(didban:service_verdict{{verdict="{verdict}", {_HERE}}} * 0 + {number})'
        for verdict, (number, _) in VERDICTS.items()
    )
    return "max by (country, network, service) (" + " or ".join(parts) + ")"


def _verdicts() -> Any:
    mappings: list[model.ValueMapping] = [
        model.ValueMap(
            options={
                str(number): model.ValueMappingResult(text=verdict.replace("_", " "), color=colour, index=number)
                for verdict, (number, colour) in VERDICTS.items()
            },
        )
    ]
    return (
        statetimeline.Panel()
        .title("Services by network")
        .description(
            "What the comparison of lines inside with controls outside says of each service. Blocked: fails on lines "
            "that reach abroad, controls reach it. Down: fails at controls too. Cut off: the network itself. A gap: no "
            "line of that network was heard, or none could judge."
        )
        .datasource(_SOURCE)
        .grid_pos(model.GridPos(h=12, w=24, x=0, y=0))
        .with_target(_query(verdict_as_number(), "{{network}} {{service}}"))
        .unit("none")
        .min(0)
        .max(7)
        .mappings(mappings)
        .thresholds(_no_thresholds())
        .merge_values(True)
        .show_value(common_model.VisibilityMode.AUTO)
        .row_height(0.85)
        .line_width(0)
        .fill_opacity(85)
        .legend(common.VizLegendOptions().show_legend(False).display_mode(common_model.LegendDisplayMode.LIST))
    )


def _no_thresholds() -> Any:
    return (
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=None, color="#999999")])
    )


def _reach() -> Any:
    expr = f"didban:network_reach:ratio{{{_HERE}}}"
    return (
        timeseries.Panel()
        .title("Reach by network")
        .description(
            "Share of what lies abroad that answers. Inside: the median of our lines in that network. Landmarks: hosts "
            "in that network seen from controls. The two are never merged. No data: no line delivers, or the network "
            "has no landmark."
        )
        .datasource(_SOURCE)
        .grid_pos(model.GridPos(h=10, w=12, x=0, y=12))
        .with_target(_query(expr, "{{network}} {{source}}"))
        .unit("percentunit")
        .min(0)
        .max(1)
        .line_width(2)
        .fill_opacity(0)
        .line_interpolation(common_model.LineInterpolation.STEP_AFTER)
        .show_points(common_model.VisibilityMode.NEVER)
        .span_nulls(False)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(common_model.LegendDisplayMode.LIST)
            .placement(common_model.LegendPlacement.BOTTOM)
        )
    )


def _alerts() -> Any:
    expr = (
        "max by (severity, alertname, country, network, service, vantage, extent) "
        '(ALERTS{alertstate="firing", product="didban"})'
    )
    return (
        table.Panel()
        .title("Open alerts")
        .description(
            "What the rules say now; the watchdog among them shows that alerting lives. Muted ones are here too: "
            "Alertmanager knows which. No data: no rule fires, not even the watchdog, so alerting is dead."
        )
        .datasource(_SOURCE)
        .grid_pos(model.GridPos(h=10, w=12, x=12, y=12))
        .with_target(_query(expr, instant=True))
        .unit("none")
        .with_transformation(
            model.DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True, "Value": True}})
        )
    )


def _lines() -> Any:
    return (
        table.Panel()
        .title("How many lines say so")
        .description(
            "Independent lines (boxes of one home count once) by what they say of each service now. One line is a "
            "hint, two are a finding. No data: no line says anything."
        )
        .datasource(_SOURCE)
        .grid_pos(model.GridPos(h=9, w=24, x=0, y=22))
        .with_target(_query(f"didban:service_verdict:lines{{{_HERE}}}", instant=True))
        .unit("none")
        .with_transformation(
            model.DataTransformerConfig(
                id_val="organize",
                options={"excludeByName": {"Time": True, "__name__": True}, "renameByName": {"Value": "lines"}},
            )
        )
    )
