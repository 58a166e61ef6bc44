import { existsSync } from 'node:fs';
import path from 'node:path';
import { continueConfig, cooldownConfig } from '../../shared/fork.ts';
import { type Command, UsageError } from '../command.ts';
import { homeOf } from '../job.ts';
import { readRunConfig } from '../run-config.ts';
import { trainToTheEnd } from '../train-run.ts';
import { runAndFolder } from '../weights.ts';

export const fork: Command = {
  name: 'fork',
  summary: 'train a child run from a checkpoint: longer, or cooled down to a learning rate of zero',
  usage: 'RUN --step S --end T [options]',
  operands: true,
  options: {
    step: { type: 'string', value: 'S', help: 'checkpoint of RUN to start from' },
    end: { type: 'string', value: 'T', help: 'step that the child ends at' },
    cooldown: {
      type: 'string',
      value: 'FORM',
      optionalValue: true,
      help: 'take the learning rate to zero by T: 1-sqrt or linear (default: the form in RUN’s schedule)',
    },
    name: { type: 'string', value: 'NAME', help: 'name of the child (default: made from RUN)' },
  },
  notes: [
    'Without --cooldown the child goes on with RUN’s own schedule and averages, to another end.',
    'The child keeps what it starts from in its own folder, so RUN may train on or be deleted.',
  ],
  async run(args) {
    const home = homeOf(args);
    const { run, folder } = runAndFolder(args, home);
    const step = args.number('step', { min: 0, integer: true });
    const end = args.number('end', { min: 1, integer: true });
    if (step === null || end === null) throw new UsageError('--step and --end are both needed');
    if (end <= step) throw new UsageError(`--end ${end} is not after --step ${step}`);
    const cooldown = args.text('cooldown');
    const form = cooldown || undefined;
    if (form !== undefined && form !== '1-sqrt' && form !== 'linear')
      throw new UsageError(`--cooldown is 1-sqrt or linear, not "${form}"`);
    const name = args.text('name') ?? `${run} ${cooldown === null ? 'longer' : 'cooldown'}`;
    const target = path.join(home, 'runs', name);
    if (existsSync(target)) throw new UsageError(`there is a run called "${name}" already; choose another --name`);
    const parent = await readRunConfig(folder);
    const from = { run, step, end, name };
    const config = cooldown === null ? continueConfig(parent, from) : cooldownConfig(parent, from, form);
    return trainToTheEnd({ folder: target, config, resume: false }, args.flag('json'));
  },
};
