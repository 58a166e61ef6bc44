/** A line chart over uPlot: redrawn at full fidelity on every zoom, in the colours of the theme. */
import { Button, useComputedColorScheme } from '@mantine/core';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { align, extent, type Line } from '../lib/align.ts';
import { t } from '../strings.ts';
import classes from './chart.module.css';
import { showTip } from './chart-tip.ts';

export interface ChartLine extends Line {
  readonly key: string;
  readonly label: string;
  /** Name of a CSS variable. */
  readonly color: string;
  readonly width: number;
  readonly dash?: number[];
  readonly alpha?: number;
  /** Draw every point, for lines of few. */
  readonly points?: boolean;
  /** Named in the readout under the pointer; the two parts of one line need only one. */
  readonly tip?: boolean;
}

export interface ChartMarker {
  readonly x: number;
  readonly kind: 'tick' | 'line';
  readonly text?: string;
}

interface Props {
  /** Read aloud in place of the picture. */
  readonly label: string;
  readonly lines: readonly ChartLine[];
  readonly markers?: readonly ChartMarker[];
  /** Changes when the lines have grown in place. */
  readonly version: number;
  readonly height: number;
  readonly logY?: boolean;
  /** Leaves the steep first tenth out of the y range, so that what comes after can be told apart; no line is lost. */
  readonly clipStart?: boolean;
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  /** Charts of one group share pointer and zoom. */
  readonly group?: string;
  readonly yWidth?: number;
}

const cssValue = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/** The plotted width in device-independent columns; before the first layout there is none. */
const columns = (chart: uPlot): number => Math.max(100, Math.round(chart.bbox.width / devicePixelRatio) || 800);

export function Chart(props: Props) {
  const { label, lines, version, height, logY = false, group, yWidth = 58 } = props;
  const scheme = useComputedColorScheme('light');
  const holder = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const zoom = useRef<[number, number] | null>(null);
  const [zoomed, setZoomed] = useState(false);

  const draw = useCallback(() => {
    const u = chart.current;
    if (!u) return;
    const current = latest.current;
    const whole = extent(current.lines) ?? [0, 1];
    const [from, to] = zoom.current ?? whole;
    // A run of a few points is not spread over the whole width.
    const wide = Math.max(to, zoom.current ? from : from + 10);
    u.batch(() => {
      u.setData(align(current.lines, from, wide, columns(u), current.logY) as unknown as uPlot.AlignedData, false);
      u.setScale('x', { min: from, max: wide });
    });
  }, []);

  const setZoom = useCallback(
    (range: [number, number] | null) => {
      zoom.current = range;
      setZoomed(range !== null);
      draw();
    },
    [draw],
  );

  const shape = useMemo(
    () =>
      JSON.stringify(
        lines.map(({ key, color, width, dash, alpha, points }) => [key, color, width, dash, alpha, points]),
      ),
    [lines],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: the chart is made anew when its shape changes, not its data.
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const axis = (side: number): uPlot.Axis => ({
      side,
      stroke: cssValue('--meander-faint'),
      font: `11px ${cssValue('--mantine-font-family')}`,
      grid: { stroke: cssValue('--meander-grid'), width: 1 },
      ticks: { show: false },
    });
    const u = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [10, 26, 0, 0],
        legend: { show: false },
        scales: {
          x: { time: false },
          y: {
            distr: logY ? 3 : 1,
            range: (self, low, high) => yRange(self, low, high, latest.current, zoom.current === null),
          },
        },
        axes: [
          {
            ...axis(2),
            size: 30,
            space: 70,
            grid: { show: false },
            values: (_, splits) => splits.map((x) => latest.current.formatX(x)),
          },
          {
            ...axis(3),
            size: yWidth,
            space: 36,
            ...(logY ? { splits: logSplits, filter: (_: uPlot, splits: number[]) => splits } : {}),
            values: (_, splits) => splits.map((y) => (y === null ? '' : latest.current.formatY(y))),
          },
        ],
        cursor: {
          points: { size: 6 },
          drag: { x: true, y: false, setScale: false },
          dataIdx: nearestPoint,
          bind: {
            dblclick: () => () => {
              setZoom(null);
              return null;
            },
          },
          ...(group ? { sync: { key: group, scales: ['x', null] as [string, null] } } : {}),
        },
        series: [
          {},
          ...lines.map((line) => ({
            label: line.label,
            stroke: cssValue(line.color),
            width: line.width,
            dash: line.dash,
            alpha: line.alpha ?? 1,
            points: line.points ? { show: true, size: 5, fill: cssValue(line.color) } : { show: false },
          })),
        ],
        hooks: {
          setSelect: [
            (self) => {
              if (self.select.width < 4) return;
              const from = self.posToVal(self.select.left, 'x');
              const to = self.posToVal(self.select.left + self.select.width, 'x');
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              setZoom([from, to]);
            },
          ],
          setCursor: [(self) => tip.current && showTip(self, tip.current, latest.current)],
          draw: [(self) => drawMarkers(self, latest.current.markers ?? [])],
        },
      },
      undefined,
      element,
    );
    chart.current = u;
    draw();
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === 0 || element.clientWidth === u.width) return;
      u.setSize({ width: element.clientWidth, height });
      draw();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      u.destroy();
      chart.current = null;
    };
  }, [shape, logY, scheme, height, group]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: lines grow in place; the version says when.
  useEffect(draw, [draw, version, lines, props.clipStart]);

  return (
    <div className={classes.chart} role="img" aria-label={label}>
      <div ref={holder} style={{ height }} />
      <div ref={tip} className={classes.tip} style={{ display: 'none' }} />
      {zoomed && (
        <Button className={classes.zoom} size="compact-xs" variant="default" onClick={() => setZoom(null)}>
          {t.chart.resetZoom}
        </Button>
      )}
    </div>
  );
}

/** Index of the point of a line nearest to the pointer; most x values belong to other lines. */
function nearestPoint(u: uPlot, line: number, index: number): number {
  const ys = u.data[line];
  if (line === 0 || ys[index] != null) return index;
  const xs = u.data[0];
  let left = index;
  let right = index;
  while (left >= 0 && ys[left] == null) left--;
  while (right < ys.length && ys[right] == null) right++;
  // Before its first and after its last point a line has nothing to say.
  if (left < 0 || right >= ys.length) return index;
  return xs[index] - xs[left] <= xs[right] - xs[index] ? left : right;
}

/** Range of the y axis with a little air; where the start is clipped, of what comes after the first tenth. */
function yRange(
  u: uPlot,
  low: number | null,
  high: number | null,
  { lines, logY = false, clipStart = false }: Pick<Props, 'lines' | 'logY' | 'clipStart'>,
  whole: boolean,
): uPlot.Range.MinMax {
  if (low === null || high === null) return logY ? [1, 10] : [0, 1];
  // The x scale of this very moment may be the one before: the lines say what it will be.
  const [from, to] = extent(lines) ?? [0, 1];
  const late = clipStart && whole ? rangeFrom(u.data, from + 0.1 * (to - from)) : null;
  const [bottom, top] = late ?? [low, high];
  return logY ? logRange(bottom, top) : (uPlot.rangeNum(bottom, top, 0.06, false) as uPlot.Range.MinMax);
}

/** Lowest and highest value from an x on, and where lines end that end before it; null without two different ones. */
function rangeFrom(data: uPlot.AlignedData, from: number): [number, number] | null {
  const [xs, ...rows] = data;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    let any = false;
    for (let i = xs.length - 1; i >= 0 && (xs[i] >= from || !any); i--) {
      const y = row[i];
      if (y === null || y === undefined) continue;
      any = true;
      low = Math.min(low, y);
      high = Math.max(high, y);
    }
  }
  return low < high ? [low, high] : null;
}

/** Whole decades would waste most of the chart on losses. */
function logRange(low: number, high: number): uPlot.Range.MinMax {
  const air = Math.max(Math.log(high / low) * 0.05, 0.01);
  return [low * Math.exp(-air), high * Math.exp(air)];
}

/** About eight round values between two bounds, denser where a log axis is wide. */
function logSplits(_: uPlot, __: number, low: number, high: number): number[] {
  const round = [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8];
  const splits: number[] = [];
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10)
    for (const factor of round) if (decade * factor >= low && decade * factor <= high) splits.push(decade * factor);
  if (splits.length < 3) return Array.from({ length: 5 }, (_, i) => low * (high / low) ** (i / 4));
  const every = Math.ceil(splits.length / 9);
  return splits.filter((_, i) => i % every === 0);
}

function drawMarkers(u: uPlot, markers: readonly ChartMarker[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = cssValue('--meander-faint');
  ctx.fillStyle = ctx.strokeStyle;
  ctx.lineWidth = devicePixelRatio;
  for (const { x, kind } of markers) {
    const at = u.valToPos(x, 'x', true);
    if (at < bbox.left || at > bbox.left + bbox.width) continue;
    const bottom = bbox.top + bbox.height;
    ctx.setLineDash(kind === 'line' ? [3 * devicePixelRatio, 3 * devicePixelRatio] : []);
    ctx.globalAlpha = kind === 'line' ? 0.8 : 0.6;
    ctx.beginPath();
    ctx.moveTo(at, kind === 'line' ? bbox.top : bottom - 6 * devicePixelRatio);
    ctx.lineTo(at, bottom);
    ctx.stroke();
  }
  ctx.restore();
}
