/** How a run's charts are drawn, remembered run by run; the zoom is not. */
import { z } from 'zod';

export const xAxes = ['step', 'tokens', 'time'] as const;
export type XAxis = (typeof xAxes)[number];

/** Weights of the past that the smoothing slider stops at; 0 is off. */
export const smoothings = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999] as const;

const chartSettings = z.object({
  axis: z.enum(xAxes).catch('step'),
  logX: z.boolean().catch(false),
  logY: z.boolean().catch(false),
  /** The training loss beside the validation losses. */
  training: z.boolean().catch(true),
  /** The steep start is left out of the y range. */
  clip: z.boolean().catch(true),
  smoothing: z.number().min(0).lt(1).catch(0),
  /** Lines that are not drawn: 'raw', ids of policies. */
  hidden: z.array(z.string().max(200)).max(100).catch([]),
});
export type ChartSettings = z.infer<typeof chartSettings>;

/** Runs that are remembered; the ones that were changed longest ago go. */
const remembered = 100;

type Kept = [string, ChartSettings][];

/** What was kept; nothing where it is not ours. */
function parse(text: string | null): Kept {
  try {
    const list = z.array(z.tuple([z.string(), z.unknown()])).parse(JSON.parse(text ?? '[]'));
    return list.map(([key, value]) => [key, chartSettings.parse(value ?? {})]);
  } catch {
    return [];
  }
}

/** A run's own settings; of a new one, those that were chosen last, with every line shown. */
export function settingsOf(text: string | null, key: string): ChartSettings {
  const kept = parse(text);
  const own = kept.find(([name]) => name === key)?.[1];
  return own ?? { ...(kept.at(-1)?.[1] ?? chartSettings.parse({})), hidden: [] };
}

/** The text to keep, with a run's settings changed. */
export function withSettings(text: string | null, key: string, change: Partial<ChartSettings>): string {
  const others = parse(text).filter(([name]) => name !== key);
  const all: Kept = [...others, [key, { ...settingsOf(text, key), ...change }]];
  return JSON.stringify(all.slice(-remembered));
}
