/** Kept weights of a run by step and loss, with a window drawn over them: by drag, or by its two ends. */
import { Box, Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import type { TrajectoryPoint } from '../../../shared/averages.ts';
import { formatCount, formatLoss } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import classes from './averages.module.css';
import { movedByKey, movedTo, type Window, windowOver } from './lib/window.ts';

const texts = t.averages.trajectory;
const left = 58;
const right = 14;
const top = 10;
const plotHeight = 150;
/** Below the plot: one lane for each policy, then the axis. */
const lane = 13;

export interface Lane {
  readonly id: string;
  readonly color: string;
  readonly steps: readonly number[];
}

export function Trajectory({
  points,
  losses,
  rawLine,
  lanes,
  axis,
  window,
  onWindow,
}: {
  points: readonly TrajectoryPoint[];
  /** By step; a step without one was not measured. */
  losses: ReadonlyMap<number, number>;
  /** Raw loss over the run, for orientation. */
  rawLine: readonly { readonly step: number; readonly loss: number }[];
  lanes: readonly Lane[];
  /** Ends of the axis, in steps. */
  axis: { readonly from: number; readonly to: number };
  window: Window | null;
  onWindow: (window: Window) => void;
}) {
  const { ref, width } = useElementSize();
  const drag = useRef<{ kind: 'new'; from: number } | { kind: 'first' | 'last' } | null>(null);
  const [drawn, setDrawn] = useState<[number, number] | null>(null);
  const steps = points.map(({ step }) => step);
  const plot = Math.max(1, width - left - right);
  const span = Math.max(1, axis.to - axis.from);
  const x = (step: number) => left + ((step - axis.from) / span) * plot;
  const stepAt = (event: PointerEvent<SVGElement>) => {
    const svg = event.currentTarget.ownerSVGElement ?? event.currentTarget;
    return ((event.clientX - svg.getBoundingClientRect().left - left) / plot) * span + axis.from;
  };
  const [low, high] = lossRange([...losses.values()]);
  const floor = top + plotHeight;
  const y = (loss: number | undefined) =>
    loss === undefined ? floor - 8 : top + 6 + ((high - loss) / (high - low)) * (plotHeight - 30);
  const height = floor + lanes.length * lane + 22;
  const first = window ? (steps[window.first] as number) : 0;
  const last = window ? (steps[window.last] as number) : 0;
  const inside = (step: number) => window !== null && step >= first && step <= last;

  const begin = (event: PointerEvent<SVGElement>, kind: 'new' | 'first' | 'last') => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const from = stepAt(event);
    drag.current = kind === 'new' ? { kind, from } : { kind };
  };
  const move = (event: PointerEvent<SVGElement>) => {
    const now = drag.current;
    if (!now) return;
    if (now.kind !== 'new') {
      if (window) onWindow(movedTo(window, now.kind, steps, stepAt(event)));
      return;
    }
    setDrawn([now.from, stepAt(event)]);
    const over = windowOver(steps, now.from, stepAt(event));
    if (over) onWindow(over);
  };
  const end = () => {
    drag.current = null;
    setDrawn(null);
  };
  const handle = (which: 'first' | 'last') => {
    if (!window) return null;
    const step = which === 'first' ? first : last;
    return (
      <g
        className={classes.handle}
        role="slider"
        tabIndex={0}
        aria-label={texts[which]}
        aria-valuemin={steps[0]}
        aria-valuemax={steps[steps.length - 1]}
        aria-valuenow={step}
        aria-valuetext={texts.stepIs(formatCount(step))}
        transform={`translate(${x(step) + (which === 'first' ? -6 : 6)} 0)`}
        onPointerDown={(event) => begin(event, which)}
        onPointerMove={move}
        onPointerUp={end}
        onPointerCancel={end}
        onKeyDown={(event: KeyboardEvent) => {
          const next = movedByKey(window, which, event.key, steps.length);
          if (!next) return;
          event.preventDefault();
          onWindow(next);
        }}
      >
        <rect x={-9} y={top} width={18} height={plotHeight} fill="transparent" />
        <line y1={top} y2={floor} />
        <rect className={classes.grip} x={-4} y={top + plotHeight / 2 - 15} width={8} height={30} rx={4} />
      </g>
    );
  };
  return (
    <div>
      <Box className={classes.picture} ref={ref}>
        {/* biome-ignore lint/a11y/useSemanticElements: a picture with handles in it is a group. */}
        <svg height={height} role="group" aria-label={texts.label}>
          {[low, high].map((loss) => (
            <g key={loss}>
              <line className={classes.axis} x1={left} x2={width - right} y1={y(loss)} y2={y(loss)} />
              <text className={classes.tick} x={left - 8} y={y(loss) + 4} textAnchor="end">
                {loss.toFixed(3)}
              </text>
            </g>
          ))}
          <line className={classes.axis} x1={left} x2={width - right} y1={floor} y2={floor} />
          {rawLine.length > 1 && (
            <path
              d={`M${rawLine.map(({ step, loss }) => `${x(step).toFixed(1)},${Math.max(top, y(loss)).toFixed(1)}`).join('L')}`}
              fill="none"
              stroke="var(--meander-faint)"
              strokeWidth={1}
              opacity={0.6}
            />
          )}
          <rect
            className={classes.plot}
            data-testid="trajectory"
            x={left - 8}
            y={top}
            width={plot + 16}
            height={plotHeight}
            fill="transparent"
            onPointerDown={(event) => begin(event, 'new')}
            onPointerMove={move}
            onPointerUp={end}
            onPointerCancel={end}
          />
          {drawn && (
            <rect
              className={classes.window}
              x={x(Math.min(...drawn))}
              y={top}
              width={Math.abs(x(drawn[1]) - x(drawn[0]))}
              height={plotHeight}
            />
          )}
          {window && (
            <rect
              className={classes.window}
              x={x(first) - 6}
              y={top}
              width={x(last) - x(first) + 12}
              height={floor - top + lanes.length * lane}
            />
          )}
          {points.map(({ step, kind }) => {
            const color = inside(step) ? 'var(--mantine-primary-color-filled)' : 'var(--meander-ink)';
            const at = { stroke: color, strokeWidth: 1.6, style: { pointerEvents: 'none' as const } };
            const fill = losses.has(step) ? color : 'var(--meander-surface)';
            return kind === 'checkpoint' ? (
              <circle key={step} cx={x(step)} cy={y(losses.get(step))} r={4.5} fill={fill} {...at} />
            ) : (
              <rect key={step} x={x(step) - 3} y={y(losses.get(step)) - 3} width={6} height={6} fill={fill} {...at} />
            );
          })}
          {lanes.map(({ id, color, steps: held }, i) => (
            <g key={id}>
              <title>{texts.held(id)}</title>
              <text className={classes.tick} x={left - 8} y={floor + (i + 1) * lane} textAnchor="end">
                {id.length > 8 ? `${id.slice(0, 7)}…` : id}
              </text>
              {held.map((step) => (
                <rect
                  key={step}
                  x={x(step) - 3}
                  y={floor + (i + 1) * lane - 8}
                  width={6}
                  height={7}
                  rx={1.5}
                  fill={`var(${color})`}
                />
              ))}
            </g>
          ))}
          {[0, 0.25, 0.5, 0.75, 1].map((share) => (
            <text
              key={share}
              className={classes.tick}
              x={x(axis.from + share * span)}
              y={height - 5}
              textAnchor={share === 1 ? 'end' : share === 0 ? 'start' : 'middle'}
            >
              {formatCount(Math.round(axis.from + share * span))}
            </text>
          ))}
          {handle('first')}
          {handle('last')}
        </svg>
      </Box>
      <div className={classes.legend}>
        {(['checkpoint', 'snapshot', 'unmeasured'] as const).map((kind) => (
          <Text key={kind} size="xs" c="dimmed" component="span">
            <svg width={12} height={10} aria-hidden="true">
              {kind === 'snapshot' ? (
                <rect x={2} y={2} width={6} height={6} fill="var(--meander-ink)" />
              ) : (
                <circle
                  cx={5}
                  cy={5}
                  r={4}
                  fill={kind === 'checkpoint' ? 'var(--meander-ink)' : 'var(--meander-surface)'}
                  stroke="var(--meander-ink)"
                />
              )}
            </svg>{' '}
            {texts.legend[kind]}
          </Text>
        ))}
        <Text size="xs" c="dimmed" component="span">
          {texts.note}
        </Text>
      </div>
    </div>
  );
}

/** Of what was measured, with a little air; a flat one still has a height. */
function lossRange(losses: readonly number[]): [number, number] {
  if (losses.length === 0) return [0, 1];
  const low = Math.min(...losses);
  const high = Math.max(...losses);
  return high - low < 1e-4 ? [low - 0.01, high + 0.01] : [low, high];
}

export const lossText = (loss: number | undefined): string =>
  loss === undefined ? texts.unmeasured : formatLoss(loss);
