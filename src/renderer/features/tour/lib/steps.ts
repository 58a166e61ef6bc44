/** Stations of the tour: a page, and the control on it that is spoken of. */
import { routes } from '../../../lib/routes.ts';
import type { t } from '../../../strings.ts';

export interface Step {
  readonly id: keyof typeof t.tour.steps;
  /** Page that has the control. */
  readonly at: string;
  /** Selector of the control; where it finds nothing, the words stand in the middle. */
  readonly target: string;
}

const entry = (href: string): string => `nav a[href="#${href}"]`;

export const steps: readonly Step[] = [
  { id: 'datasets', at: routes.datasets, target: '[data-tour="choose-data"]' },
  { id: 'newRun', at: routes.newRun, target: '[data-path="preset"]' },
  { id: 'start', at: routes.newRun, target: '[data-tour="start"]' },
  { id: 'runs', at: routes.runs, target: entry(routes.runs) },
  { id: 'commands', at: routes.runs, target: '[data-tour="commands"]' },
  { id: 'settings', at: routes.settings, target: entry(routes.settings) },
];

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const gap = 16;

/** Where the words go: right of the control, below, above or left of it, wherever they fit; else in the middle. */
export function placeOf(target: Box | null, card: Pick<Box, 'width' | 'height'>, view: Pick<Box, 'width' | 'height'>) {
  const middle = { left: (view.width - card.width) / 2, top: (view.height - card.height) / 2 };
  if (target === null) return middle;
  const clampX = (x: number) => Math.max(gap, Math.min(view.width - card.width - gap, x));
  const clampY = (y: number) => Math.max(gap, Math.min(view.height - card.height - gap, y));
  const right = target.left + target.width + gap;
  const below = target.top + target.height + gap;
  const above = target.top - gap - card.height;
  const before = target.left - gap - card.width;
  if (right + card.width + gap <= view.width) return { left: right, top: clampY(target.top) };
  if (below + card.height + gap <= view.height) return { left: clampX(target.left), top: below };
  if (above >= gap) return { left: clampX(target.left), top: above };
  if (before >= gap) return { left: before, top: clampY(target.top) };
  return middle;
}
