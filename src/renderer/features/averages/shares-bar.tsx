/** How much each step of a run counts in an average, from the run's start to now. */
import { useElementSize } from '@mantine/hooks';
import type { Share } from '../../../shared/shares.ts';
import { formatCount, formatPercent } from '../../lib/format.ts';
import classes from './averages.module.css';

const height = 46;
const floor = 30;

/** @param stretches whether each share is that of a stretch up to its step, or of that step alone */
export function SharesBar({
  label,
  shares,
  now,
  color,
  stretches,
}: {
  label: string;
  shares: readonly Share[];
  now: number;
  color: string;
  stretches: boolean;
}) {
  const { ref, width } = useElementSize();
  const x = (step: number) => 1 + (step / Math.max(1, now)) * Math.max(1, width - 2);
  const widths = shares.map(({ step }, i) => {
    const before = stretches ? (shares[i - 1]?.step ?? shares[0]?.step ?? 0) : step;
    return { from: x(before), to: x(step) };
  });
  // A stretch is as high as its weight is dense, so that long and short ones compare.
  const heights = shares.map(({ share }, i) => {
    const { from, to } = widths[i] as { from: number; to: number };
    return stretches ? share / Math.max(0.5, to - from) : share;
  });
  const top = Math.max(...heights, 1e-12);
  const gaps = shares.slice(1).map(({ step }, i) => x(step) - x((shares[i] as Share).step));
  // Bars of neighbours stay apart, however close their steps are on the axis.
  const bar = Math.max(1, Math.min(4, 0.7 * Math.min(...gaps, 10)));
  const said = shares
    .slice(-3)
    .map(({ step, share }) => `${formatCount(step)}: ${formatPercent(share, 1)}`)
    .join(', ');
  return (
    <div className={classes.picture} ref={ref}>
      <svg height={height} role="img" aria-label={`${label}. ${said}`}>
        <line className={classes.axis} x1={0} x2={width} y1={floor} y2={floor} />
        {shares.map(({ step }, i) => {
          const { from, to } = widths[i] as { from: number; to: number };
          const tall = Math.max(2, ((heights[i] as number) / top) * (floor - 3));
          const wide = stretches ? Math.max(1.5, to - from) : bar;
          return (
            <rect
              key={step}
              x={Math.max(0, Math.min(width - wide, stretches ? to - wide : to - wide / 2))}
              y={floor - tall}
              width={wide}
              height={tall}
              fill={`var(${color})`}
              rx={stretches ? 0 : 1}
            />
          );
        })}
        <text className={classes.tick} x={0} y={height - 3}>
          0
        </text>
        <text className={classes.tick} x={width} y={height - 3} textAnchor="end">
          {formatCount(now)}
        </text>
      </svg>
    </div>
  );
}
