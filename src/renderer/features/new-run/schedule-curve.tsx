/** The learning rate over the run, with what each average's last value looks back over. */
import { Center, Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { type PointerEvent, useState } from 'react';
import type { RunConfig } from '../../../shared/config.ts';
import { resolvePolicy } from '../../../shared/policies.ts';
import { learningRate } from '../../../shared/schedule.ts';
import { averageColor } from '../../lib/average-style.ts';
import { formatCount, formatSetting } from '../../lib/format.ts';
import { runFields } from '../../strings/run-fields.ts';
import { t } from '../../strings.ts';
import { finalWindow, snapshotSteps } from './lib/policies.ts';
import classes from './new-run.module.css';

const plot = 150;
const lane = 18;
const left = 56;
const right = 12;
const top = 10;

/** `config` null: something is wrong at the moment; the last right curve stays, faintly. */
export function ScheduleCurve({ config: current }: { config: RunConfig | null }) {
  const [last, setLast] = useState(current);
  if (current !== null && current !== last) setLast(current);
  const config = current ?? last;
  const { ref, width } = useElementSize<HTMLDivElement>();
  const lanes = config?.policies.length ?? 0;
  const height = top + plot + lane * lanes + 28;
  return (
    <div ref={ref} style={{ minHeight: height, opacity: current ? 1 : 0.4 }}>
      {config === null ? (
        <Center h={top + plot + 22}>
          <Text size="sm" c="dimmed">
            {t.newRun.curve.wait}
          </Text>
        </Center>
      ) : (
        width > 0 && <Curve config={config} width={width} height={height} />
      )}
    </div>
  );
}

function Curve({ config, width, height }: { config: RunConfig; width: number; height: number }) {
  const { schedule, steps } = config;
  const [pointed, setPointed] = useState<number | null>(null);
  const inner = width - left - right;
  const x = (s: number) => left + (inner * Math.min(s, steps)) / steps;
  const ceiling = schedule.peak > 0 ? schedule.peak : 1;
  const y = (rate: number) => top + plot - (plot - 6) * (rate / ceiling);
  const points = Math.min(steps, 400);
  const samples = Array.from({ length: points + 1 }, (_, i) => Math.round((i / points) * steps));
  const path = samples
    .map((s, i) => `${i === 0 ? 'M' : 'L'}${x(s).toFixed(1)} ${y(learningRate(schedule, steps, s)).toFixed(1)}`)
    .join('');
  const text = `${runFields['schedule.kind'].options[schedule.kind]}, ${formatSetting(schedule.peak)}, ${t.newRun.curve.steps(formatCount(steps))}`;
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const step = Math.round(((at - left) / inner) * steps);
    setPointed(step >= 0 && step < steps ? step : null);
  };
  const cooldown = schedule.kind === 'wsd' ? steps - schedule.cooldownSteps : steps;
  return (
    <svg
      className={classes.curve}
      width={width}
      height={height}
      role="img"
      aria-label={t.newRun.curve.label(text)}
      onPointerMove={point}
      onPointerLeave={() => setPointed(null)}
    >
      {[0, 0.5, 1].map((share) => (
        <g key={share}>
          <line
            x1={left}
            x2={width - right}
            y1={y(share * ceiling)}
            y2={y(share * ceiling)}
            stroke="var(--meander-grid)"
          />
          <text x={left - 8} y={y(share * ceiling) + 4} textAnchor="end">
            {formatSetting(Number((share * schedule.peak).toPrecision(3)))}
          </text>
        </g>
      ))}
      {schedule.warmupSteps > 0 && (
        <rect
          x={x(0)}
          width={x(schedule.warmupSteps) - x(0)}
          y={top}
          height={plot}
          fill="var(--meander-grid)"
          opacity={0.6}
        />
      )}
      {cooldown < steps && (
        <rect
          x={x(cooldown)}
          width={x(steps) - x(cooldown)}
          y={top}
          height={plot}
          fill="var(--meander-grid)"
          opacity={0.6}
        />
      )}
      {config.policies.map((open, i) => {
        const policy = resolvePolicy(open, config);
        if (policy.start > steps) return null;
        const [from, to] = finalWindow(policy, steps);
        const color = `var(${averageColor(i)})`;
        const middle = top + plot + lane * i + 17;
        const wide = Math.max(2, x(to) - x(from));
        return (
          <g key={policy.id}>
            <title>{t.newRun.curve.window(policy.id)}</title>
            <rect x={x(from)} width={wide} y={top} height={plot + lane * i + 17} fill={color} opacity={0.09} />
            <line
              x1={x(policy.start)}
              x2={x(steps)}
              y1={middle}
              y2={middle}
              stroke={color}
              strokeOpacity={0.35}
              strokeWidth={2}
            />
            <rect x={x(from)} width={wide} y={middle - 3} height={6} rx={3} fill={color} />
            {snapshotSteps(policy, steps).map((step) => (
              <line key={step} x1={x(step)} x2={x(step)} y1={middle - 6} y2={middle + 6} stroke={color} />
            ))}
            <text x={left - 8} y={middle + 4} textAnchor="end">
              {policy.id.length > 8 ? `${policy.id.slice(0, 7)}…` : policy.id}
            </text>
          </g>
        );
      })}
      <path d={path} fill="none" stroke="var(--meander-ink)" strokeWidth={2} strokeLinejoin="round" />
      {pointed !== null && (
        <g pointerEvents="none">
          <line x1={x(pointed)} x2={x(pointed)} y1={top} y2={top + plot} stroke="var(--meander-faint)" />
          <circle cx={x(pointed)} cy={y(learningRate(schedule, steps, pointed))} r={3.5} fill="var(--meander-ink)" />
          <text
            x={x(pointed) + (pointed > steps / 2 ? -8 : 8)}
            y={top + plot - 8}
            textAnchor={pointed > steps / 2 ? 'end' : 'start'}
          >
            {t.newRun.curve.at(
              formatCount(pointed),
              formatSetting(Number(learningRate(schedule, steps, pointed).toPrecision(3))),
            )}
          </text>
        </g>
      )}
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <text
          key={share}
          x={x(share * steps)}
          y={height - 4}
          textAnchor={share === 0 ? 'start' : share === 1 ? 'end' : 'middle'}
        >
          {formatCount(Math.round(share * steps))}
        </text>
      ))}
    </svg>
  );
}
