/** A line chart over uPlot: redrawn at full fidelity on every zoom, in the colours of the theme. */
import { Button, useComputedColorScheme } from '@mantine/core';
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { align, extent } from '../lib/align.ts';
import type { Line } from '../lib/downsample.ts';
import { held, type Range, zoomedBy, zoomKey } from '../lib/zoom.ts';
import { t } from '../strings.ts';
import classes from './chart.module.css';
import { logSplits, nearestPoint, yRange } from './chart-axes.ts';
import { type ChartMarker, drawMarkers } from './chart-markers.ts';
import { ChartMenu } from './chart-menu.tsx';
import { showTip } from './chart-tip.ts';
import { useZoom, zoomOf } from './chart-zoom.ts';

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

export interface ChartProps {
  /** Read aloud in place of the picture; with `name` it names what is saved. */
  readonly label: string;
  readonly lines: readonly ChartLine[];
  readonly markers?: readonly ChartMarker[];
  /** Changes when the lines have grown in place. */
  readonly version: number;
  readonly height: number;
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** Leaves the steep first tenth out of the y range, so that what comes after can be told apart; no line is lost. */
  readonly clipStart?: boolean;
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  /** Charts of one group share pointer and zoom, and so their x axis. */
  readonly group: string;
  /** Title of the files that are saved. */
  readonly title: string;
  /** What x is, in the head of a table. */
  readonly xName: string;
}

/** Pixels below which a chart has no room for buttons of its own. */
const smallHeight = 200;
const nothing: readonly ChartMarker[] = [];
const cssValue = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/** Pixels below which labels of the axes stand closer together. */
const smallWidth = 320;

/** The plotted width in device-independent columns; before the first layout there is none. */
const columns = (chart: uPlot): number => Math.max(100, Math.round(chart.bbox.width / devicePixelRatio) || 800);

/** All that there is, stretched where it is little: a run of a few points is not spread over the whole width. */
function wholeOf({ lines, logX }: Pick<ChartProps, 'lines' | 'logX'>): Range {
  const [from, to] = extent(lines, logX) ?? (logX ? [1, 10] : [0, 1]);
  return [from, Math.max(to, logX ? from * 10 : from + 10)];
}

export function Chart(props: ChartProps) {
  const { label, lines, version, height, logX = false, logY = false, group } = props;
  const scheme = useComputedColorScheme('light');
  const holder = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [zoom, setZoom] = useZoom(group);
  const shown = useRef(zoom);
  shown.current = zoom;

  const draw = useCallback(() => {
    const u = chart.current;
    if (!u) return;
    const current = latest.current;
    const [from, to] = shown.current ?? wholeOf(current);
    const log = { x: current.logX, y: current.logY };
    u.batch(() => {
      u.setData(align(current.lines, from, to, columns(u), log) as unknown as uPlot.AlignedData, false);
      u.setScale('x', { min: from, max: to });
    });
  }, []);

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
    const logAxis = (count: number): Partial<uPlot.Axis> => ({
      splits: (_, __, low, high) => logSplits(low, high, count),
      filter: (_, splits) => splits,
    });
    const small = element.clientWidth < smallWidth;
    const u = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [10, small ? 12 : 26, 0, 0],
        legend: { show: false },
        scales: {
          // A log axis of its own accord would run on to whole decades.
          x: { time: false, distr: logX ? 3 : 1, range: (_, low, high) => [low, high] },
          y: {
            distr: logY ? 3 : 1,
            range: (self, low, high) => {
              const { clipStart } = latest.current;
              // The x scale of this very moment may be the one before: the lines say what it will be.
              const [from, to] = extent(latest.current.lines) ?? [0, 1];
              const clipFrom = clipStart && shown.current === null ? from + 0.1 * (to - from) : null;
              return yRange(self.data, low, high, logY, clipFrom);
            },
          },
        },
        axes: [
          {
            ...axis(2),
            size: 30,
            space: small ? 40 : 70,
            grid: { show: false },
            ...(logX ? logAxis(Math.max(3, Math.floor(element.clientWidth / 90))) : {}),
            values: (_, splits) => splits.map((x) => (x === null ? '' : latest.current.formatX(x))),
          },
          {
            ...axis(3),
            size: small ? 52 : 58,
            space: 36,
            ...(logY ? logAxis(Math.max(3, Math.floor(height / 38))) : {}),
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
          // The pointer is shared by every chart of the group; zoom has a way of its own, which keys take too.
          sync: {
            key: group,
            scales: ['x', null] as [string, null],
            filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave', sub: () => true },
          },
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
              setZoom(held([from, to], wholeOf(latest.current), logX));
            },
          ],
          setCursor: [
            (self) =>
              tip.current &&
              showTip(self, tip.current, { ...latest.current, markers: latest.current.markers ?? nothing }),
          ],
          draw: [(self) => drawMarkers(self, latest.current.markers ?? nothing, cssValue)],
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
    /** Pinching, which touchpads send as a wheel with Ctrl; the plain wheel scrolls the page. */
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const whole = wholeOf(latest.current);
      const centre = u.posToVal(event.clientX - u.over.getBoundingClientRect().left, 'x');
      setZoom(zoomedBy(zoomOf(group) ?? whole, whole, Math.exp(event.deltaY / 300), centre, logX));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      element.removeEventListener('wheel', onWheel);
      observer.disconnect();
      u.destroy();
      chart.current = null;
    };
  }, [shape, logX, logY, scheme, height, group]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: lines grow in place; the version says when.
  useEffect(draw, [draw, version, lines, props.clipStart, props.markers, zoom]);

  const onKeyDown = (event: KeyboardEvent) => {
    const u = chart.current;
    if (!u || event.ctrlKey || event.metaKey || event.altKey) return;
    const whole = wholeOf(props);
    const { left = -1 } = u.cursor;
    const next = zoomKey(event.key, zoomOf(group) ?? whole, whole, left >= 0 ? u.posToVal(left, 'x') : null, logX);
    if (next === undefined) return;
    event.preventDefault();
    setZoom(next);
  };

  // A small chart leaves the button to the large one of its group, and keeps its menu beside the title above it.
  const small = height < smallHeight;
  return (
    <div className={classes.chart}>
      <div
        ref={holder}
        className={classes.plot}
        style={{ height }}
        role="img"
        aria-label={label}
        aria-keyshortcuts="+ - ArrowLeft ArrowRight 0"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards zoom what has the focus.
        tabIndex={0}
        onKeyDown={onKeyDown}
      />
      <div ref={tip} className={classes.tip} style={{ display: 'none' }} />
      <div className={classes.tools} data-small={small || undefined}>
        {zoom && !small && (
          <Button size="compact-xs" variant="default" onClick={() => setZoom(null)}>
            {t.chart.resetZoom}
          </Button>
        )}
        <ChartMenu
          title={props.title}
          label={label}
          xName={props.xName}
          lines={lines}
          range={zoom}
          canvas={() => chart.current?.ctx.canvas ?? null}
          cssValue={cssValue}
        />
      </div>
    </div>
  );
}
