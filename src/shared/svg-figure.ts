/**
 * Figures as SVG text: panels of lines with whiskers, beside one another over one legend. No background and colours of
 * middle lightness, so that they can be read on a light page and on a dark one.
 */

export interface FigurePoint {
  readonly x: number;
  readonly y: number;
  /** Half the length of the whisker; null draws none. */
  readonly deviation: number | null;
}

export interface FigureSeries {
  readonly label: string;
  readonly color: string;
  /** SVG dash pattern; absent: solid. */
  readonly dash?: string;
  readonly width?: number;
  /** In order of x. Points that are not finite are left out. */
  readonly points: readonly FigurePoint[];
  /** Marks the last point alone: the others lead to it and are not to be compared. */
  readonly lastOnly?: boolean;
  /** Does not widen the panel's range: what lies outside is cut off. */
  readonly guide?: boolean;
}

/** A horizontal line over the whole panel. */
export interface FigureRule {
  readonly label: string;
  readonly y: number;
  readonly color: string;
  readonly dash?: string;
}

export interface FigurePanel {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xLog?: boolean;
  /** Values of x that get a label; absent: round ones. */
  readonly xTicks?: readonly number[];
  readonly series: readonly FigureSeries[];
  readonly rules?: readonly FigureRule[];
}

export interface Figure {
  readonly title: string;
  /** Read aloud in place of the picture. */
  readonly description: string;
  readonly panels: readonly FigurePanel[];
  /** Lines of small print below the legend. */
  readonly notes?: readonly string[];
}

export const figureInk = '#7a828c';
/** Colours that tell lines apart on white and on near-black. */
export const figureColors = ['#2f81d6', '#d9730d', '#2a9d5c', '#a05bd6', '#1a98a6', '#b7791f', '#d1478c'] as const;

const panelWidth = 430;
const panelHeight = 300;
const margin = { left: 62, right: 14, top: 52, bottom: 44 };
const legendRow = 18;
const noteRow = 15;
/** Pixels that a legend entry takes beside its text, and about what a letter takes. */
const swatch = 40;
const letter = 6.4;
/** Share of the range that is left free above and below. */
const air = 0.06;

/** The whole file. Same figure, same text. */
export function figureSvg(figure: Figure): string {
  const width = panelWidth * figure.panels.length;
  const rows = legendRows(legendOf(figure), width - 20);
  const notes = (figure.notes ?? []).flatMap((note) => wrapped(note, Math.floor((width - 20) / 5.1)));
  const height = panelHeight + rows.length * legendRow + notes.length * noteRow + 14;
  const legendAt = panelHeight + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
      `role="img" font-family="system-ui, sans-serif" font-size="11" fill="${figureInk}">`,
    `<title>${escaped(figure.title)}</title>`,
    `<desc>${escaped(figure.description)}</desc>`,
    text(width / 2, 18, figure.title, 'text-anchor="middle" font-size="14" font-weight="600"'),
    ...figure.panels.map((panel, i) => panelSvg(panel, i * panelWidth)),
    ...rows.flatMap((row, i) => row.map((entry) => entrySvg(entry, legendAt + i * legendRow))),
    ...notes.map((note, i) => text(10, legendAt + rows.length * legendRow + 6 + i * noteRow, note, 'font-size="10"')),
    '</svg>',
    '',
  ].join('\n');
}

type Scale = (value: number) => number;

function panelSvg(panel: FigurePanel, left: number): string {
  const series = panel.series.map((one) => ({ ...one, points: one.points.filter(isFinitePoint) }));
  const rules = (panel.rules ?? []).filter(({ y }) => Number.isFinite(y));
  const xs = series.flatMap(({ points }) => points.map(({ x }) => x));
  const ys = [
    ...series.flatMap(({ points, guide }) =>
      guide ? [] : points.flatMap(({ y, deviation }) => [y - (deviation ?? 0), y + (deviation ?? 0)]),
    ),
    ...rules.map(({ y }) => y),
  ];
  const box = {
    left: left + margin.left,
    right: left + panelWidth - margin.right,
    top: margin.top,
    bottom: panelHeight - margin.bottom,
  };
  const head = [
    text((box.left + box.right) / 2, box.top - 12, panel.title, 'text-anchor="middle" font-size="12"'),
    text((box.left + box.right) / 2, box.bottom + 34, panel.xLabel, 'text-anchor="middle"'),
    `<text transform="translate(${left + 14} ${(box.top + box.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(panel.yLabel)}</text>`,
    `<rect x="${box.left}" y="${box.top}" width="${box.right - box.left}" height="${box.bottom - box.top}" fill="none" stroke="${figureInk}" stroke-opacity="0.5"/>`,
  ];
  if (xs.length === 0 || ys.length === 0)
    return [
      ...head,
      text((box.left + box.right) / 2, (box.top + box.bottom) / 2, 'nothing measured', 'text-anchor="middle"'),
    ].join('\n');
  const x = scaled(extent(xs, panel.xLog ?? false), box.left, box.right, panel.xLog ?? false);
  const yRange = extent(ys, false);
  const y = scaled(yRange, box.bottom, box.top, false);
  const xTicks = panel.xTicks ?? roundTicks(Math.min(...xs), Math.max(...xs));
  return [
    ...head,
    ...roundTicks(...yRange).map(
      (value) =>
        `<line x1="${box.left}" x2="${box.right}" y1="${px(y(value))}" y2="${px(y(value))}" stroke="${figureInk}" stroke-opacity="0.18"/>` +
        text(box.left - 6, y(value) + 4, numberText(value), 'text-anchor="end"'),
    ),
    ...xTicks.map(
      (value) =>
        `<line x1="${px(x(value))}" x2="${px(x(value))}" y1="${box.bottom}" y2="${box.bottom + 4}" stroke="${figureInk}"/>` +
        text(x(value), box.bottom + 17, numberText(value), 'text-anchor="middle"'),
    ),
    ...rules.map(
      (rule) =>
        `<line x1="${box.left}" x2="${box.right}" y1="${px(y(rule.y))}" y2="${px(y(rule.y))}" stroke="${rule.color}" stroke-width="1.5"${dashOf(rule.dash)}/>`,
    ),
    ...series.map((one) => (one.guide ? cut(seriesSvg(one, x, y), box) : seriesSvg(one, x, y))),
  ].join('\n');
}

/** An inner picture shows nothing outside of its frame. */
function cut(drawn: string, box: { left: number; right: number; top: number; bottom: number }): string {
  const size = `${box.right - box.left} ${box.bottom - box.top}`;
  const [width, height] = size.split(' ');
  const frame = `x="${box.left}" y="${box.top}" width="${width}" height="${height}"`;
  return `<svg aria-hidden="true" ${frame} viewBox="${box.left} ${box.top} ${size}">${drawn}</svg>`;
}

function seriesSvg(series: FigureSeries, x: Scale, y: Scale): string {
  const { points, color } = series;
  const at = points.map((point) => `${px(x(point.x))},${px(y(point.y))}`).join(' ');
  const marked = series.lastOnly ? points.slice(-1) : points;
  return [
    `<g stroke="${color}" fill="none" stroke-width="${series.width ?? 1.75}">`,
    `<polyline points="${at}"${dashOf(series.dash)} stroke-linejoin="round"/>`,
    ...marked.map((point) => {
      const [cx, cy] = [px(x(point.x)), px(y(point.y))];
      const dot = `<circle cx="${cx}" cy="${cy}" r="2.6" fill="${color}" stroke="none"/>`;
      if (point.deviation === null || point.deviation === 0) return dot;
      const [low, high] = [px(y(point.y - point.deviation)), px(y(point.y + point.deviation))];
      const cap = (at: string): string => `M${px(Number(cx) - 3)} ${at}H${px(Number(cx) + 3)}`;
      return `${dot}<path d="M${cx} ${low}V${high}${cap(low)}${cap(high)}" stroke-width="1"/>`;
    }),
    '</g>',
  ].join('');
}

interface Entry {
  readonly label: string;
  readonly color: string;
  readonly dash?: string;
}

/** Every label once, in the order in which it is met. */
function legendOf({ panels }: Figure): Entry[] {
  const entries = new Map<string, Entry>();
  for (const { series, rules } of panels)
    for (const entry of [...series, ...(rules ?? [])]) if (!entries.has(entry.label)) entries.set(entry.label, entry);
  return [...entries.values()];
}

function legendRows(entries: readonly Entry[], width: number): (Entry & { x: number })[][] {
  const rows: (Entry & { x: number })[][] = [];
  let x = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const wide = swatch + entry.label.length * letter + 10;
    if (x + wide > width) {
      rows.push([]);
      x = 10;
    }
    rows[rows.length - 1].push({ ...entry, x });
    x += wide;
  }
  return rows;
}

const entrySvg = ({ x, label, color, dash }: Entry & { x: number }, y: number): string =>
  `<line x1="${px(x)}" x2="${px(x + 28)}" y1="${y - 4}" y2="${y - 4}" stroke="${color}" stroke-width="2"${dashOf(dash)}/>` +
  text(x + 34, y, label, '');

function wrapped(line: string, letters: number): string[] {
  const lines: string[] = [''];
  for (const word of line.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && last.length + 1 + word.length > letters) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

const isFinitePoint = ({ x, y }: FigurePoint): boolean => Number.isFinite(x) && Number.isFinite(y);

/** The range of the values with air around it; a single value gets a range, too. */
function extent(values: readonly number[], log: boolean): [number, number] {
  const all = log ? values.map(Math.log) : values;
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const wide = high - low || Math.abs(low) * 0.1 || 1;
  return log ? [Math.exp(low - air * wide), Math.exp(high + air * wide)] : [low - air * wide, high + air * wide];
}

function scaled([low, high]: readonly [number, number], from: number, to: number, log: boolean): Scale {
  const of = log ? Math.log : (value: number): number => value;
  return (value) => from + ((of(value) - of(low)) / (of(high) - of(low))) * (to - from);
}

/** About five multiples of 1, 2 or 5 times a power of ten that lie in the range. */
export function roundTicks(low: number, high: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? 10 * power;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

function numberText(value: number): string {
  const size = Math.abs(value);
  const digits = String(Number(value.toPrecision(6)));
  const short = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential().replace('e+', 'e') : digits;
  return short.replace('-', '−').replace('e−', 'e-');
}

const px = (value: number): string => String(Number(value.toFixed(2)));
const dashOf = (dash: string | undefined): string => (dash === undefined ? '' : ` stroke-dasharray="${dash}"`);
const text = (x: number, y: number, words: string, attributes: string): string =>
  `<text x="${px(x)}" y="${px(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escaped(words)}</text>`;

const marks: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (words: string): string => words.replace(/[&<>"']/g, (mark) => marks[mark]);
