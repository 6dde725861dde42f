"""The kinds of panel there are. Each has a title, plain words, what it means where it is empty, a unit, and looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grafana_foundation_sdk.builders import barchart, common, dashboard, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model

from dashboards.grafana.asking import SOURCE, Ask
from dashboards.grafana.words import Table, as_values, as_words

Panel = Any  # the SDK's builders share no base but a protocol
Steps = Sequence[tuple[float | None, str]]  # from which value on, in which colour
Columns = Mapping[str, str]  # a label, or `Value #A`, and its heading

_EVERY = "1m"  # as often as a box states a tick
_NEUTRAL = "#7B8087"
_LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#999999")  # Okabe and Ito


def _begun(panel: Panel, title: str, says: str, empty: str, asks: Sequence[Ask], unit: str) -> Panel:
    if any(each.held for each in asks):
        says = f"{says} Of each few minutes what is of most concern is drawn."
    made = panel.title(title).description(f"{says} No data: {empty}").datasource(SOURCE).unit(unit)
    made = made.no_value(f"{empty[0].upper()}{empty[1:]}")
    for place, each in enumerate(asks):
        made = made.with_target(each.built(chr(ord("A") + place)))
    return made


def _colour(fixed: str = _NEUTRAL) -> Any:
    return dashboard.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color(fixed)


def _by_threshold() -> Any:
    return dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)


def _steps(steps: Steps) -> Any:
    found = [model.Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def _legend(*, shown: bool) -> Any:
    placed = common.VizLegendOptions().show_legend(shown).display_mode(common_model.LegendDisplayMode.LIST)
    return placed.placement(common_model.LegendPlacement.BOTTOM)


def link(title: str, uid: str, variables: Mapping[str, str]) -> Any:
    """Another dashboard, with the time looked at, the source, and what the row that was clicked is about."""
    named = "".join(f"&var-{name}=${{__field.labels.{label}}}" for name, label in variables.items())
    return dashboard.DashboardLink(title).url(f"/d/{uid}?${{__url_time_range}}&var-datasource=${{datasource}}{named}")


def _banded(panel: Panel, links: Iterable[Any]) -> Panel:
    return (
        panel.interval(_EVERY)
        .merge_values(True)
        .row_height(0.82)
        .line_width(0)
        .fill_opacity(100)
        .legend(_legend(shown=False))
        .data_links(list(links))
    )


def timeline(
    title: str, says: str, empty: str, *asks: Ask, table: Table, named: bool = True, links: Iterable[Any] = ()
) -> Panel:
    """Rows of words over time. `table`: what the numbers stand for. `named`: words stand in the bands too."""
    mode = common_model.VisibilityMode.AUTO if named else common_model.VisibilityMode.NEVER
    made = _begun(statetimeline.Panel(), title, says, empty, asks, "none").mappings(as_values(table)).show_value(mode)
    return _banded(made.color_scheme(_by_threshold()).thresholds(_steps([(None, _NEUTRAL)])), links)


def shares(
    title: str, says: str, empty: str, *asks: Ask, steps: Steps, named: bool = True, links: Iterable[Any] = ()
) -> Panel:
    """Rows of shares over time, in the colours of the steps."""
    mode = common_model.VisibilityMode.AUTO if named else common_model.VisibilityMode.NEVER
    made = _begun(statetimeline.Panel(), title, says, empty, asks, "percentunit").min(0).max(1).show_value(mode)
    return _banded(made.color_scheme(_by_threshold()).thresholds(_steps(steps)).decimals(0), links)


def curves(
    title: str,
    says: str,
    empty: str,
    *asks: Ask,
    unit: str,
    colours: Mapping[str, str] | None = None,
    dashed: Iterable[str] = (),
    ceiling: float | None = None,
    stacked: bool = False,
    marks: Steps = (),
) -> Panel:
    """Values over time.

    Args:
        colours: of each curve by its name. Where none are given, every one of `asks` has a name of its own.
        dashed: names drawn with a broken line. ceiling: the largest value there can be.
        marks: values worth a line across, each with the colour of what begins there.
    """
    made = _begun(timeseries.Panel(), title, says, empty, asks, unit).interval(_EVERY).min(0).color_scheme(_colour())
    made = made.line_width(0 if stacked else 2).fill_opacity(75 if stacked else 6).span_nulls(False)
    made = made.line_interpolation(common_model.LineInterpolation.STEP_AFTER).legend(_legend(shown=True))
    made = made.show_points(common_model.VisibilityMode.NEVER).thresholds(_steps(marks or [(None, _NEUTRAL)]))
    if marks:
        made = made.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_model.GraphTresholdsStyleMode.DASHED)
        )
    if ceiling is not None:
        made = made.max(ceiling)
    if stacked:
        made = made.stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL).group("A"))
    names = colours if colours is not None else _in_turn(each.legend for each in asks)
    broken = {"fill": "dash", "dash": [6, 6]}
    for name, colour in names.items():
        looks = [model.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})]
        if name in dashed:
            looks += [model.DynamicConfigValue("custom.lineStyle", broken)]
            looks += [model.DynamicConfigValue("custom.fillOpacity", 0)]
        made = made.override_by_name(name, looks)
    return made


def _in_turn(names: Iterable[str]) -> dict[str, str]:
    return dict(zip(names, _LINES, strict=False))


def in_turn(*names: str) -> dict[str, str]:
    """Colours for closed words, told apart by every eye; at most eight."""
    return dict(zip(names, _LINES[: len(names)], strict=True))


def number(
    title: str,
    says: str,
    empty: str,
    *asks: Ask,
    unit: str,
    steps: Steps = ((None, _NEUTRAL),),
    table: Table | None = None,
    nothing: str = "no data",
    named: bool = False,
) -> Panel:
    """One value, or a few, as of now. `nothing`: what stands there where there is none. `named`: each with its name."""
    made = _begun(stat.Panel(), title, says, empty, asks, unit).no_value(nothing)
    made = made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(""))
    made = made.graph_mode(common_model.BigValueGraphMode.NONE).color_mode(
        common_model.BigValueColorMode.BACKGROUND_SOLID
    )
    made = (
        made.color_scheme(_by_threshold())
        .thresholds(_steps(steps))
        .justify_mode(common_model.BigValueJustifyMode.CENTER)
    )
    mode = common_model.BigValueTextMode.VALUE_AND_NAME if named else common_model.BigValueTextMode.VALUE
    made = made.text_mode(mode)
    return made.mappings(as_values(table)) if table is not None else made


def rows(
    title: str,
    says: str,
    empty: str,
    *asks: Ask,
    columns: Columns,
    units: Mapping[str, str] | None = None,
    words: Mapping[str, Table] | None = None,
    by: str = "",
    links: Mapping[str, Any] | None = None,
    widths: Mapping[str, int] | None = None,
) -> Panel:
    """A table as of now. `columns`: what is shown, in this order; all that follows is keyed by their headings."""
    made = _begun(table.Panel(), title, says, empty, asks, "string")  # else 1.10 would be the number 1.1
    if len(asks) > 1:
        made = made.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    order = {label: place for place, label in enumerate(columns)}
    made = made.with_transformation(
        model.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": list(columns)}})
    )
    made = made.with_transformation(
        model.DataTransformerConfig(
            id_val="organize", options={"indexByName": order, "renameByName": dict(columns), "excludeByName": {}}
        )
    )
    for label, heading in columns.items():
        looks = [model.DynamicConfigValue("custom.align", "left"), model.DynamicConfigValue("noValue", "")]
        if heading in (widths or {}):
            looks.append(model.DynamicConfigValue("custom.width", (widths or {})[heading]))
        if label.startswith("Value"):
            looks.append(model.DynamicConfigValue("unit", (units or {}).get(heading, "none")))
        if heading in (words or {}):
            looks.append(model.DynamicConfigValue("mappings", as_words((words or {})[heading])))
            looks.append(model.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}))
        if heading in (links or {}):
            looks.append(model.DynamicConfigValue("links", [(links or {})[heading].build()]))
        made = made.override_by_name(heading, looks)
    if by:
        made = made.sort_by([common.TableSortByFieldState().display_name(by).desc(True)])
    return made.cell_height(common_model.TableCellHeight.SM)


def by_hour(title: str, says: str, empty: str, ask: Ask, *, unit: str, colour: str) -> Panel:
    """A bar for each hour of the day; the query has the label `hour`."""
    made = _begun(barchart.Panel(), title, says, empty, [ask], unit).min(0).color_scheme(_colour(colour))
    as_number = {"conversions": [{"targetField": "hour", "destinationType": "number"}]}
    as_text = {"conversions": [{"targetField": "hour", "destinationType": "string"}]}
    for name, options in (
        ("filterFieldsByName", {"include": {"names": ["hour", "Value"]}}),
        ("convertFieldType", as_number),
        ("sortBy", {"fields": {}, "sort": [{"field": "hour"}]}),
        ("convertFieldType", as_text),
    ):
        made = made.with_transformation(model.DataTransformerConfig(id_val=name, options=options))
    made = (
        made.x_field("hour")
        .x_tick_label_spacing(100)
        .fill_opacity(85)
        .line_width(0)
        .bar_width(0.9)
        .legend(_legend(shown=False))
    )
    return made.show_value(common_model.VisibilityMode.NEVER)
