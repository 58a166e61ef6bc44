import type { EvaluationResult } from '../../shared/jobs.ts';
import { type Arguments, type Command, UsageError } from '../command.ts';
import { modelPath } from '../from-model.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { loss, plusMinus } from '../results.ts';
import { say, table } from '../terminal.ts';
import { runAndFolder } from '../weights.ts';
import { datasetFolder } from './train.ts';

export const evaluate: Command = {
  name: 'evaluate',
  summary: 'measure raw weights and averages of a run on its validation text, or models of others on a dataset',
  usage: 'RUN [--of raw,lawa,ema] [options] | MODEL… --dataset NAME',
  operands: true,
  options: {
    step: { type: 'string', value: 'STEP', help: 'checkpoint (default: the newest)' },
    of: {
      type: 'string',
      value: 'IDS',
      help: 'raw and ids of policies, with commas, or ID@WIDTH of a power EMA; the first is what the others are compared with (default: raw)',
    },
    dataset: { type: 'string', value: 'NAME', help: 'for models of others: a dataset, or the path of one' },
    blocks: { type: 'string', value: 'N', help: 'validation blocks (default: 256)' },
  },
  notes: [
    'A MODEL is a path: of a Hugging Face folder (GPT-2, GPT-NeoX, Llama), an export, or a checkpoint of nanoGPT. The',
    'dataset is one of the model’s own tokenizer: meander prepare --tokenizer PATH/tokenizer.json makes it.',
  ],
  async run(args) {
    const models = args.positionals.map(modelPath);
    if (models.some((model) => model !== null)) return evaluateModels(args, models);
    if (args.text('dataset') !== null)
      throw new UsageError('a run is measured on its own dataset: leave --dataset out');
    const { run, folder } = runAndFolder(args, homeOf(args));
    const ids = (args.text('of') ?? 'raw').split(',').filter((id) => id !== '');
    if (ids.length === 0) throw new UsageError('--of names no weights');
    const step = args.number('step', { min: 0, integer: true });
    const blocks = args.number('blocks', { min: 1, integer: true }) ?? 256;
    const weights = ids.map((of) => ({ run, step, of }));
    const { evaluations = [] } = await jobWithProgress({ kind: 'evaluate', folder, weights, blocks }, 'Measuring');
    say(evaluationsTable(evaluations, (of, step) => `${of} at ${step}`));
    if (args.flag('json')) say(JSON.stringify(evaluations));
    return 0;
  },
};

/** @param paths of models; null where a run was named */
async function evaluateModels(args: Arguments, paths: readonly (string | null)[]): Promise<number> {
  if (paths.includes(null)) throw new UsageError('name one run, or paths of models; a run’s folder is a path too');
  for (const option of ['step', 'of'])
    if (args.text(option) !== null) throw new UsageError(`--${option} is for a run, and paths of models were named`);
  const given = args.text('dataset');
  if (given === null) throw new UsageError('models are measured on a dataset: --dataset is missing');
  const dataset = datasetFolder(homeOf(args), given);
  const blocks = args.number('blocks', { min: 1, integer: true }) ?? 256;
  const job = { kind: 'evaluate-models', paths: paths as string[], dataset, blocks } as const;
  const { evaluations = [] } = await jobWithProgress(job, 'Measuring');
  say(evaluationsTable(evaluations, (of) => of));
  if (args.flag('json')) say(JSON.stringify(evaluations));
  return 0;
}

function evaluationsTable(results: readonly EvaluationResult[], name: (of: string, step: number) => string): string {
  const rows = results.map((r, i) => [
    name(r.of, r.step),
    loss(r.loss),
    r.perplexity?.toFixed(2) ?? '∞',
    r.bitsPerByte?.toFixed(4) ?? '',
    i === 0 ? '' : plusMinus(r.difference, r.standardError),
    i === 0 ? '' : r.verdict,
  ]);
  const head = ['weights', 'loss', 'perplexity', 'bits per byte', 'difference to the first', ''];
  return table([head, ...rows], [false, true, true, true, true, false]);
}
