import path from 'node:path';
import type { RunConfig } from '../../shared/config.ts';
import { leastSeeds, studyConfig } from '../../shared/study.ts';
import { type Command, UsageError } from '../command.ts';
import { homeOf } from '../job.ts';
import { runStudy } from '../study.ts';
import { asUsage, readSweep, sweptConfigs } from '../sweep.ts';
import { newConfig } from './train.ts';

export const study: Command = {
  name: 'study',
  summary: 'train a grid of learning rates and seeds, each with a cooldown, and draw what averaging gains',
  usage: '(--config FILE | --preset ID --dataset NAME) --lr LIST --seeds LIST [options]',
  options: {
    config: { type: 'string', value: 'FILE', help: 'configuration of the runs, JSON' },
    preset: { type: 'string', value: 'ID', help: 'start from a preset, as meander train does' },
    dataset: { type: 'string', value: 'NAME', help: 'prepared dataset: its name, or its folder' },
    mix: {
      type: 'string',
      multiple: true,
      value: 'NAME=WEIGHT',
      help: 'draw from this dataset too, as in meander train',
    },
    name: { type: 'string', value: 'NAME', help: 'what the names of the runs begin with' },
    set: { type: 'string', multiple: true, value: 'KEY=VALUE', help: 'change one key; may be repeated' },
    lr: { type: 'string', value: 'LIST', help: 'peak learning rates, e.g. 1e-3,3e-3,1e-2' },
    seeds: { type: 'string', value: 'LIST', help: `at least ${leastSeeds} seeds, e.g. 1..3` },
    spacing: {
      type: 'string',
      value: 'LIST',
      help: 'steps between snapshots: a LAWA window for each, in place of the configuration’s own',
    },
    cooldown: { type: 'string', value: 'FORM', help: '1-sqrt or linear (default: the form in the schedule)' },
    out: { type: 'string', value: 'DIR', help: 'folder of the results (default: studies/NAME beside runs/)' },
  },
  notes: [
    'Writes results.csv (every run’s last losses), progress.csv (all of them), and learning-rate.svg, progress.svg and, ' +
      'with several spacings, spacing.svg: absolute loss and gain, with raw at its best rate and the annealed run in each.',
    'Averages watch and never steer, so spacings cost no further runs. Each run gets a cooldown over about its last ' +
      'fifth. Ctrl-C saves; the same command again goes on, and what is finished is not trained again.',
  ],
  async run(args) {
    const home = homeOf(args);
    const rates = args.text('lr');
    const seeds = args.text('seeds');
    if (rates === null || seeds === null) throw new UsageError('--lr and --seeds are both needed');
    const form = args.text('cooldown');
    if (form !== null && form !== '1-sqrt' && form !== 'linear')
      throw new UsageError(`--cooldown is 1-sqrt or linear, not "${form}"`);
    const given = await newConfig(args, home);
    const schedule: RunConfig['schedule'] = { ...given.schedule, ...(form === null ? {} : { cooldownForm: form }) };
    const base = asUsage(() => studyConfig({ ...given, schedule }, readSpacings(args.text('spacing'))));
    const axes = readSweep(base, [`schedule.peak=${rates}`, `seed=${seeds}`]);
    if (axes[1].values.length < leastSeeds)
      throw new UsageError(
        `--seeds names ${axes[1].values.length}; a deviation over seeds wants at least ${leastSeeds}`,
      );
    const configs = sweptConfigs(base, axes);
    const out = path.resolve(args.text('out') ?? path.join(home, 'studies', base.name));
    return runStudy({ home, configs, out, json: args.flag('json') });
  },
};

function readSpacings(text: string | null): number[] {
  const spacings = (text ?? '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number);
  const wrong = spacings.find((spacing) => !Number.isInteger(spacing) || spacing < 1);
  if (wrong !== undefined || (text !== null && spacings.length === 0))
    throw new UsageError(`--spacing takes whole numbers from 1, such as 10,20,40, not "${text}"`);
  if (new Set(spacings).size < spacings.length) throw new UsageError(`--spacing names one twice: "${text}"`);
  return spacings;
}
