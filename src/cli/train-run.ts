/** Trains a run and says what came of it: for `train` and `fork`. */
import path from 'node:path';
import type { RunConfig } from '../shared/config.ts';
import { jobWithProgress } from './job.ts';
import { evaluationTable, lastEvaluation } from './results.ts';
import { say, tell } from './terminal.ts';

/** @returns the exit code: 0 finished, 130 stopped by the user */
export async function trainToTheEnd(
  run: { folder: string; config: RunConfig; resume: boolean },
  json: boolean,
): Promise<number> {
  const { folder } = run;
  const { outcome, step } = await jobWithProgress({ kind: 'train', ...run }, 'Training');
  const last = await lastEvaluation(folder);
  if (last) say(evaluationTable(last));
  say(folder);
  if (outcome === 'stopped')
    tell(`Stopped at step ${step}. Continue with: meander train --resume "${path.basename(folder)}"`);
  if (json) say(JSON.stringify({ folder, outcome, step, evaluation: last }));
  return outcome === 'stopped' ? 130 : 0;
}
