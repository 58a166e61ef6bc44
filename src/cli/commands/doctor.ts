import { diagnose } from '../../app/doctor.ts';
import { locate } from '../../app/locate.ts';
import { doctorText } from '../../shared/doctor.ts';
import type { Command } from '../command.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { bytes, say } from '../terminal.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'say what this machine can do, which engine it will use, what is missing and how to mend it',
  usage: '[options]',
  options: {
    seconds: { type: 'string', value: 'S', help: 'seconds of measuring per engine (default: 1)' },
  },
  async run(args) {
    const seconds = args.number('seconds', { min: 0.1, max: 60 }) ?? 1;
    const errand = (job: Parameters<typeof jobWithProgress>[0]) => jobWithProgress(job, 'Measuring', { quiet: true });
    const report = await diagnose({ parts: locate(), home: homeOf(args), seconds, errand });
    say(doctorText(report, bytes));
    if (args.flag('json')) say(JSON.stringify(report));
    return 0;
  },
};
