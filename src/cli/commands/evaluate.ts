import type { EvaluationResult } from '../../shared/jobs.ts';
import { type Command, UsageError } from '../command.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { loss, plusMinus } from '../results.ts';
import { say, table } from '../terminal.ts';
import { runAndFolder } from '../weights.ts';

export const evaluate: Command = {
  name: 'evaluate',
  summary: 'measure raw weights and averages of a run on its validation text',
  usage: 'RUN [--of raw,lawa,ema] [options]',
  operands: true,
  options: {
    step: { type: 'string', value: 'STEP', help: 'checkpoint (default: the newest)' },
    of: {
      type: 'string',
      value: 'IDS',
      help: 'raw and ids of policies, with commas, or ID@WIDTH of a power EMA; the first is what the others are compared with (default: raw)',
    },
    blocks: { type: 'string', value: 'N', help: 'validation blocks (default: 256)' },
  },
  async run(args) {
    const { run, folder } = runAndFolder(args, homeOf(args));
    const ids = (args.text('of') ?? 'raw').split(',').filter((id) => id !== '');
    if (ids.length === 0) throw new UsageError('--of names no weights');
    const step = args.number('step', { min: 0, integer: true });
    const blocks = args.number('blocks', { min: 1, integer: true }) ?? 256;
    const weights = ids.map((of) => ({ run, step, of }));
    const { evaluations = [] } = await jobWithProgress({ kind: 'evaluate', folder, weights, blocks }, 'Measuring');
    say(evaluationsTable(evaluations));
    if (args.flag('json')) say(JSON.stringify(evaluations));
    return 0;
  },
};

function evaluationsTable(results: readonly EvaluationResult[]): string {
  const rows = results.map((r, i) => [
    `${r.of} at ${r.step}`,
    loss(r.loss),
    r.perplexity?.toFixed(2) ?? '∞',
    r.bitsPerByte?.toFixed(4) ?? '',
    i === 0 ? '' : plusMinus(r.difference, r.standardError),
    i === 0 ? '' : r.verdict,
  ]);
  const head = ['weights', 'loss', 'perplexity', 'bits per byte', 'difference to the first', ''];
  return table([head, ...rows], [false, true, true, true, true, false]);
}
