/** Trains a run and says what came of it: for `train`, `fork` and `rescue`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { RunConfig } from '../shared/config.ts';
import { rescueConfig } from '../shared/fork.ts';
import type { SpikeLine } from '../shared/metrics.ts';
import { jobWithProgress } from './job.ts';
import { evaluationTable, lastEvaluation, readMetrics } from './results.ts';
import { say, tell } from './terminal.ts';

export interface RunToTrain {
  readonly folder: string;
  readonly config: RunConfig;
  readonly resume: boolean;
}

/** Children that `train --rescue` starts at most: a run that spikes again and again wants a lower rate. */
const rescuesAtMost = 3;
/** Updates between a spike and the stop that follows it, at most. */
const stopWithin = 4;

/** @returns the exit code: 0 finished, 130 stopped by the user */
export async function trainToTheEnd(run: RunToTrain, json: boolean): Promise<number> {
  return tellResult(run.folder, await jobWithProgress({ kind: 'train', ...run }, 'Training'), json);
}

/** As trainToTheEnd, but where a spike of the loss ends the run, a rescue of it goes on. */
export async function trainWithRescues(first: RunToTrain, json: boolean): Promise<number> {
  let run = first;
  for (let rescues = 1; ; rescues++) {
    const { outcome, step } = await jobWithProgress({ kind: 'train', ...run }, 'Training');
    const spike = await newestSpike(run.folder);
    const spiked = outcome === 'stopped' && spike !== null && spike.step + stopWithin >= (step ?? 0);
    if (!spiked || spike.snapshots.length === 0 || rescues > rescuesAtMost)
      return tellResult(run.folder, { outcome, step }, json);
    const parent = path.basename(run.folder);
    const folder = freeFolder(path.dirname(run.folder), `${path.basename(first.folder)} rescue`);
    tell(`Rescuing "${parent}" as "${path.basename(folder)}", from step ${spike.step + 1} on.`);
    run = { folder, config: rescueConfig(run.config, parent, path.basename(folder), spike), resume: false };
  }
}

/** The newest spike of a run's loss that its metrics tell of. */
export async function newestSpike(folder: string): Promise<SpikeLine | null> {
  const lines = await readMetrics(folder);
  return lines.filter((line): line is SpikeLine => line.type === 'spike').at(-1) ?? null;
}

function freeFolder(parent: string, name: string): string {
  for (let n = 1; ; n++) {
    const folder = path.join(parent, n === 1 ? name : `${name} ${n}`);
    if (!existsSync(folder)) return folder;
  }
}

async function tellResult(
  folder: string,
  { outcome, step }: { outcome: 'finished' | 'stopped'; step?: number },
  json: boolean,
): Promise<number> {
  const last = await lastEvaluation(folder);
  if (last) say(evaluationTable(last));
  say(folder);
  if (outcome === 'stopped')
    tell(`Stopped at step ${step}. Continue with: meander train --resume "${path.basename(folder)}"`);
  if (json) say(JSON.stringify({ folder, outcome, step, evaluation: last }));
  return outcome === 'stopped' ? 130 : 0;
}
