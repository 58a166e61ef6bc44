/** How the command line names weights: RUN, and with --step and --of which ones of it. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { WeightsRef } from '../shared/jobs.ts';
import { type Arguments, type Option, UsageError } from './command.ts';

export const weightsOptions = {
  step: { type: 'string', value: 'STEP', help: 'checkpoint (default: the newest)' },
  of: {
    type: 'string',
    value: 'ID',
    help: 'raw, the id of an averaging policy, or ID@WIDTH of a power EMA, as power@0.15 (default: raw)',
  },
} as const satisfies Record<string, Option>;

export function runAndFolder(args: Arguments, home: string): { run: string; folder: string } {
  const [run, ...more] = args.positionals;
  if (run === undefined || more.length > 0) throw new UsageError('name one run');
  return { run, folder: runFolder(home, run) };
}

/** @throws UsageError naming the runs that there are, when there is none of that name */
export function runFolder(home: string, name: string): string {
  const runs = path.join(home, 'runs');
  const isRun = (candidate: string): boolean => existsSync(path.join(runs, candidate, 'run.json'));
  if (isRun(name)) return path.join(runs, name);
  const known = existsSync(runs) ? readdirSync(runs).filter(isRun) : [];
  const shown = known.slice(0, 10).join(', ') + (known.length > 10 ? ', …' : '');
  throw new UsageError(`there is no run called "${name}" in ${runs}${known.length > 0 ? `; there are: ${shown}` : ''}`);
}

export function weightsOf(args: Arguments, run: string): WeightsRef {
  return { run, step: args.number('step', { min: 0, integer: true }), of: args.text('of') ?? 'raw' };
}
