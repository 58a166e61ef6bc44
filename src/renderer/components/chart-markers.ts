/** Marks on the x axis: what happened to a run, and when. */
import type uPlot from 'uplot';

export const markerKinds = ['checkpoint', 'resume', 'pause', 'policy', 'fork', 'spike'] as const;
export type MarkerKind = (typeof markerKinds)[number];

export interface ChartMarker {
  readonly x: number;
  readonly kind: MarkerKind;
  /** Said in the readout when the pointer is near. */
  readonly text: string;
}

export interface MarkerStyle {
  /** Name of a CSS variable. */
  readonly color: string;
  readonly dash: readonly number[];
  readonly alpha: number;
  /** A tick at the foot of the chart instead of a line through it. */
  readonly tick?: boolean;
}

export const markerStyles: Readonly<Record<MarkerKind, MarkerStyle>> = {
  checkpoint: { color: '--meander-faint', dash: [], alpha: 0.7, tick: true },
  resume: { color: '--meander-faint', dash: [3, 3], alpha: 0.85 },
  pause: { color: '--mantine-color-orange-6', dash: [1, 3], alpha: 0.9 },
  policy: { color: '--meander-average-1', dash: [8, 4], alpha: 0.55 },
  fork: { color: '--meander-faint', dash: [3, 3], alpha: 0.85 },
  spike: { color: '--mantine-color-red-6', dash: [2, 2], alpha: 0.9 },
};

/** Pixels of the screen within which a mark counts as under the pointer. */
const near = 5;

/** Draws what is in view; of marks of a kind that fall on one pixel, one. */
export function drawMarkers(u: uPlot, markers: readonly ChartMarker[], cssValue: (name: string) => string): void {
  if (markers.length === 0) return;
  const { ctx, bbox } = u;
  const bottom = bbox.top + bbox.height;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const kind of markerKinds) {
    const { color, dash, alpha, tick } = markerStyles[kind];
    const drawn = new Set<number>();
    ctx.strokeStyle = cssValue(color);
    ctx.globalAlpha = alpha;
    ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    ctx.beginPath();
    for (const marker of markers) {
      if (marker.kind !== kind) continue;
      const at = Math.round(u.valToPos(marker.x, 'x', true));
      if (drawn.has(at) || !(at >= bbox.left && at <= bbox.left + bbox.width)) continue;
      drawn.add(at);
      ctx.moveTo(at, tick ? bottom - 6 * devicePixelRatio : bbox.top);
      ctx.lineTo(at, bottom);
    }
    ctx.stroke();
  }
  ctx.restore();
}

/** Marks at the pointer, `left` pixels into the chart; a few at most. */
export function markersAt(u: uPlot, markers: readonly ChartMarker[], left: number): ChartMarker[] {
  return markers.filter(({ x }) => Math.abs(u.valToPos(x, 'x') - left) <= near).slice(-4);
}
