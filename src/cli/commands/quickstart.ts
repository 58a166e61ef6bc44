/** The main job, end to end: data, training with three averages, the annealed rival, the comparison, the export. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { locate } from '../../app/locate.ts';
import { sampleDataset } from '../../app/sample-corpus.ts';
import type { RunConfig } from '../../shared/config.ts';
import { type DatasetMeta, datasetMeta } from '../../shared/dataset.ts';
import { withSteps } from '../../shared/fit.ts';
import { cooldownConfig } from '../../shared/fork.ts';
import type { EvaluationResult } from '../../shared/jobs.ts';
import { presetConfig, quickstartUnits } from '../../shared/presets.ts';
import { reachedAt } from '../../shared/statistics.ts';
import { type Arguments, type Command, UsageError } from '../command.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { evaluations, loss, plusMinus, readMetrics, signed } from '../results.ts';
import { bytes, count, duration, say, table, tell } from '../terminal.ts';

/** Seconds of training that T is sized for. */
const trainingSeconds = 80;
const leastSteps = 1000;
/** The cooldown takes the last fifth. */
const cooldownShare = 0.2;
const sampleLength = 240;

export const quickstart: Command = {
  name: 'quickstart',
  summary: 'train a small model, average its weights, compare with an annealed run, export the best: a few minutes',
  usage: '[options]',
  options: {
    seed: { type: 'string', value: 'N', help: 'seed of weights and batches (default: 1337)' },
    steps: {
      type: 'string',
      value: 'T',
      help: `updates, a multiple of ${quickstartUnits} (default: what ${trainingSeconds} s allow, at least ${leastSteps})`,
    },
    'learning-rate': { type: 'string', value: 'LR', help: 'constant learning rate (default: 3e-3)' },
    threads: { type: 'string', value: 'N', help: 'threads of the processor (default: one per core)' },
  },
  async run(args) {
    const started = Number(process.env.MEANDER_STARTED ?? Date.now());
    const home = homeOf(args);
    say('Meander quickstart: does averaging the weights of one run give a better model?\n');
    const dataset = await prepared(home);
    const config = await sized(args, home, dataset);
    say(describe(config));

    const runs = path.join(home, 'runs');
    const folder = path.join(runs, config.name);
    const trunk = await jobWithProgress({ kind: 'train', folder, config, resume: false }, 'Training');
    if (trunk.outcome === 'stopped') return stopped(config.name);

    const forkAt = config.steps - Math.round(config.steps * cooldownShare);
    const annealedConfig = cooldownConfig(config, {
      run: config.name,
      step: forkAt,
      end: config.steps,
      name: `${config.name} cooldown`,
    });
    const annealedFolder = path.join(runs, annealedConfig.name);
    const fork = await jobWithProgress(
      { kind: 'train', folder: annealedFolder, config: annealedConfig, resume: false },
      'Cooldown',
      {
        quiet: true,
      },
    );
    if (fork.outcome === 'stopped') return stopped(annealedConfig.name);

    const policies = config.policies.map((policy) => policy.id);
    const compared = await compare(config, folder, annealedConfig.name, policies);
    const lines = evaluations(await readMetrics(folder));
    const reached = Object.fromEntries(policies.map((id) => [id, reachedAt(lines, id)]));
    say(`\n${resultTable(compared, reached, config.steps)}`);
    const best = bestAverage(compared, policies);
    const duel = await duelWithAnnealed(config, folder, annealedConfig.name, best);
    say(`\n${duelText(duel, best, config.steps - forkAt)}`);

    await twoSamples(config.name, folder, best);
    const target = path.join(folder, 'exports', `${best}-float32`);
    const exported = await jobWithProgress(
      { kind: 'export', folder, weights: { run: config.name, step: null, of: best }, format: 'float32', target },
      'Exporting',
      { quiet: true },
    );
    const seconds = (Date.now() - started) / 1000;
    say(`\nThe averaged model (${best}), as a Hugging Face folder: ${exported.path ?? target}`);
    say(`Look at the run in the window: npm start. All of it took ${duration(seconds)}.`);
    if (args.flag('json'))
      say(JSON.stringify(summary(compared, policies, reached, best, exported.path ?? target, seconds)));
    return 0;
  },
};

function stopped(run: string): number {
  tell(`Stopped. Continue it with: npm run meander -- train --resume "${run}"`);
  return 130;
}

async function prepared(home: string): Promise<{ folder: string; meta: DatasetMeta }> {
  const config = sampleDataset(locate());
  const folder = path.join(home, 'datasets', config.name);
  const { dataset } = await jobWithProgress({ kind: 'prepare', folder, config }, 'Preparing', { quiet: true });
  const meta = dataset ?? datasetMeta.parse(JSON.parse(await readFile(path.join(folder, 'dataset.json'), 'utf8')));
  say(
    `Data: ${meta.train.documents} State of the Union addresses to train on (${count(meta.train.tokens)} characters), ` +
      `${meta.val.documents} others to validate on (${bytes(meta.val.bytes)}).`,
  );
  return { folder, meta };
}

/** The preset at the seed and learning rate asked for, as long as the machine's speed allows. */
async function sized(
  args: Arguments,
  home: string,
  dataset: { folder: string; meta: DatasetMeta },
): Promise<RunConfig> {
  const seed = args.number('seed', { min: 0, max: 0xffffffff, integer: true }) ?? undefined;
  const rate = args.number('learning-rate', { min: 0 });
  const threads = args.number('threads', { min: 1, max: 1024, integer: true });
  const steps = args.number('steps', { min: quickstartUnits, integer: true });
  if (steps !== null && steps % quickstartUnits !== 0)
    throw new UsageError(`--steps takes a multiple of ${quickstartUnits}`);
  const base = presetConfig('quickstart', {
    name: freeName(path.join(home, 'runs'), 'quickstart'),
    dataset: { folder: dataset.folder, tokenizer: dataset.meta.tokenizer },
    ...(seed === undefined ? {} : { seed }),
  });
  const config: RunConfig = {
    ...base,
    schedule: { ...base.schedule, peak: rate ?? base.schedule.peak },
    device: { ...base.device, threads },
  };
  if (steps !== null) return withSteps(config, steps);
  const { probe } = await jobWithProgress({ kind: 'probe', config, seconds: 5 }, 'Probing', { quiet: true });
  const wanted = probe ? trainingSeconds / probe.secondsPerStep : leastSteps;
  return withSteps(config, Math.ceil(Math.max(leastSteps, wanted) / quickstartUnits) * quickstartUnits);
}

function freeName(runs: string, base: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base} ${n}`;
    if (!existsSync(path.join(runs, name)) && !existsSync(path.join(runs, `${name} cooldown`))) return name;
  }
}

function describe(config: RunConfig): string {
  const { model, batch, schedule, steps, policies } = config;
  const windows = policies.map((p) => {
    if (p.kind === 'lawa') return `LAWA (last ${p.k} weights, ${p.spacing} steps apart)`;
    if (p.kind === 'ema') return `EMA (β = ${p.decay.toFixed(4)})`;
    if (p.kind === 'wma') return `WMA (last ${p.k} weights, ${p.spacing} steps apart, ${p.weights})`;
    if (p.kind === 'power') return `power EMA (width ${p.widths[0]})`;
    if (p.kind === 'tail') return `tail EMA (β = ${p.decay.toFixed(4)}, blended ${p.blend} into the newest weights)`;
    return 'SWA (from 75% of the run)';
  });
  return (
    `Model: GPT-2 of ${model.layers} layers, ${model.width} wide. ${steps} updates of ` +
    `${batch.microBatch * batch.accumulation * model.blockSize} tokens at a constant learning rate of ${schedule.peak}.\n` +
    `Averages that watch: ${windows.join(', ')}.`
  );
}

/** Raw first, then the averages, the annealed run last, all on the same fixed blocks. */
async function compare(
  config: RunConfig,
  folder: string,
  annealed: string,
  policies: readonly string[],
): Promise<EvaluationResult[]> {
  const weights = [
    ...['raw', ...policies].map((of) => ({ run: config.name, step: null, of })),
    { run: annealed, step: null, of: 'raw' },
  ];
  const { evaluations: results = [] } = await jobWithProgress(
    { kind: 'evaluate', folder, weights, blocks: config.evaluation.blocks },
    'Comparing',
    { quiet: true },
  );
  return results;
}

async function duelWithAnnealed(
  config: RunConfig,
  folder: string,
  annealed: string,
  best: string,
): Promise<EvaluationResult> {
  const weights = [
    { run: annealed, step: null, of: 'raw' },
    { run: config.name, step: null, of: best },
  ];
  const { evaluations: results = [] } = await jobWithProgress(
    { kind: 'evaluate', folder, weights, blocks: config.evaluation.blocks },
    'Comparing',
    { quiet: true },
  );
  return results[1];
}

function resultTable(
  results: readonly EvaluationResult[],
  reached: Record<string, number | null>,
  steps: number,
): string {
  const rows = results.map((result, i) => {
    const annealed = i === results.length - 1;
    const at = i === 0 ? `${steps}` : annealed ? '' : (reached[result.of]?.toString() ?? 'never');
    const difference = i === 0 ? '' : plusMinus(result.difference, result.standardError);
    return [annealed ? 'annealed run' : result.of, loss(result.loss), difference, i === 0 ? '' : result.verdict, at];
  });
  const head = ['weights', 'validation loss', 'difference to raw', '', 'raw’s final loss reached at step'];
  return table([head, ...rows], [false, true, true, false, true]);
}

function bestAverage(results: readonly EvaluationResult[], policies: readonly string[]): string {
  const averages = results.filter((result, i) => i > 0 && i < results.length - 1 && policies.includes(result.of));
  return averages.reduce((a, b) => (b.loss < a.loss ? b : a)).of;
}

function duelText(duel: EvaluationResult, best: string, extra: number): string {
  const size = `${signed(duel.difference)} ± ${duel.standardError.toFixed(4)} nats per token`;
  const cost = `The annealed run cost ${extra} extra updates; the averages cost none. Error bars cover evaluation blocks, not seeds.`;
  if (duel.verdict === 'no difference')
    return `The best average (${best}) and the annealed run are level (${size}). ${cost}`;
  return duel.verdict === 'better'
    ? `The best average (${best}) beats the annealed run by ${size}. ${cost}`
    : `The annealed run beats the best average (${best}, ${size}). ${cost}`;
}

async function twoSamples(run: string, folder: string, best: string): Promise<void> {
  const options = { prompt: 'The ', tokens: sampleLength, temperature: 0.7, topK: 0, topP: 0.95, seed: 1 };
  const texts: string[] = [];
  for (const which of ['raw', best]) {
    const job = { kind: 'sample', folder, weights: { run, step: null, of: which }, options } as const;
    const { text = '' } = await jobWithProgress(job, 'Sampling', { quiet: true });
    texts.push(`${options.prompt}${text}`);
  }
  say(`\n${sideBySide(['raw', best], texts, 52)}`);
}

/** Two texts in columns, wrapped at spaces. */
function sideBySide(heads: readonly string[], texts: readonly string[], width: number): string {
  const columns = texts.map((text) => wrapped(text, width));
  const lines = Math.max(...columns.map((c) => c.length));
  const row = (cells: readonly string[]): string =>
    cells
      .map((c) => c.padEnd(width))
      .join('  │  ')
      .trimEnd();
  return [
    row(heads),
    row(heads.map(() => '─'.repeat(width))),
    ...Array.from({ length: lines }, (_, i) => row(columns.map((c) => c[i] ?? ''))),
  ].join('\n');
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.replace(/\s+/g, ' ').trim().split(' ')) {
    const line = lines[lines.length - 1];
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word.slice(0, width));
    else lines[lines.length - 1] = line === '' ? word.slice(0, width) : `${line} ${word}`;
  }
  return lines;
}

function summary(
  results: readonly EvaluationResult[],
  policies: readonly string[],
  reached: Record<string, number | null>,
  best: string,
  exported: string,
  seconds: number,
): Record<string, unknown> {
  const averages = results.slice(1, -1);
  const byId = (value: (r: EvaluationResult) => number) => Object.fromEntries(averages.map((r) => [r.of, value(r)]));
  return {
    raw: results[0].loss,
    averages: byId((r) => r.loss),
    differences: byId((r) => r.difference),
    se: byId((r) => r.standardError),
    verdicts: Object.fromEntries(averages.map((r) => [r.of, r.verdict])),
    raw_reached_at: Object.fromEntries(policies.map((id) => [id, reached[id]])),
    annealed: results[results.length - 1].loss,
    best,
    export: exported,
    seconds,
  };
}
