import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { RunConfig } from '../../shared/config.ts';
import { datasetMeta, tokenFileName } from '../../shared/dataset.ts';
import { differences } from '../../shared/differences.ts';
import { fitToTime } from '../../shared/fit.ts';
import { mixId } from '../../shared/mix.ts';
import { policyWarnings } from '../../shared/policies.ts';
import { findPreset, presetConfig } from '../../shared/presets.ts';
import { type Arguments, type Command, UsageError } from '../command.ts';
import { checkedConfig, readJson, withAssignments } from '../config-file.ts';
import { startingFrom } from '../from-model.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { readRunConfig } from '../run-config.ts';
import { readSweep, sweptConfigs, trainSweep } from '../sweep.ts';
import { say, tell } from '../terminal.ts';
import { trainToTheEnd, trainWithRescues } from '../train-run.ts';
import { runFolder } from '../weights.ts';

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
    mix: {
      type: 'string',
      multiple: true,
      value: 'NAME=WEIGHT',
      help: 'draw from this dataset too, as often as its weight is of the sum of weights; repeat it for more. That of --dataset is 1, or as --mix names it',
    },
    name: { type: 'string', value: 'NAME', help: 'name of the run' },
    'from-model': {
      type: 'string',
      value: 'PATH',
      help: 'begin at the weights of a GPT-2, GPT-NeoX or Llama folder, with its shape',
    },
    resume: { type: 'string', value: 'NAME', help: 'continue this run from its newest checkpoint' },
    set: {
      type: 'string',
      multiple: true,
      value: 'KEY=VALUE',
      help: 'change one key, e.g. --set schedule.peak=1e-3; may be repeated',
    },
    rescue: {
      type: 'boolean',
      help: 'when the training loss spikes, go on as a child run from the mean of the weights before it',
    },
    sweep: {
      type: 'string',
      multiple: true,
      value: 'KEY=V1,V2',
      help: 'train a run for each value, e.g. --sweep lr=3e-4,6e-4 --sweep seed=1..3; several make a grid',
    },
    hours: { type: 'string', value: 'H', help: 'fit the run to this time on this machine, by a short probe' },
    'print-config': { type: 'boolean', help: 'print the whole configuration as JSON and do not train' },
  },
  notes: [
    'Ctrl-C finishes the step, writes a checkpoint and ends; --resume continues with the same bits.',
    'Losses of a mix are measured on the dataset of --dataset, and beside it on each of the others. All need one tokenizer.',
    'The runs of a sweep train one after another, at most 100, named after --name and what differs. A run that fails ' +
      'does not hold up the next one; the same command again goes on where the last one ended.',
  ],
  async run(args) {
    const home = homeOf(args);
    const resume = args.text('resume');
    const rescues = args.flag('rescue');
    if (rescues && resume !== null)
      throw new UsageError('--resume continues a run as it was made; meander rescue makes a child run of it');
    if (rescues && args.texts('sweep').length > 0) throw new UsageError('--rescue and --sweep do not go together');
    const given = resume === null ? await newConfig(args, home) : await resumedConfig(args, home, resume);
    const config: RunConfig = rescues ? { ...given, spikes: { ...given.spikes, action: 'stop' } } : given;
    const axes = readSweep(config, args.texts('sweep'));
    if (axes.length > 0) {
      if (!args.flag('print-config')) return trainSweep(home, config, axes, args.flag('json'));
      say(JSON.stringify(sweptConfigs(config, axes), null, 2));
      return 0;
    }
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
    if (resume === null) for (const { id, text } of policyWarnings(config)) tell(`${id}: ${text}`);
    const run = { folder, config, resume: resume !== null };
    return rescues ? trainWithRescues(run, args.flag('json')) : trainToTheEnd(run, args.flag('json'));
  },
};

/** A run goes on as it was made; only what it computes on may be another. */
async function resumedConfig(args: Arguments, home: string, name: string): Promise<RunConfig> {
  const fixed = ['config', 'preset', 'dataset', 'name', 'hours', 'from-model'].filter(
    (option) => args.text(option) !== null,
  );
  for (const option of ['sweep', 'mix']) if (args.texts(option).length > 0) fixed.push(option);
  const overrides = args.texts('set');
  if (fixed.length > 0 || overrides.some((assignment) => !assignment.startsWith('device.')))
    throw new UsageError(
      `--resume continues a run as it was made, so --${fixed[0] ?? 'set'} cannot go with it` +
        ' (but --set device.threads=N can); meander fork makes a longer or cooled-down run of it',
    );
  const config = await readRunConfig(runFolder(home, name));
  return checkedConfig(withAssignments(config, overrides), 'the configuration with --set applied');
}

/** The configuration that --config or --preset with the options beside it make. @throws UsageError */
export async function newConfig(args: Arguments, home: string): Promise<RunConfig> {
  const file = args.text('config');
  const preset = args.text('preset');
  if ((file === null) === (preset === null)) throw new UsageError('give either --config, --preset or --resume');
  let config =
    file === null ? await fromPreset(args, preset as string, home) : checkedConfig(await readJson(file), file);
  const overrides = args.texts('set');
  const name = args.text('name');
  const dataset = args.text('dataset');
  if (name !== null) config = { ...config, name };
  if (dataset !== null) config = { ...config, dataset };
  config = withMix(config, args.texts('mix'));
  const model = args.text('from-model');
  if (model !== null) config = await startingFrom(config, model);
  config = checkedConfig(withAssignments(config, overrides), 'the configuration with --set applied');
  const others = config.mix.others.map((member) => ({ ...member, dataset: datasetFolder(home, member.dataset) }));
  config = { ...config, dataset: datasetFolder(home, config.dataset), mix: { ...config.mix, others } };
  // Names of one folder are told apart only now.
  config = checkedConfig(config, 'the configuration');
  const hours = args.number('hours', { min: 0.001, max: 100_000 });
  if (hours === null) return config;
  const { probe } = await jobWithProgress({ kind: 'probe', config, seconds: 5 }, 'Probing');
  if (!probe) throw new UsageError('the probe was ended before it had measured anything');
  const fitted = fitToTime(config, probe, hours);
  tell(
    `${fitted.steps} steps fit ${hours} h at ${probe.tokensPerSecond.toFixed(0)} tokens/s (the recipe has ${config.steps}).`,
  );
  const changed = differences(config, fitted);
  if (changed.length > 0) tell(`Scaled with it: ${changed.map((d) => `${d.field} ${d.from} → ${d.to}`).join(', ')}.`);
  return fitted;
}

/** `--mix NAME=WEIGHT`: further datasets, or the weight of one that is in the mix already. */
function withMix(config: RunConfig, given: readonly string[]): RunConfig {
  const mix = structuredClone(config.mix);
  for (const option of given) {
    const at = option.lastIndexOf('=');
    const dataset = option.slice(0, at);
    const weight = Number(option.slice(at + 1) || 'none');
    if (at < 1 || !Number.isFinite(weight) || weight <= 0)
      throw new UsageError(`--mix takes a dataset and a weight above 0, e.g. --mix wiki=0.3, not "${option}"`);
    const known = mix.others.find((member) => member.dataset === dataset);
    if (dataset === config.dataset || dataset === path.basename(config.dataset)) mix.weight = weight;
    else if (known) known.weight = weight;
    else {
      const taken = mix.others.map(({ id }) => id);
      mix.others.push({ id: mixId(path.basename(dataset), taken), dataset, weight });
    }
  }
  return { ...config, mix };
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
  const file = path.join(folder, 'dataset.json');
  if (!existsSync(file))
    throw new UsageError(
      `${folder} holds nanoGPT's files, which do not name their tokenizer; meander prepare takes them`,
    );
  const meta = datasetMeta.safeParse(await readJson(file));
  if (!meta.success) throw new UsageError(`${file} cannot be used; prepare the dataset again`);
  return presetConfig(id, { name: args.text('name') ?? id, dataset: { folder, tokenizer: meta.data.tokenizer } });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A dataset by name in the library, or by its folder, which may be one of nanoGPT's or llm.c's. */
export function datasetFolder(home: string, given: string): string {
  const places = [path.join(home, 'datasets', given), path.resolve(given)];
  const found = places.find((place) =>
    namesIn(place).some((file) => file === 'dataset.json' || tokenFileName.test(file)),
  );
  if (!found)
    throw new UsageError(`there is no prepared dataset "${given}" (looked at ${[...new Set(places)].join(' and ')})`);
  return found;
}
