/**
 * A study: one recipe over learning rates and seeds, every run with its averages and with a cooldown of its own, so
 * that what averaging gains stands beside raw at its best rate and beside the annealed run. Pure: configurations,
 * means and deviations over seeds, and CSV.
 */
import type { LawaConfig, PolicyConfig, RunConfig } from './config.ts';
import { UserError } from './errors.ts';
import type { EvaluationLine } from './metrics.ts';
import { mean } from './statistics.ts';

/** Fewer seeds than this have no deviation worth the name. */
export const leastSeeds = 3;
/** Share of the run that a cooldown takes, and how far from it the nearest whole fraction of the run may lie. */
const cooldownShare = 0.2;
const [leastShare, mostShare] = [0.1, 0.3];

/** The name of an annealed run's weights beside 'raw' and ids of policies, which begin with a letter or digit. */
export const annealed = '(annealed)';

/**
 * C: the divisor of T nearest to a fifth of it, so that a checkpoint every C steps lies where the cooldown starts.
 * @throws UserError 'study-steps' when T has none from a tenth to three tenths of it
 */
export function cooldownLength(steps: number): number {
  let best: number | null = null;
  for (let parts = Math.ceil(1 / mostShare); parts <= 1 / leastShare; parts++) {
    if (steps % parts !== 0) continue;
    const length = steps / parts;
    const off = Math.abs(length - cooldownShare * steps);
    if (best === null || off < Math.abs(best - cooldownShare * steps)) best = length;
  }
  if (best !== null) return best;
  throw new UserError(
    'study-steps',
    `A run of ${steps} steps has no whole fraction near a fifth, for its cooldown to start at a checkpoint.`,
    `Take a multiple of 5, such as --set steps=${Math.max(5, Math.round(steps / 5) * 5)}.`,
  );
}

/**
 * The configuration that every run of the study shares: LAWA at each spacing in place of the recipe's own, and
 * checkpoints where the cooldown starts.
 * @param spacings none: the recipe's policies stay as they are
 */
export function studyConfig(base: RunConfig, spacings: readonly number[]): RunConfig {
  const every = cooldownLength(base.steps);
  const { keepLast } = base.checkpoints;
  const checkpoints = { ...base.checkpoints, every, keepLast: Math.max(2, keepLast) };
  return { ...base, policies: spaced(base.policies, spacings), checkpoints };
}

function spaced(policies: readonly PolicyConfig[], spacings: readonly number[]): PolicyConfig[] {
  if (spacings.length === 0) return [...policies];
  const k = policies.find((policy) => policy.kind === 'lawa')?.k ?? 5;
  const windows = spacings.map(
    (spacing): LawaConfig => ({ kind: 'lawa', id: `lawa-${spacing}`, k, spacing, start: null }),
  );
  return [...windows, ...policies.filter((policy) => policy.kind !== 'lawa')];
}

/** A loss of one run of the study: θ at `step`, of raw weights, of an average, or of the annealed run. */
export interface StudyPoint {
  readonly rate: number;
  readonly seed: number;
  readonly of: string;
  readonly step: number;
  readonly loss: number;
  /** Against raw of the same run at the same step; null for raw itself and for a cooldown under way. */
  readonly difference: number | null;
  /** Paired, over blocks; null where the difference is. */
  readonly standardError: number | null;
}

/** What one run of the grid measured. */
export interface StudyRun {
  readonly rate: number;
  readonly seed: number;
  /** The trunk's, in order of steps. */
  readonly evaluations: readonly EvaluationLine[];
  /** The cooldown's own, from its fork on; empty where it could not be made. */
  readonly cooldown: readonly EvaluationLine[];
  /** The cooldown's last weights against the trunk's, paired; null where it was not measured. */
  readonly annealed: { readonly difference: number; readonly standardError: number } | null;
}

/** Losses that are not finite, and windows that still fill, are no points. */
export function studyPoints(runs: readonly StudyRun[]): StudyPoint[] {
  return runs.flatMap(({ rate, seed, evaluations, cooldown, annealed: paired }) => {
    const end = cooldown.at(-1)?.step;
    return [
      ...evaluations.flatMap(({ step, raw, averages }): StudyPoint[] => [
        ...(raw === null ? [] : [{ rate, seed, of: 'raw', step, loss: raw, difference: null, standardError: null }]),
        ...Object.entries(averages).flatMap(([of, { loss, difference, standardError, full }]): StudyPoint[] =>
          loss === null || !full ? [] : [{ rate, seed, of, step, loss, difference, standardError }],
        ),
      ]),
      ...cooldown.flatMap(({ step, raw }): StudyPoint[] => {
        if (raw === null) return [];
        const { difference, standardError } = (step === end && paired) || { difference: null, standardError: null };
        return [{ rate, seed, of: annealed, step, loss: raw, difference, standardError }];
      }),
    ];
  });
}

/** A mean over seeds. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation over seeds (n − 1); null for fewer than two. */
  readonly deviation: number | null;
  readonly seeds: number;
}

export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  const deviation = values.length < 2 ? null : Math.sqrt(squares / (values.length - 1));
  return { mean: center, deviation, seeds: values.length };
}

/** What stands under every figure: losses of these weights at a rate and step, seed by seed. */
export class StudyTable {
  readonly points: readonly StudyPoint[];
  readonly rates: readonly number[];
  /** Every policy that has a value somewhere, in the order of the configuration. */
  readonly policies: readonly string[];
  /** The last step of the runs. */
  readonly end: number;
  readonly #losses = new Map<string, Map<number, number>>();

  constructor(points: readonly StudyPoint[], { steps: end, policies }: Pick<RunConfig, 'steps' | 'policies'>) {
    this.points = points;
    this.end = end;
    this.rates = [...new Set(points.map(({ rate }) => rate))].sort((a, b) => a - b);
    const measured = new Set(points.map(({ of }) => of));
    this.policies = policies.map(({ id }) => id).filter((id) => measured.has(id));
    for (const { rate, seed, of, step, loss } of points) {
      const key = `${rate} ${of} ${step}`;
      const seeds = this.#losses.get(key) ?? new Map<number, number>();
      this.#losses.set(key, seeds.set(seed, loss));
    }
  }

  #at(of: string, rate: number, step: number): ReadonlyMap<number, number> {
    return this.#losses.get(`${rate} ${of} ${step}`) ?? new Map();
  }

  loss(of: string, rate: number, step = this.end): Spread | null {
    return spread([...this.#at(of, rate, step).values()]);
  }

  /** Loss of one against another, seed by seed, over the seeds that have both; negative: the first is better. */
  gain(of: string, rate: number, against: { of: string; rate: number }, step = this.end): Spread | null {
    const others = this.#at(against.of, against.rate, step);
    const pairs = [...this.#at(of, rate, step)].filter(([seed]) => others.has(seed));
    return spread(pairs.map(([seed, loss]) => loss - others.get(seed)!));
  }

  /** The rate with the lowest mean loss at the end among those with the most seeds; null where there is none. */
  bestRate(of: string): number | null {
    const all = this.rates.flatMap((rate) => {
      const loss = this.loss(of, rate);
      return loss ? [{ rate, ...loss }] : [];
    });
    const most = Math.max(0, ...all.map(({ seeds }) => seeds));
    const whole = all.filter(({ seeds }) => seeds === most);
    return whole.sort((a, b) => a.mean - b.mean)[0]?.rate ?? null;
  }

  /** The average with the lowest mean at its own best rate. */
  bestPolicy(): { of: string; rate: number } | null {
    const all = this.policies.flatMap((of) => {
      const rate = this.bestRate(of);
      return rate === null ? [] : [{ of, rate, mean: this.loss(of, rate)!.mean }];
    });
    const best = all.sort((a, b) => a.mean - b.mean)[0];
    return best ? { of: best.of, rate: best.rate } : null;
  }
}

/** RFC 4180 with line feeds; the points as they are, so that anything can be worked out again. */
export function studyCsv(points: readonly StudyPoint[], tokensPerStep: number): string {
  const head = 'learning_rate,seed,weights,step,tokens,loss,difference_to_raw,standard_error';
  const rows = points.map(({ rate, seed, of, step, loss, difference, standardError }) =>
    [
      rate,
      seed,
      of === annealed ? 'annealed' : of,
      step,
      step * tokensPerStep,
      digits(loss),
      difference === null ? '' : digits(difference),
      standardError === null ? '' : digits(standardError),
    ].join(','),
  );
  return `${[head, ...rows].join('\n')}\n`;
}

const digits = (value: number): string => String(Number(value.toFixed(6)));
