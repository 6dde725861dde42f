// Draws the panels of one dashboard with Grafana's own parts: its theme, panel frames, graphs, tables, big numbers, units,
// mappings and transformations. State timelines and bar charts are not among its parts (they live in its server): those are
// drawn here, with what Grafana's display processors say of each value.
import 'uplot/dist/uPlot.min.css';
import React from 'react';
import { createRoot } from 'react-dom/client';
import {
  createTheme, FieldType, getDisplayProcessor, standardTransformers, standardTransformersRegistry, ThemeContext,
  toDataFrame, transformDataFrame,
} from '@grafana/data';
import { BigValue, BigValueColorMode, BigValueGraphMode, BigValueTextMode, GlobalStyles, PanelChrome, Table, TimeSeries } from '@grafana/ui';

const { board, from, to, mode } = (window as any).WALL;
const theme = createTheme({ colors: { mode } });
const COLUMN = board.width / 24, ROW = 38, GAP = 8;

standardTransformersRegistry.setInit(() =>
  [
    standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer, standardTransformers.sortByTransformer,
    standardTransformers.filterFieldsByNameTransformer, standardTransformers.convertFieldTypeTransformer,
  ].map((transformation: any) => ({ id: transformation.id, name: transformation.name, transformation, editor: () => null })) as any
);

function config(panel: any, name: string) {
  const { defaults, overrides } = panel.fieldConfig;
  const merged = JSON.parse(JSON.stringify(defaults));
  merged.custom = merged.custom ?? {};
  for (const each of overrides ?? []) {
    if (each.matcher.id !== 'byName' || each.matcher.options !== name) continue;
    for (const { id, value } of each.properties) {
      if (id.startsWith('custom.')) merged.custom[id.slice(7)] = value;
      else merged[id] = value;
    }
  }
  if (merged.thresholds) merged.thresholds.steps.forEach((step: any) => (step.value = step.value ?? -Infinity));
  merged.custom.hideFrom = merged.custom.hideFrom ?? { legend: false, tooltip: false, viz: false };
  return merged;
}

function displayed(panel: any, frame: any) {
  frame.fields.forEach((field: any, place: number) => {
    const name = field.config?.displayName ?? field.name;
    field.config = { ...config(panel, name), displayName: name };
    field.state = { displayName: name, seriesIndex: place - 1 };
    field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
    field.getLinks = () => [];
  });
  return frame;
}

function overTime(panel: any) {
  return panel.series.map((each: any, place: number) => {
    const value = { name: 'Value', type: FieldType.number, values: each.v, config: { displayName: each.name } };
    const frame = displayed(panel, toDataFrame({ refId: each.ref, fields: [{ name: 'Time', type: FieldType.time, values: each.t }, value] }));
    frame.fields[1].state.seriesIndex = place;
    return frame;
  });
}

function asTable(panel: any, done: (frames: any[]) => void) {
  const several = panel.targets.length > 1;
  const frames = panel.targets.map((target: any) => {
    const rows = panel.series.filter((each: any) => each.ref === target.refId);
    const labels = [...new Set(rows.flatMap((each: any) => Object.keys(each.labels)))].sort() as string[];
    return toDataFrame({ refId: target.refId, fields: [
      { name: 'Time', type: FieldType.time, values: rows.map((each: any) => each.t[each.t.length - 1]) },
      ...labels.map((name) => ({ name, type: FieldType.string, values: rows.map((each: any) => each.labels[name] ?? '') })),
      { name: several ? `Value #${target.refId}` : 'Value', type: FieldType.number, values: rows.map((each: any) => each.v[each.v.length - 1]) },
    ] });
  }).filter((frame: any) => frame.length);
  transformDataFrame(panel.transformations ?? [], frames).subscribe((found) => done(found));
}

const inked = (colour: string) => theme.colors.getContrastText(colour);

function Timeline({ panel, width, height }: any) {
  const rows = overTime(panel);
  if (!rows.length) return <Nothing panel={panel} />;
  const labels = Math.min(300, 14 + 7.2 * Math.max(...rows.map((each: any) => each.fields[1].config.displayName.length)));
  const axis = 18, per = (height - axis) / rows.length, span = to - from, across = width - labels - 4;
  const x = (at: number) => labels + ((at - from) / span) * across;
  const hours = [1, 2, 3, 6, 12].find((each) => (across * each * 3.6e6) / span > 52) ?? 24;
  const clock = (at: number) => new Date(at).toISOString().slice(...(span > 36 * 3.6e6 && at % 8.64e7 === 0 ? [5, 10] : [11, 16]));
  const ticks = []; for (let at = Math.ceil(from / (hours * 3.6e6)) * hours * 3.6e6; at <= to; at += hours * 3.6e6) ticks.push(at);
  const bands = rows.flatMap((frame: any, row: number) => {
    const { values: times } = frame.fields[0], field = frame.fields[1], found: any[] = [];
    let began = 0;
    for (let place = 1; place <= times.length; place++) {
      const same = place < times.length && field.values[place] === field.values[began] && times[place] - times[place - 1] <= board.step;
      if (same) continue;
      const shown = field.display(field.values[began]), left = x(times[began]), right = Math.min(width - 4, x(times[place - 1] + board.step));
      const text = shown.text + (shown.suffix ?? ''), wide = right - left > text.length * 6.4 + 8;
      const named = panel.options.showValue !== 'never' && wide && per >= 13;
      found.push(<g key={`${row}-${began}`}>
        <rect x={left} width={Math.max(1, right - left)} y={row * per + per * 0.09} height={per * 0.82} fill={shown.color} fillOpacity={(panel.fieldConfig.defaults.custom?.fillOpacity ?? 90) / 100} />
        {named && <text x={left + 5} y={row * per + per / 2 + 4} fontSize={11} fill={inked(shown.color!)}>{text}</text>}
      </g>);
      began = place;
    }
    return found;
  });
  const ink = theme.colors.text.secondary;
  return <svg width={width} height={height} fontFamily={theme.typography.fontFamily}>
    {bands}
    {rows.map((each: any, row: number) => <text key={row} x={labels - 8} y={row * per + per / 2 + 4} fontSize={Math.min(12, per * 0.9)} textAnchor="end" fill={ink}>{each.fields[1].config.displayName}</text>)}
    {ticks.map((at) => <text key={at} x={Math.min(x(at), width - 20)} y={height - 4} fontSize={12} textAnchor="middle" fill={ink}>{clock(at)}</text>)}
  </svg>;
}

function Bars({ panel, width, height }: any) {
  const [frame, set] = React.useState<any>(null);
  React.useEffect(() => asTable(panel, (found) => set(found[0] ? displayed(panel, found[0]) : {})), []);
  if (!frame?.fields) return <Nothing panel={panel} />;
  const hours = frame.fields[0].values, field = frame.fields[1], most = Math.max(...field.values), left = 76, each = (width - left - 4) / hours.length;
  const ink = theme.colors.text.secondary, tall = height - 24;
  return <svg width={width} height={height} fontFamily={theme.typography.fontFamily}>
    {[0, 0.5, 1].map((share) => <g key={share}>
      <line x1={left - 2} x2={width} y1={6 + (1 - share) * (tall - 6)} y2={6 + (1 - share) * (tall - 6)} stroke={theme.colors.border.weak} />
      <text x={left - 6} y={10 + (1 - share) * (tall - 6)} fontSize={12} textAnchor="end" fill={ink}>{field.display(most * share).text}{field.display(most * share).suffix}</text></g>)}
    {hours.map((hour: string, place: number) => <g key={hour}>
      <rect x={left + place * each + each * 0.1} width={each * 0.8} y={6 + (1 - field.values[place] / most) * (tall - 6)} height={(field.values[place] / most) * (tall - 6)} fill={field.config.color.fixedColor} fillOpacity={0.85} />
      {place % Math.ceil(22 / each) === 0 && <text x={left + place * each + each / 2} y={height - 6} fontSize={12} textAnchor="middle" fill={ink}>{hour}</text>}</g>)}
  </svg>;
}

function Rows({ panel, width, height }: any) {
  const [frame, set] = React.useState<any>(null);
  React.useEffect(() => asTable(panel, (found) => set(found[0]?.length ? displayed(panel, found[0]) : {})), []);
  if (!frame?.fields) return <Nothing panel={panel} />;
  return <Table data={frame} width={width} height={height} initialSortBy={panel.options.sortBy ?? []} cellHeight={'sm' as any} timeRange={{ from, to } as any} />;
}

function Numbers({ panel, width, height }: any) {
  const frames = overTime(panel), nothing = panel.fieldConfig.defaults.noValue;
  if (!frames.length) return <BigValue theme={theme} width={width} height={height} colorMode={BigValueColorMode.Value} graphMode={BigValueGraphMode.None} value={{ numeric: NaN, text: nothing, color: theme.colors.text.secondary }} />;
  const each = width / frames.length, named = panel.options.textMode === 'value_and_name';
  return <div style={{ display: 'flex' }}>{frames.map((frame: any, place: number) => {
    const field = frame.fields[1], value = field.display(field.values[field.values.length - 1]);
    return <BigValue key={place} theme={theme} width={each - 4} height={height} colorMode={BigValueColorMode.BackgroundSolid} graphMode={BigValueGraphMode.None} textMode={named ? BigValueTextMode.ValueAndName : BigValueTextMode.Value} justifyMode={'center' as any} value={{ ...value, title: field.config.displayName }} />;
  })}</div>;
}

function Nothing({ panel }: any) {
  return <div style={{ color: theme.colors.text.disabled, padding: 16, textAlign: 'center' }}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
}

function Graph({ panel, width, height }: any) {
  const frames = overTime(panel);
  if (!frames.length) return <Nothing panel={panel} />;
  const range = { from: { valueOf: () => from }, to: { valueOf: () => to }, raw: { from: '', to: '' } } as any;
  return <TimeSeries frames={frames} width={width} height={height} timeRange={range} timeZone="utc" legend={panel.options.legend} tweakScale={(x: any) => x} tweakAxis={(x: any) => x} />;
}

const KINDS: any = { 'state-timeline': Timeline, barchart: Bars, table: Rows, stat: Numbers, timeseries: Graph };

function Panel({ panel }: any) {
  const { x, y, w, h } = panel.gridPos;
  const place = { position: 'absolute' as const, left: x * COLUMN + GAP / 2, top: y * ROW, width: w * COLUMN - GAP, height: h * ROW - GAP };
  if (panel.type === 'row') return <div style={{ ...place, color: theme.colors.text.primary, fontSize: 15, fontWeight: 500, paddingTop: 6 }}>{panel.title}</div>;
  const Kind = KINDS[panel.type];
  return <div style={place}><PanelChrome title={panel.title} width={place.width} height={place.height}>
    {(width: number, height: number) => <Kind panel={panel} width={width} height={height - (panel.type === 'stat' ? 16 : 6)} />}
  </PanelChrome></div>;
}

window.addEventListener('error', (event) => { document.title = `ERROR ${event.message}`; });
createRoot(document.getElementById('root')!).render(
  <ThemeContext.Provider value={theme}><GlobalStyles />
    <div style={{ background: theme.colors.background.canvas, position: 'relative', width: board.width, height: board.height, overflow: 'hidden' }}>
      <div style={{ color: theme.colors.text.primary, padding: '12px 8px', fontSize: 18, fontFamily: theme.typography.fontFamily }}>{board.title}
        <span style={{ color: theme.colors.text.secondary, fontSize: 13, marginLeft: 14 }}>{board.said}</span></div>
      <div style={{ position: 'absolute', top: 46, left: 0 }}>{board.panels.map((panel: any) => <Panel key={panel.key} panel={panel} />)}</div>
    </div>
  </ThemeContext.Provider>
);
