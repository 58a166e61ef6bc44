/** Gain of one average over raw with its error band, and the reading under the pointer. */
import { Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import { formatCount, formatSigned } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import classes from './averages.module.css';
import { type Gain, gainRange, gainShape, thinned } from './lib/gain.ts';

const texts = t.averages.gain;
const height = 132;
const left = 52;
const bottom = 18;
/** More points than columns on the screen say nothing more. */
const drawn = 400;

export function GainChart({ id, gains, color }: { id: string; gains: readonly Gain[]; color: string }) {
  const { ref, width } = useElementSize();
  const [under, setUnder] = useState<Gain | null>(null);
  const some = useMemo(() => thinned(gains, drawn), [gains]);
  const newest = gains[gains.length - 1];
  if (newest === undefined || gains.length < 2)
    return (
      <Text size="xs" c="dimmed">
        {newest === undefined ? texts.none : texts.one}
      </Text>
    );
  const [low, high] = gainRange(gains);
  const from = (gains[0] as Gain).step;
  const x = (step: number) => left + ((step - from) / (newest.step - from || 1)) * Math.max(1, width - left - 6);
  const y = (value: number) => 4 + ((high - value) / (high - low)) * (height - bottom - 8);
  const { band, line } = gainShape(some, { x, y });
  const shown = under ?? newest;
  const reading = texts.at(formatCount(shown.step), formatSigned(shown.difference), shown.error.toFixed(4));
  const clip = `gain-${id}`;
  return (
    <div>
      <div className={classes.picture} ref={ref}>
        <svg
          height={height}
          role="img"
          aria-label={`${texts.label(id)}: ${reading}`}
          onPointerMove={(event) => {
            const at = event.clientX - event.currentTarget.getBoundingClientRect().left;
            setUnder(
              some.reduce((best, gain) => (Math.abs(x(gain.step) - at) < Math.abs(x(best.step) - at) ? gain : best)),
            );
          }}
          onPointerLeave={() => setUnder(null)}
        >
          <clipPath id={clip}>
            <rect x={left} y={0} width={Math.max(1, width - left)} height={height - bottom} />
          </clipPath>
          <g clipPath={`url(#${clip})`}>
            <path d={band} fill={`var(${color})`} opacity={0.18} />
            <line className={classes.zero} x1={left} x2={width} y1={y(0)} y2={y(0)} />
            <path d={line} fill="none" stroke={`var(${color})`} strokeWidth={2} strokeLinejoin="round" />
            <circle cx={x(shown.step)} cy={y(shown.difference)} r={3.5} fill={`var(${color})`} />
          </g>
          {[low, 0, high].map((value, i) =>
            value === 0 && i !== 1 ? null : i !== 1 && Math.abs(y(value) - y(0)) < 14 ? null : (
              <text
                // biome-ignore lint/suspicious/noArrayIndexKey: bottom, zero and top.
                key={i}
                className={classes.tick}
                x={left - 6}
                y={Math.min(height - bottom - 2, Math.max(10, y(value) + 4))}
                textAnchor="end"
              >
                {value === 0 ? '0' : formatSigned(value, 3)}
              </text>
            ),
          )}
          <text className={classes.tick} x={left} y={height - 4}>
            {formatCount(from)}
          </text>
          <text className={classes.tick} x={width - 2} y={height - 4} textAnchor="end">
            {formatCount(newest.step)}
          </text>
        </svg>
      </div>
      <Text size="xs" c="dimmed" className="numbers">
        {texts.note} {reading}.
      </Text>
    </div>
  );
}
