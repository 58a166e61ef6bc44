/** Presets as the window knows them, and the configurations they make for a dataset on this machine. */
import type { Output, PresetInfo } from '../shared/api.ts';
import type { RunConfig } from '../shared/config.ts';
import { differences } from '../shared/differences.ts';
import { UserError } from '../shared/errors.ts';
import { fitToTime } from '../shared/fit.ts';
import type { ProbeResult } from '../shared/jobs.ts';
import { parameterCount, presetConfig, presets } from '../shared/presets.ts';
import { type Settings, withUserDefaults } from '../shared/settings.ts';
import type { Datasets } from './datasets.ts';
import type { Runs } from './runs.ts';

/** Vocabulary that a preset's own tokenizer has, for the size that the list shows; characters: about. */
const usualVocabulary = { gpt2: 50_257, characters: 65, bytes: 256 };
const probeSeconds = 5;

export function presetInfos(): PresetInfo[] {
  return presets.map(({ id, title, source, note, tokenizer, recipe }) => {
    const parameters = parameterCount({ ...recipe.model, vocabSize: usualVocabulary[tokenizer] });
    return { id, title, source, note, tokenizer, parameters };
  });
}

export interface PresetOptions {
  readonly runs: Runs;
  readonly datasets: Datasets;
  readonly settings: () => Settings;
  /** Measures a configuration's speed in a worker. */
  readonly probe: (config: RunConfig, seconds: number) => Promise<ProbeResult>;
}

/** The preset for a dataset, under a free name; with `hours`, as long as they allow at the probed speed. */
export async function presetFor(
  options: PresetOptions,
  asked: { preset: string; dataset: string; hours: number | null },
): Promise<Output<'presets.config'>> {
  if (!presets.some((preset) => preset.id === asked.preset))
    throw new UserError('unknown-preset', `There is no preset "${asked.preset}".`, 'Choose one from the list.');
  const { folder, meta } = await options.datasets.ready(asked.dataset);
  const taken = new Set(await options.runs.names());
  const preset = presetConfig(asked.preset, {
    name: freeName(asked.dataset, taken),
    dataset: { folder, tokenizer: meta.tokenizer },
  });
  const whole = withUserDefaults(preset, options.settings());
  if (asked.hours === null) return { config: whole, differs: [] };
  const config = fitToTime(whole, await options.probe(whole, probeSeconds), asked.hours);
  return {
    config,
    differs: differences(whole, config).map(({ field, from, to }) => ({ field, preset: from, value: to })),
  };
}

function freeName(base: string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n++) if (!taken.has(`${base} ${n}`)) return `${base} ${n}`;
}
