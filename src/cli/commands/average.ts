import path from 'node:path';
import { exportFormat } from '../../shared/export-layouts.ts';
import { type Command, UsageError } from '../command.ts';
import { jobWithProgress } from '../job.ts';
import { say, tell } from '../terminal.ts';

export const average: Command = {
  name: 'average',
  summary: 'write the uniform mean of models, oldest first',
  usage: 'MODEL MODEL… --out DIR [options]',
  operands: true,
  options: {
    out: { type: 'string', value: 'DIR', help: 'new folder to write' },
    format: { type: 'string', value: 'DTYPE', help: 'float32, float16 or bfloat16 (default: float32)' },
  },
  notes: [
    'A MODEL is a run (its newest checkpoint), a checkpoint, an export, a Hugging Face folder or a nanoGPT checkpoint.',
    'Any architecture will do; safetensors or pytorch_model.bin, in one file or in shards, or a .pt file.',
    'They may be mixed. Pickles are read without running anything in them; the output is a Hugging Face folder.',
    'A power EMA of another width needs no merge: evaluate, sample and export take it as --of power@0.15.',
    'The sum is taken in float32 in the order given and rounded once at the end.',
  ],
  async run(args) {
    if (args.positionals.length < 2) throw new UsageError('name at least two models');
    const out = args.text('out');
    if (out === null) throw new UsageError('--out is missing');
    const format = exportFormat.safeParse(args.text('format') ?? 'float32');
    if (!format.success) throw new UsageError('--format is float32, float16 or bfloat16');
    const inputs = args.positionals.map((folder) => path.resolve(folder));
    const result = await jobWithProgress(
      { kind: 'average', inputs, target: path.resolve(out), format: format.data },
      'Averaging',
    );
    if (result.outcome === 'stopped') {
      tell('Stopped: nothing was written.');
      return 130;
    }
    say(result.path ?? path.resolve(out));
    if (args.flag('json')) say(JSON.stringify({ path: result.path, inputs }));
    return 0;
  },
};
