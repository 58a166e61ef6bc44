/** A piece of a line as the chart draws it. */
export function Swatch({ color, dash }: { /** Name of a CSS variable. */ color: string; dash?: readonly number[] }) {
  return (
    <svg width={30} height={10} aria-hidden="true" style={{ flexShrink: 0 }}>
      <line x1={0} x2={30} y1={5} y2={5} stroke={`var(${color})`} strokeWidth={2.5} strokeDasharray={dash?.join(' ')} />
    </svg>
  );
}
