import path from 'node:path';
import { exportFormat } from '../../shared/jobs.ts';
import { type Command, UsageError } from '../command.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { say } from '../terminal.ts';
import { runAndFolder, weightsOf, weightsOptions } from '../weights.ts';

export const exportModel: Command = {
  name: 'export',
  summary: 'write weights of a run as a Hugging Face model folder',
  usage: 'RUN [options]',
  options: {
    ...weightsOptions,
    format: { type: 'string', value: 'DTYPE', help: 'float32, float16 or bfloat16 (default: float32)' },
    out: { type: 'string', value: 'DIR', help: 'new folder to write (default: exports/ of the run)' },
  },
  async run(args) {
    const { run, folder } = runAndFolder(args, homeOf(args));
    const format = exportFormat.safeParse(args.text('format') ?? 'float32');
    if (!format.success) throw new UsageError('--format is float32, float16 or bfloat16');
    const weights = weightsOf(args, run);
    const out = args.text('out');
    const name = `${weights.of}${weights.step === null ? '' : `-step-${weights.step}`}-${format.data}`;
    const target = out === null ? path.join(folder, 'exports', name) : path.resolve(out);
    const result = await jobWithProgress({ kind: 'export', folder, weights, format: format.data, target }, 'Exporting');
    say(result.path ?? target);
    if (args.flag('json')) say(JSON.stringify({ path: result.path ?? target, step: result.step }));
    return 0;
  },
};
