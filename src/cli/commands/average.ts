import path from 'node:path';
import { exportFormat } from '../../shared/export-layouts.ts';
import type { JobResult } from '../../shared/jobs.ts';
import { type MergeMethod, type MergeRecipe, type MergeWindows, mergeRecipe } from '../../shared/merges.ts';
import { type Arguments, type Command, UsageError } from '../command.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { say, tell } from '../terminal.ts';

const methods = ['uniform', 'weights', 'linear', 'ema', 'interpolate', 'slerp', 'search', 'soup'] as const;

export const average: Command = {
  name: 'average',
  summary: 'write means of models, or of the revisions in a folder, oldest first',
  usage: 'MODEL MODEL… | FOLDER --out DIR [options]',
  operands: true,
  options: {
    out: { type: 'string', value: 'DIR', help: 'new folder to write' },
    format: { type: 'string', value: 'DTYPE', help: 'float32, float16 or bfloat16 (default: float32)' },
    method: { type: 'string', value: 'METHOD', help: `${methods.join(', ')} (default: uniform)` },
    weights: { type: 'string', value: 'W,W,…', help: 'for weights: one number for each model, oldest first' },
    beta: { type: 'string', value: 'BETA', help: 'for ema: the share that the mean keeps, between 0 and 1' },
    lambda: { type: 'string', value: 'L', help: 'for interpolate and slerp: 0 is the older of two, 1 the newer' },
    last: { type: 'string', value: 'K', help: 'the newest K alone' },
    sliding: { type: 'string', value: 'K', help: 'one mean for every revision that has K, itself included, behind it' },
    blocks: { type: 'string', value: 'K', help: 'one mean for each K, without overlap' },
    spacing: { type: 'string', value: 'STEPS', help: 'of a window; default: revisions that follow one another' },
    precision: { type: 'string', value: 'DTYPE', help: 'of the sum, float32 or float64 (default: float32)' },
    'no-hashes': { type: 'boolean', help: 'leave out the SHA-256 of inputs, which takes longer than the mean' },
    dataset: { type: 'string', value: 'NAME', help: 'for search and soup: a dataset, or the path of one' },
    'validation-blocks': { type: 'string', value: 'N', help: 'for search and soup (default: 256)' },
    evaluations: { type: 'string', value: 'N', help: 'for search: at most so many values of lambda (default: 12)' },
  },
  notes: [
    'A MODEL is a run (its newest checkpoint), a checkpoint, an export, a Hugging Face folder, or a checkpoint of nanoGPT.',
    'A single FOLDER holds revisions of one model, which are put in order by step: step1000, step-00001000, checkpoint-1000, ckpt_1000.pt; or it is a run.',
    'Any architecture will do; safetensors or pytorch_model.bin, in one file or in shards, a .pt file, or a .bin of llm.c.',
    'They may be mixed. Pickles are read without running anything in them; the output is a Hugging Face folder.',
    'A power EMA of another width needs no merge: evaluate, sample and export take it as --of power@0.15.',
    'The sum is taken in the order given and rounded once at the end. A merge that was killed goes on where it was when the same command is given again.',
    'search and soup choose on one half of the validation blocks and report on the other (GPT-2, GPT-NeoX and Llama).',
  ],
  async run(args) {
    if (args.positionals.length === 0) throw new UsageError('name models, or a folder of revisions');
    const out = args.text('out');
    if (out === null) throw new UsageError('--out is missing');
    const format = exportFormat.safeParse(args.text('format') ?? 'float32');
    if (!format.success) throw new UsageError('--format is float32, float16 or bfloat16');
    const recipe = recipeOf(args);
    const inputs = args.positionals.map((folder) => path.resolve(folder));
    const result = await jobWithProgress(
      { kind: 'average', inputs, target: path.resolve(out), format: format.data, recipe },
      'Averaging',
      { quiet: true },
    );
    if (result.outcome === 'stopped') {
      tell('Stopped: nothing was written.');
      return 130;
    }
    sayFound(result);
    const outputs = result.outputs ?? [path.resolve(out)];
    for (const folder of outputs) say(folder);
    if (args.flag('json')) say(JSON.stringify({ path: result.path, inputs, outputs, search: result.search ?? null }));
    return 0;
  },
};

function sayFound({ search }: JobResult): void {
  if (!search) return;
  for (const { what, loss } of search.tried) tell(`${loss.toFixed(4)}  ${what}`);
  const by = `${search.difference.toFixed(4)} ± ${search.standardError.toFixed(4)}`;
  tell(`Chosen: ${search.chosen}. On the other half of the blocks: ${search.loss.toFixed(4)},`);
  tell(`${by} against ${search.against} (${search.verdict}).`);
}

function recipeOf(args: Arguments): MergeRecipe {
  const parsed = mergeRecipe.safeParse({
    method: methodOf(args),
    windows: windowsOf(args),
    precision: args.text('precision') ?? 'float32',
    hashes: !args.flag('no-hashes'),
  });
  if (parsed.success) return parsed.data;
  const { path: where, message } = parsed.error.issues[0];
  throw new UsageError(`--${String(where.at(-1))}: ${message}`);
}

function methodOf(args: Arguments): MergeMethod {
  const name = args.text('method') ?? (args.text('weights') === null ? 'uniform' : 'weights');
  const kind = methods.find((method) => method === name);
  if (!kind) throw new UsageError(`--method is one of ${methods.join(', ')}`);
  const needed = (option: string): number => {
    const value = args.number(option);
    if (value === null) throw new UsageError(`--method ${kind} wants --${option}`);
    return value;
  };
  switch (kind) {
    case 'uniform':
    case 'linear':
      return { kind };
    case 'weights': {
      const weights = (args.text('weights') ?? '').split(',').map((word) => (word.trim() === '' ? Number.NaN : +word));
      if (weights.some(Number.isNaN)) throw new UsageError('--weights takes numbers with commas between them');
      return { kind, weights };
    }
    case 'ema':
      return { kind, beta: needed('beta') };
    case 'interpolate':
    case 'slerp':
      return { kind, lambda: needed('lambda') };
    case 'search':
    case 'soup': {
      const dataset = args.text('dataset');
      if (dataset === null) throw new UsageError(`--method ${kind} wants --dataset`);
      const folder = /[\\/]/.test(dataset) ? path.resolve(dataset) : path.join(homeOf(args), 'datasets', dataset);
      const blocks = args.number('validation-blocks', { min: 2, integer: true }) ?? 256;
      if (kind === 'soup') return { kind, dataset: folder, blocks };
      const evaluations = args.number('evaluations', { min: 4, max: 64, integer: true }) ?? 12;
      return { kind, dataset: folder, blocks, evaluations };
    }
  }
}

function windowsOf(args: Arguments): MergeWindows | null {
  const named = (['last', 'sliding', 'blocks'] as const).filter((kind) => args.text(kind) !== null);
  if (named.length > 1) throw new UsageError(`--${named.join(' and --')} exclude each other`);
  const spacing = args.number('spacing', { min: 1, integer: true });
  const [kind] = named;
  if (!kind || kind === 'blocks') {
    if (spacing !== null) throw new UsageError('--spacing goes with --last or --sliding');
    return kind ? { kind, k: args.number(kind, { min: 2, integer: true })! } : null;
  }
  return { kind, k: args.number(kind, { min: 2, integer: true })!, spacing };
}
