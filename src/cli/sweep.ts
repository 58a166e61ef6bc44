/** `train --sweep`: the runs of a grid, trained one after another; the same call again goes on where it was left. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { checkpointSteps } from '../app/run-files.ts';
import type { RunConfig } from '../shared/config.ts';
import { UserError } from '../shared/errors.ts';
import type { EvaluationLine } from '../shared/metrics.ts';
import { policyWarnings } from '../shared/policies.ts';
import { expandSweep, type SweepAxis, sweepConfigs } from '../shared/sweep.ts';
import { findField, parseSweepValues, sweepFields } from '../shared/sweep-fields.ts';
import { UsageError } from './command.ts';
import { jobWithProgress } from './job.ts';
import { lastEvaluation, loss, plusMinus } from './results.ts';
import { readRunConfig } from './run-config.ts';
import { say, table, tell } from './terminal.ts';

export interface Trained {
  readonly config: RunConfig;
  readonly folder: string;
  readonly outcome: 'finished' | 'stopped' | 'failed';
  readonly step: number;
  readonly evaluation: EvaluationLine | null;
}

/** The axes of `KEY=V1,V2` options. @throws UsageError on a key or value that the configuration does not take */
export function readSweep(base: RunConfig, options: readonly string[]): SweepAxis[] {
  const fields = sweepFields(base);
  return options.map((option) => {
    const at = option.indexOf('=');
    if (at < 1) throw new UsageError(`--sweep takes key=value,value, not "${option}"`);
    return asUsage(() => {
      const field = findField(fields, option.slice(0, at));
      return { field: field.field, values: parseSweepValues(field, option.slice(at + 1)) };
    });
  });
}

/** The configurations of the grid. @throws UsageError when they are no grid, too many, or not all sound */
export const sweptConfigs = (base: RunConfig, axes: readonly SweepAxis[]): RunConfig[] =>
  asUsage(() => sweepConfigs(base, axes));

/** @returns the exit code: 0 all finished, 1 one of them failed, 130 stopped by the user */
export async function trainSweep(
  home: string,
  base: RunConfig,
  axes: readonly SweepAxis[],
  json: boolean,
): Promise<number> {
  const configs = sweptConfigs(base, axes);
  const folders = configs.map((config) => path.join(home, 'runs', config.name));
  for (const [i, folder] of folders.entries()) await mayTrain(configs[i]!, folder);
  const warnings = new Set(configs.flatMap((config) => policyWarnings(config).map(({ id, text }) => `${id}: ${text}`)));
  for (const warning of warnings) tell(warning);
  const trained: Trained[] = [];
  for (const [i, config] of configs.entries()) {
    tell(`[${i + 1}/${configs.length}] ${config.name}`);
    trained.push(await trainOne(config, folders[i]!));
    if (trained.at(-1)!.outcome === 'stopped') break;
  }
  say(sweepTable(trained));
  const best = bestOf(trained);
  if (best) say(`Lowest: ${best.of} of "${best.run}", ${loss(best.loss)}`);
  const stopped = trained.at(-1)?.outcome === 'stopped';
  if (stopped) tell('Stopped. The same command goes on where this one ended.');
  const values = expandSweep(base, axes).map((run) => run.values);
  if (json)
    say(
      JSON.stringify({
        runs: trained.map(({ config, folder, outcome, step, evaluation }, i) => ({
          name: config.name,
          folder,
          values: Object.fromEntries(axes.map(({ field }, axis) => [field, values[i]![axis]])),
          outcome,
          step,
          evaluation,
        })),
        planned: configs.length,
        lowest: best,
      }),
    );
  if (stopped) return 130;
  return trained.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

/** A run that an earlier call made goes on; any other of its name is not touched. */
export async function mayTrain(config: RunConfig, folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const made = await readRunConfig(folder);
  if (JSON.stringify(made) !== JSON.stringify(config))
    throw new UsageError(
      `there is a run called "${config.name}" already, with another configuration; choose another --name`,
    );
}

/** A failure is told and does not keep the other runs from their turn. */
export async function trainOne(config: RunConfig, folder: string): Promise<Trained> {
  const newest = (await checkpointSteps(folder)).at(-1) ?? null;
  let ended: Pick<Trained, 'outcome' | 'step'> = { outcome: 'finished', step: config.steps };
  if (newest !== null && newest >= config.steps) tell('It has made all its steps already.');
  else
    try {
      const result = await jobWithProgress({ kind: 'train', folder, config, resume: newest !== null }, 'Training');
      ended = { outcome: result.outcome, step: result.step ?? config.steps };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      tell(`${config.name}: ${error.message}\n${error.next}`);
      ended = { outcome: 'failed', step: (await checkpointSteps(folder)).at(-1) ?? 0 };
    }
  // A run that failed at its start has measured nothing, and may have no metrics.
  const evaluation = await lastEvaluation(folder).catch(() => null);
  return { config, folder, ...ended, evaluation };
}

/** The average with the lowest last loss; one whose window still fills is never called best. */
function bestAverage(evaluation: EvaluationLine | null): [string, EvaluationLine['averages'][string]] | null {
  const full = Object.entries(evaluation?.averages ?? {}).filter(([, { full, loss }]) => full && loss !== null);
  return full.sort(([, a], [, b]) => a.loss! - b.loss!)[0] ?? null;
}

function sweepTable(trained: readonly Trained[]): string {
  const rows = trained.map(({ config, outcome, step, evaluation }) => {
    const best = bestAverage(evaluation);
    return [
      config.name,
      outcome === 'finished' ? String(step) : `${outcome} at ${step}`,
      evaluation === null ? '' : loss(evaluation.raw),
      best === null ? '' : best[0],
      best === null ? '' : loss(best[1].loss),
      best === null || best[1].difference === null ? '' : plusMinus(best[1].difference, best[1].standardError ?? 0),
    ];
  });
  return table(
    [['run', 'steps', 'raw', 'best average', 'loss', 'difference to raw'], ...rows],
    [false, true, true, false, true, true],
  );
}

function bestOf(trained: readonly Trained[]): { run: string; of: string; loss: number } | null {
  const all = trained.flatMap(({ config, evaluation }) => {
    const average = bestAverage(evaluation);
    return [
      { run: config.name, of: 'raw', loss: evaluation?.raw ?? null },
      { run: config.name, of: average?.[0] ?? '', loss: average?.[1].loss ?? null },
    ];
  });
  const measured = all.flatMap((one) => (one.loss === null ? [] : [{ ...one, loss: one.loss }]));
  return measured.sort((a, b) => a.loss - b.loss)[0] ?? null;
}

/** What is wrong with the call's own words is a wrong call. */
export function asUsage<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof UserError) throw new UsageError(`${error.message} ${error.next}`);
    throw error;
  }
}
