/** `meander study`: trains the grid and its cooldowns, then writes what they measured as CSV and figures. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { RunConfig } from '../shared/config.ts';
import { withFileErrors, writeFileAtomically } from '../shared/files.ts';
import { cooldownConfig } from '../shared/fork.ts';
import { policyWarnings } from '../shared/policies.ts';
import { annealed, cooldownLength, type StudyRun, StudyTable, studyCsv, studyPoints } from '../shared/study.ts';
import { studyFigures } from '../shared/study-figures.ts';
import { studyRows, studyWords } from '../shared/study-words.ts';
import { sweepValueText } from '../shared/sweep-fields.ts';
import { jobWithProgress } from './job.ts';
import { evaluations, readMetrics } from './results.ts';
import { mayTrain, type Trained, trainOne } from './sweep.ts';
import { say, table, tell } from './terminal.ts';

export interface StudyOptions {
  readonly home: string;
  /** The runs of the grid, as `studyConfig` and the sweep make them. */
  readonly configs: readonly RunConfig[];
  /** Folder of the results; made where it is not there. */
  readonly out: string;
  readonly json: boolean;
}

interface Member {
  readonly config: RunConfig;
  readonly folder: string;
  readonly cooldown: RunConfig;
  readonly cooldownFolder: string;
}

/** @returns the exit code: 0 all finished, 1 one of them failed, 130 stopped by the user */
export async function runStudy({ home, configs, out, json }: StudyOptions): Promise<number> {
  const { steps } = configs[0];
  const length = cooldownLength(steps);
  const members = configs.map((config): Member => {
    const fork = { run: config.name, step: steps - length, end: steps, name: `${config.name} cooldown` };
    const runs = path.join(home, 'runs');
    const cooldown = cooldownConfig(config, fork);
    return { config, cooldown, folder: path.join(runs, config.name), cooldownFolder: path.join(runs, cooldown.name) };
  });
  for (const { config, folder, cooldown, cooldownFolder } of members) {
    await mayTrain(config, folder);
    await mayTrain(cooldown, cooldownFolder);
  }
  const warnings = new Set(configs.flatMap((config) => policyWarnings(config).map(({ id, text }) => `${id}: ${text}`)));
  for (const warning of warnings) tell(warning);
  tell(
    `${configs.length} runs of ${steps} updates and a cooldown of ${length} for each: ` +
      `${configs.length * (steps + length)} updates in all. What is finished already is not trained again.`,
  );
  const runs: StudyRun[] = [];
  let failed = 0;
  for (const [i, member] of members.entries()) {
    tell(`[${i + 1}/${members.length}] ${member.config.name}`);
    const trained = await trainBoth(member);
    if (trained === 'stopped') {
      tell('Stopped. The same command goes on where this one ended.');
      return 130;
    }
    if (trained === 'failed') failed++;
    runs.push(await measured(member));
  }
  const results = new StudyTable(studyPoints(runs), configs[0]);
  const files = await write(out, results, configs);
  say(rateTable(results));
  for (const sentence of studyWords(results, length)) say(sentence);
  say(`Written to ${out}: ${files.join(', ')}`);
  if (json) say(JSON.stringify(summary(results, out, files, failed)));
  return failed > 0 ? 1 : 0;
}

/** A run that fails, or whose cooldown does, does not keep the others from their turn. */
async function trainBoth(member: Member): Promise<Trained['outcome']> {
  const trunk = await trainOne(member.config, member.folder);
  if (trunk.outcome !== 'finished') return trunk.outcome;
  return (await trainOne(member.cooldown, member.cooldownFolder)).outcome;
}

async function measured({ config, folder, cooldown, cooldownFolder }: Member): Promise<StudyRun> {
  const of = async (run: string): Promise<StudyRun['evaluations']> =>
    evaluations(await readMetrics(run).catch(() => []));
  const run = { rate: config.schedule.peak, seed: config.seed, evaluations: await of(folder) };
  const own = await of(cooldownFolder);
  const last = own.at(-1);
  const over = last?.step === config.steps && run.evaluations.at(-1)?.step === config.steps;
  if (!over || last.raw === null || run.evaluations.at(-1)?.raw === null)
    return { ...run, cooldown: [], annealed: null };
  const weights = [
    { run: config.name, step: null, of: 'raw' },
    { run: cooldown.name, step: null, of: 'raw' },
  ];
  const { blocks } = config.evaluation;
  const job = { kind: 'evaluate', folder, weights, blocks } as const;
  const { evaluations: pair = [] } = await jobWithProgress(job, 'Comparing', { quiet: true });
  return { ...run, cooldown: own, annealed: pair[1] ?? null };
}

async function write(out: string, results: StudyTable, configs: readonly RunConfig[]): Promise<string[]> {
  const { batch, model } = configs[0];
  const tokens = batch.microBatch * batch.accumulation * model.blockSize;
  const seeds = new Set(configs.map(({ seed }) => seed)).size;
  const atEnd = results.points.filter(({ step }) => step === results.end);
  const files: Record<string, string> = {
    'results.csv': studyCsv(atEnd, tokens),
    'progress.csv': studyCsv(results.points, tokens),
    ...studyFigures(results, configs[0], seeds),
  };
  await withFileErrors(out, () => mkdir(out, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFileAtomically(path.join(out, name), text);
  return Object.keys(files);
}

function rateTable(results: StudyTable): string {
  const rows = studyRows(results).map(({ rate, of, loss, gain, seeds }) => [
    of === 'raw' ? sweepValueText(rate) : '',
    of === annealed ? 'annealed run' : of,
    loss,
    gain,
    String(seeds),
  ]);
  const head = ['learning rate', 'weights', 'loss ± deviation', 'against raw of its run', 'seeds'];
  return table([head, ...rows], [true, false, true, true, true]);
}

function summary(results: StudyTable, out: string, files: readonly string[], failed: number): Record<string, unknown> {
  const rates = results.rates.map((rate) => ({
    rate,
    losses: Object.fromEntries(
      ['raw', ...results.policies, annealed].map((of) => [of === annealed ? 'annealed' : of, results.loss(of, rate)]),
    ),
  }));
  const best = { raw: results.bestRate('raw'), average: results.bestPolicy(), annealed: results.bestRate(annealed) };
  return { out, files, failed, best, rates };
}
