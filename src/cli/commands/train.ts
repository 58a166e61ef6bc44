import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunConfig } from '../../shared/config.ts';
import { datasetMeta } from '../../shared/dataset.ts';
import { fitToTime } from '../../shared/fit.ts';
import { findPreset, presetConfig } from '../../shared/presets.ts';
import { type Arguments, type Command, UsageError } from '../command.ts';
import { checkedConfig, readJson, withAssignments } from '../config-file.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { readRunConfig } from '../run-config.ts';
import { say, tell } from '../terminal.ts';
import { trainToTheEnd } from '../train-run.ts';

export const train: Command = {
  name: 'train',
  summary: 'train a model and average its weights as it goes, or continue a run',
  usage: '(--config FILE | --preset ID --dataset NAME | --resume NAME) [options]',
  options: {
    config: { type: 'string', value: 'FILE', help: 'configuration of the run, JSON' },
    preset: {
      type: 'string',
      value: 'ID',
      help: 'start from a preset: quickstart, shakespeare-char, gpt2-small, paper-small, …',
    },
    dataset: { type: 'string', value: 'NAME', help: 'prepared dataset: its name, or its folder' },
    name: { type: 'string', value: 'NAME', help: 'name of the run' },
    resume: { type: 'string', value: 'NAME', help: 'continue this run from its newest checkpoint' },
    set: {
      type: 'string',
      multiple: true,
      value: 'KEY=VALUE',
      help: 'change one key, e.g. --set schedule.peak=1e-3; may be repeated',
    },
    hours: { type: 'string', value: 'H', help: 'fit the run to this time on this machine, by a short probe' },
    'print-config': { type: 'boolean', help: 'print the whole configuration as JSON and do not train' },
  },
  notes: ['Ctrl-C finishes the step, writes a checkpoint and ends; --resume continues with the same bits.'],
  async run(args) {
    const home = homeOf(args);
    const resume = args.text('resume');
    const config = resume === null ? await newConfig(args, home) : await readRunConfig(path.join(home, 'runs', resume));
    if (args.flag('print-config')) {
      say(JSON.stringify(config, null, 2));
      return 0;
    }
    // A folder that was copied or renamed keeps the name it was made with inside.
    const folder = path.join(home, 'runs', resume ?? config.name);
    if (resume === null && existsSync(folder))
      throw new UsageError(
        `there is a run called "${config.name}" already; choose another --name, or continue it with --resume`,
      );
    return trainToTheEnd({ folder, config, resume: resume !== null }, args.flag('json'));
  },
};

async function newConfig(args: Arguments, home: string): Promise<RunConfig> {
  const file = args.text('config');
  const preset = args.text('preset');
  if ((file === null) === (preset === null)) throw new UsageError('give either --config, --preset or --resume');
  let config =
    file === null ? await fromPreset(args, preset as string, home) : checkedConfig(await readJson(file), file);
  const overrides = args.texts('set');
  const name = args.text('name');
  const dataset = args.text('dataset');
  if (name !== null) config = { ...config, name };
  if (dataset !== null) config = { ...config, dataset: datasetFolder(home, dataset) };
  config = checkedConfig(withAssignments(config, overrides), 'the configuration with --set applied');
  const hours = args.number('hours', { min: 0.001, max: 100_000 });
  if (hours === null) return config;
  const { probe } = await jobWithProgress({ kind: 'probe', config, seconds: 5 }, 'Probing');
  if (!probe) throw new UsageError('the probe was ended before it had measured anything');
  const fitted = fitToTime(config, probe, hours);
  tell(
    `${fitted.steps} steps fit ${hours} h at ${probe.tokensPerSecond.toFixed(0)} tokens/s (the recipe has ${config.steps}).`,
  );
  return fitted;
}

async function fromPreset(args: Arguments, id: string, home: string): Promise<RunConfig> {
  try {
    findPreset(id);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const dataset = args.text('dataset');
  if (dataset === null) throw new UsageError('--preset needs --dataset');
  const folder = datasetFolder(home, dataset);
  const meta = datasetMeta.parse(JSON.parse(await readFile(path.join(folder, 'dataset.json'), 'utf8')));
  return presetConfig(id, { name: args.text('name') ?? id, dataset: { folder, tokenizer: meta.tokenizer } });
}

/** A dataset by name in the library, or by its folder. */
export function datasetFolder(home: string, given: string): string {
  const places = [path.join(home, 'datasets', given), path.resolve(given)];
  const found = places.find((place) => existsSync(path.join(place, 'dataset.json')));
  if (!found) throw new UsageError(`there is no prepared dataset "${given}" (looked at ${places.join(' and ')})`);
  return found;
}
