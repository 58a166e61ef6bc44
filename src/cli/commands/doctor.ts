import type { Command } from '../command.ts';
import { jobWithProgress } from '../job.ts';
import { say, table } from '../terminal.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'say what this machine can do and which engine it will use',
  usage: '[options]',
  options: {
    seconds: { type: 'string', value: 'S', help: 'seconds of measuring per engine (default: 1)' },
  },
  async run(args) {
    const seconds = args.number('seconds', { min: 0.1, max: 60 }) ?? 1;
    const { doctor: found } = await jobWithProgress({ kind: 'doctor', seconds }, 'Measuring', { quiet: true });
    if (!found) return 1;
    const rows = found.backends.map((b) => [
      b.name,
      b.works ? 'works' : 'missing',
      b.gflops === null ? '' : `${b.gflops.toFixed(1)} GFLOP/s`,
      b.threads === null ? '' : `${b.threads} threads`,
      b.works ? [b.device, b.family].filter(Boolean).join(', ') : b.text,
    ]);
    say(table([['engine', '', 'speed', '', ''], ...rows], [false, false, true, true, false]));
    say(`\nRuns use ${found.why}.`);
    say(`Node ${process.versions.node} on ${process.platform} ${process.arch}.`);
    if (args.flag('json')) say(JSON.stringify(found));
    return 0;
  },
};
