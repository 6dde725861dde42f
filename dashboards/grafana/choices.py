"""What can be chosen above a dashboard; each choice narrows the next. They ask for what is expected, heard or not."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from dashboards.grafana.asking import SOURCE


def source() -> Any:
    """Which Prometheus (or VictoriaMetrics, or Mimir)."""
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _chosen(name: str, label: str, series: str) -> Any:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .query({"query": f"label_values({series}, {name})", "refId": name})
        .datasource(SOURCE)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )


def _many(made: Any) -> Any:
    return made.include_all(True).all_value(".*").multi(True)


def country(*, one: bool = False) -> Any:
    made = _chosen("country", "Country", 'didban_vantage_expected{role="inside"}')
    return made if one else _many(made)


def network() -> Any:
    series = 'didban_vantage_expected{role="inside", country=~"$country", network!=""}'
    return _many(_chosen("network", "Network", series))


def service(*, one: bool = False) -> Any:
    series = 'didban_service_state{role="inside", country=~"$country", network=~"$network"}'
    made = _chosen("service", "Service", series)
    return made if one else _many(made)


def anywhere() -> tuple[Any, Any, Any]:
    """One box of ours, controls among them."""
    return (
        _many(_chosen("country", "Country", "didban_vantage_expected")),
        _many(_chosen("network", "Network", 'didban_vantage_expected{country=~"$country"}')),
        _chosen("vantage", "Box", 'didban_vantage_expected{country=~"$country", network=~"$network"}'),
    )
