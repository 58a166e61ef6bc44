/** The shape of a run's validation loss in one glance. */
export function Sparkline({
  values,
  label,
  width = 96,
  height = 28,
}: {
  values: readonly number[];
  label: string;
  width?: number;
  height?: number;
}) {
  if (values.length < 2) return <svg width={width} height={height} role="img" aria-label={label} />;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const range = high - low || 1;
  const points = values.map((value, i) => {
    const x = 2 + (i / (values.length - 1)) * (width - 4);
    const y = 3 + ((high - value) / range) * (height - 6);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const [endX, endY] = points[points.length - 1].split(',');
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke="var(--meander-average-1)"
        strokeWidth="1.5"
        strokeLinejoin="round"
      />
      <circle cx={endX} cy={endY} r="2" fill="var(--meander-average-1)" />
    </svg>
  );
}
