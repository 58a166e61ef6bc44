import { existsSync } from 'node:fs';
import path from 'node:path';
import { rescueConfig } from '../../shared/fork.ts';
import { type Command, UsageError } from '../command.ts';
import { homeOf } from '../job.ts';
import { readRunConfig } from '../run-config.ts';
import { newestSpike, trainToTheEnd } from '../train-run.ts';
import { runAndFolder } from '../weights.ts';

export const rescue: Command = {
  name: 'rescue',
  summary: 'train a child run from the mean of the weights before a spike of the training loss',
  usage: 'RUN [options]',
  operands: true,
  options: { name: { type: 'string', value: 'NAME', help: 'name of the child (default: made from RUN)' } },
  notes: [
    'A spike is a training loss above the median of the last 200 steps by max(6 MAD, 0.3) for 3 steps after warm-up,' +
      ' or one that is not finite. The child starts from the mean of the 3 newest snapshots before it, with fresh' +
      ' moments and a second warm-up of 100 steps, and takes the batches after the spike’s.',
    'meander train --rescue does this by itself.',
  ],
  async run(args) {
    const home = homeOf(args);
    const { run, folder } = runAndFolder(args, home);
    const spike = await newestSpike(folder);
    if (!spike) throw new UsageError(`the training loss of "${run}" has not spiked`);
    const name = args.text('name') ?? `${run} rescue`;
    const target = path.join(home, 'runs', name);
    if (existsSync(target)) throw new UsageError(`there is a run called "${name}" already; choose another --name`);
    const config = rescueConfig(await readRunConfig(folder), run, name, spike);
    return trainToTheEnd({ folder: target, config, resume: false }, args.flag('json'));
  },
};
