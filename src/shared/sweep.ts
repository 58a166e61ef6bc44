/**
 * A sweep: one configuration over a grid of values, as runs that are made together and trained one after another.
 * Any number, choice or switch of a configuration can be swept; what a field takes is read off the schema of runs.
 */
import { z } from 'zod';
import { type RunConfig, runConfig } from './config.ts';
import { UserError } from './errors.ts';
import { isChild } from './fork.ts';
import { findField, type SweepField, type SweepValue, sweepFields, sweepValueText } from './sweep-fields.ts';

/** Runs that one sweep may make. */
export const maxSweepRuns = 100;
const maxNameLength = 100;

export const sweepAxis = z.object({
  /** Dotted path of the field; a policy and a dataset of a mix by its id: policies.lawa.k. */
  field: z.string().max(200),
  values: z.array(z.union([z.number(), z.string().max(100), z.boolean(), z.null()])).max(1000),
});
export type SweepAxis = z.infer<typeof sweepAxis>;

export interface SweepRun {
  readonly name: string;
  /** One per axis. */
  readonly values: readonly SweepValue[];
  /** Null where these values make no run. */
  readonly config: RunConfig | null;
  readonly problem: string | null;
}

/**
 * Every combination of the values, the last axis changing fastest, named after the base and what differs.
 * @param taken names that runs have already
 * @throws UserError when the axes make no grid, or one of more than `maxSweepRuns`
 */
export function expandSweep(base: RunConfig, axes: readonly SweepAxis[], taken: readonly string[] = []): SweepRun[] {
  if (isChild(base.init))
    throw new UserError(
      'sweep-child',
      `"${base.name}" starts from a checkpoint of "${base.init.run}", so it is no recipe to sweep.`,
      'Sweep its parent.',
    );
  const fields = checkedAxes(base, axes);
  const keys = shortKeys(fields);
  const used = new Set(taken);
  return combinations(axes.map((axis) => axis.values)).map((values, i) => {
    const parts = values.map((value, at) => `${keys[at]}=${sweepValueText(value)}`).join(' ');
    const name = sweepName(base.name, parts, i + 1);
    const changed = fields.reduce<unknown>((config, { field }, at) => withValueAt(config, field, values[at]!), base);
    const parsed = runConfig.safeParse({ ...(changed as RunConfig), name });
    const problem = used.has(name)
      ? 'there is a run of this name already'
      : parsed.success
        ? null
        : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    used.add(name);
    return { name, values, config: parsed.success ? parsed.data : null, problem };
  });
}

/**
 * The configurations of a sweep, all of them sound.
 * @throws UserError as `expandSweep`, and 'sweep-invalid' naming the runs that cannot be made
 */
export function sweepConfigs(base: RunConfig, axes: readonly SweepAxis[], taken: readonly string[] = []): RunConfig[] {
  const runs = expandSweep(base, axes, taken);
  const wrong = runs.filter(({ problem }) => problem !== null);
  if (wrong.length === 0) return runs.map(({ config }) => config!);
  const shown = wrong.slice(0, 3).map(({ name, problem }) => `"${name}": ${problem}`);
  const more = wrong.length > shown.length ? `; and ${wrong.length - shown.length} more` : '';
  throw new UserError(
    'sweep-invalid',
    `${wrong.length} of the ${runs.length} runs of this sweep cannot be made: ${shown.join('; ')}${more}.`,
    'Change the values, or the name that the runs begin with.',
  );
}

function checkedAxes(base: RunConfig, axes: readonly SweepAxis[]): SweepField[] {
  if (axes.length === 0)
    throw new UserError('sweep-empty', 'A sweep needs a field and its values.', 'Choose a field, e.g. schedule.peak.');
  const all = sweepFields(base);
  const fields = axes.map((axis) => findField(all, axis.field));
  const twice = fields.find(({ field }, i) => fields.findIndex((other) => other.field === field) !== i);
  if (twice) throw new UserError('sweep-twice', `${twice.field} is swept twice.`, 'Give all of its values at once.');
  axes.forEach(({ values }, i) => {
    const { field } = fields[i]!;
    if (values.length === 0)
      throw new UserError('sweep-empty', `${field} has no values to sweep over.`, 'Give at least one.');
    const again = values.find((value, at) => values.indexOf(value) !== at);
    if (again !== undefined)
      throw new UserError('sweep-twice', `${field} has ${sweepValueText(again)} twice.`, 'Take one of them out.');
  });
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > maxSweepRuns) {
    const factors = axes.length > 1 ? ` (${axes.map(({ values }) => values.length).join(' × ')})` : '';
    throw new UserError(
      'sweep-too-many',
      `This sweep makes ${count} runs${factors}; at most ${maxSweepRuns} can be made at once.`,
      'Take values out, or sweep fewer fields at a time.',
    );
  }
  return fields;
}

function combinations(lists: readonly (readonly SweepValue[])[]): SweepValue[][] {
  return lists.reduce<SweepValue[][]>((rows, list) => rows.flatMap((row) => list.map((v) => [...row, v])), [[]]);
}

/** Names of fields that people write short. */
const usualKeys: Readonly<Record<string, string>> = {
  'schedule.peak': 'lr',
  'schedule.warmupSteps': 'warmup',
  'schedule.cooldownSteps': 'cooldown',
  'optimizer.weightDecay': 'wd',
  'batch.accumulation': 'accum',
};

/** As short as tells the fields apart: the last part of a path, the one before it where several end alike. */
function shortKeys(fields: readonly SweepField[]): string[] {
  const last = fields.map(({ field }) => {
    const parts = field.split('.');
    return (
      usualKeys[field] ??
      (parts[0] === 'policies' ? parts.slice(1).join('.') : parts[0] === 'mix' ? (parts[2] ?? 'weight') : parts.at(-1)!)
    );
  });
  return last.map((key, i) => (last.indexOf(key) === last.lastIndexOf(key) ? key : fields[i]!.field));
}

/** `base` gives way where both do not fit; where not even the parts do, the run's number says which it is. */
function sweepName(base: string, parts: string, number: number): string {
  const rest = parts.length < maxNameLength ? parts : String(number);
  return `${base.slice(0, maxNameLength - 1 - rest.length).trimEnd()} ${rest}`.trimStart();
}

/** A copy with one value changed; an item of a list is named by its id. */
function withValueAt(target: unknown, path: string, value: SweepValue): unknown {
  const [key, ...rest] = path.split('.') as [string, ...string[]];
  const next = (inner: unknown): unknown => (rest.length === 0 ? value : withValueAt(inner, rest.join('.'), value));
  if (Array.isArray(target)) return target.map((item: { id: string }) => (item.id === key ? next(item) : item));
  return { ...(target as object), [key]: next((target as Record<string, unknown>)[key]) };
}
