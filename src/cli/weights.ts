/** How the command line names weights: RUN, and with --step and --of which ones of it. */
import path from 'node:path';
import type { WeightsRef } from '../shared/jobs.ts';
import { type Arguments, type Option, UsageError } from './command.ts';

export const weightsOptions = {
  step: { type: 'string', value: 'STEP', help: 'checkpoint (default: the newest)' },
  of: { type: 'string', value: 'ID', help: 'raw, or the id of an averaging policy (default: raw)' },
} as const satisfies Record<string, Option>;

export function runAndFolder(args: Arguments, home: string): { run: string; folder: string } {
  const [run, ...more] = args.positionals;
  if (run === undefined || more.length > 0) throw new UsageError('name one run');
  return { run, folder: path.join(home, 'runs', run) };
}

export function weightsOf(args: Arguments, run: string): WeightsRef {
  return { run, step: args.number('step', { min: 0, integer: true }), of: args.text('of') ?? 'raw' };
}
