import path from 'node:path';
import { exportFormat, exportLayout } from '../../shared/jobs.ts';
import { type Command, UsageError } from '../command.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { say } from '../terminal.ts';
import { runAndFolder, weightsOf, weightsOptions } from '../weights.ts';

export const exportModel: Command = {
  name: 'export',
  summary: 'write weights of a run as a Hugging Face model folder or a nanoGPT checkpoint',
  usage: 'RUN [options]',
  operands: true,
  options: {
    ...weightsOptions,
    format: { type: 'string', value: 'DTYPE', help: 'float32, float16 or bfloat16 (default: float32)' },
    layout: { type: 'string', value: 'NAME', help: 'huggingface, or nanogpt for one .pt file (default: huggingface)' },
    out: { type: 'string', value: 'PATH', help: 'folder or file to write (default: in exports/ of the run)' },
  },
  notes: [
    'With --layout nanogpt the file opens in nanoGPT’s sample.py and in torch.load(weights_only=True).',
    'It holds no optimizer state, so nanoGPT cannot train on from it; and nanoGPT has no tanh GELU.',
  ],
  async run(args) {
    const { run, folder } = runAndFolder(args, homeOf(args));
    const format = exportFormat.safeParse(args.text('format') ?? 'float32');
    if (!format.success) throw new UsageError('--format is float32, float16 or bfloat16');
    const layout = exportLayout.safeParse(args.text('layout') ?? 'huggingface');
    if (!layout.success) throw new UsageError('--layout is huggingface or nanogpt');
    const weights = weightsOf(args, run);
    const out = args.text('out');
    const name = `${weights.of}${weights.step === null ? '' : `-step-${weights.step}`}-${format.data}${layout.data === 'nanogpt' ? '.pt' : ''}`;
    const target = out === null ? path.join(folder, 'exports', name) : path.resolve(out);
    const spec = { folder, weights, format: format.data, layout: layout.data, target };
    const result = await jobWithProgress({ kind: 'export', ...spec }, 'Exporting');
    say(result.path ?? target);
    if (args.flag('json')) say(JSON.stringify({ path: result.path ?? target, step: result.step }));
    return 0;
  },
};
