/** What averaging policies add to a step: runs with and without them, turn about, over whole cycles of the policies. */
import { join } from 'node:path';
import type { Backend } from '../../src/engine/backends/backend.ts';
import type { RunConfigInput } from '../../src/shared/config.ts';
import { MeanderRun } from './meander.ts';
import type { Work } from './work.ts';

type Policies = NonNullable<RunConfigInput['policies']>;

/** A window of 5 snapshots every 100 steps, an EMA and an SWA every 10. */
export const threePolicies: Policies = [
  { id: 'lawa', kind: 'lawa', k: 5, spacing: 100, start: 20 },
  { id: 'ema', kind: 'ema', decay: 0.99, every: 10, start: 20 },
  { id: 'swa', kind: 'swa', every: 10, start: 20 },
];
export const emaEveryStep: Policies = [{ id: 'ema', kind: 'ema', decay: 0.999, every: 1, start: 1 }];

/** Steps after which everything that the policies above do has been done as often as it comes. */
const cycle = 100;
/** Steps of one turn. */
const turn = 10;

/**
 * Mean time of a step with each list of policies over that of one without any, less 1, from `steps` of each.
 * Evaluations are none of it: there are none.
 */
export async function overheads(
  work: Work,
  folder: string,
  backend: Backend,
  lists: readonly { readonly policies: Policies; readonly steps: number }[],
): Promise<number[]> {
  const start = (name: string, policies: Policies) => MeanderRun.start(work, join(folder, name), backend, policies);
  const plain = await start('plain', []);
  const found: number[] = [];
  try {
    await plain.turn(turn);
    for (const [i, { policies, steps }] of lists.entries()) {
      const run = await start(`policies-${i}`, policies);
      try {
        // Past every start, so that a cycle is like every later one.
        await run.turn(25);
        const [ours, without] = [new Cycle(), new Cycle()];
        for (let made = 0; made < steps; made += turn) {
          ours.add(await run.turn(turn), run.step);
          without.add(await plain.turn(turn), plain.step);
        }
        found.push(ours.mean() / without.mean() - 1);
      } finally {
        await run.end();
      }
    }
  } finally {
    await plain.end();
  }
  return found;
}

/**
 * Mean times of turns of ten steps, of those that do the same the least, since any one may be disturbed: in the first
 * of a cycle's ten turns the window takes its snapshot. Single steps say nothing: results may arrive in a bunch.
 */
export class Cycle {
  #window = Number.POSITIVE_INFINITY;
  #others = Number.POSITIVE_INFINITY;

  /** `last`: the number of the step that the last of the times is of. */
  add(times: readonly number[], last: number): void {
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    const before = Math.floor((last - times.length) / cycle);
    if (Math.floor(last / cycle) > before) this.#window = Math.min(this.#window, mean);
    else this.#others = Math.min(this.#others, mean);
  }

  /** Of a step, over a cycle; a window's turn that was not seen counts as the others. */
  mean(): number {
    const window = Number.isFinite(this.#window) ? this.#window : this.#others;
    return (window + (cycle / turn - 1) * this.#others) / (cycle / turn);
  }
}
