/** The fields of a configuration that a sweep can give values to, and values as people write them. */
import { z } from 'zod';
import { mixMember, policyConfig, type RunConfig, runConfig } from './config.ts';
import { UserError } from './errors.ts';
import { isMix } from './mix.ts';

export type SweepValue = number | string | boolean | null;

export interface SweepField {
  /** Dotted path; a policy, and a dataset of a mix, by its id. */
  readonly field: string;
  readonly kind: 'number' | 'whole' | 'choice';
  /** What a choice takes; switches are true and false. Empty for numbers. */
  readonly choices: readonly (string | boolean)[];
  /** Whether it may be left to Meander: null, written "auto". */
  readonly nullable: boolean;
  /** What the base has. */
  readonly value: SweepValue;
}

/** Numbers that belong to the dataset or to the file, not to the recipe. */
const fixed = new Set(['schema', 'model.vocabSize', 'model.paddedVocabSize']);
/** What people call a field that the configuration calls otherwise. */
const alsoCalled: Readonly<Record<string, string>> = { learningRate: 'schedule.peak', lr: 'schedule.peak' };
/** Values that one range may stand for. */
const longestRange = 1000;
const nullWord = 'auto';

/** Every number, choice and switch of the configuration, in its order. */
export function sweepFields(base: RunConfig): SweepField[] {
  const policies = base.policies.flatMap((policy) => {
    const option = policyConfig.options.find(({ shape }) => shape.kind.value === policy.kind)!;
    return fieldsOf(option.shape, policy, `policies.${policy.id}.`);
  });
  const own = fieldsOf(runConfig.shape, base, '').filter(({ field }) => field !== 'mix.weight' || isMix(base));
  const mixed = base.mix.others.flatMap((member) => fieldsOf(mixMember.shape, member, `mix.others.${member.id}.`));
  return [...own, ...mixed, ...policies];
}

function fieldsOf(shape: Readonly<Record<string, unknown>>, value: object, prefix: string): SweepField[] {
  return Object.entries(shape).flatMap(([key, declared]): SweepField[] => {
    const field = prefix + key;
    const { type, nullable } = unwrapped(declared);
    const inner = (value as Record<string, unknown>)[key];
    if (fixed.has(field)) return [];
    if (type instanceof z.ZodObject) return inner === null ? [] : fieldsOf(type.shape, inner as object, `${field}.`);
    const found = { field, nullable, value: inner as SweepValue };
    if (type instanceof z.ZodNumber) return [{ ...found, kind: type.isInt ? 'whole' : 'number', choices: [] }];
    if (type instanceof z.ZodEnum) return [{ ...found, kind: 'choice', choices: type.options as string[] }];
    if (type instanceof z.ZodBoolean) return [{ ...found, kind: 'choice', choices: [false, true] }];
    return [];
  });
}

/** What stands behind defaults and null. */
function unwrapped(declared: unknown): { type: unknown; nullable: boolean } {
  let type = declared;
  let nullable = false;
  while (type instanceof z.ZodDefault || type instanceof z.ZodPrefault || type instanceof z.ZodNullable) {
    nullable ||= type instanceof z.ZodNullable;
    type = type.unwrap();
  }
  return { type, nullable };
}

/**
 * The field of that path; the last part alone does where only one field ends so.
 * @throws UserError naming those that it could be
 */
export function findField(fields: readonly SweepField[], name: string): SweepField {
  const path = alsoCalled[name] ?? name;
  const exact = fields.find(({ field }) => field === path);
  if (exact) return exact;
  const ending = fields.filter(({ field }) => field.endsWith(`.${path}`));
  if (ending.length === 1) return ending[0]!;
  if (ending.length > 1)
    throw new UserError(
      'sweep-field',
      `"${name}" could be ${ending.map(({ field }) => field).join(' or ')}.`,
      'Write the whole path.',
    );
  throw new UserError(
    'sweep-field',
    `There is no field "${name}" that can be swept.`,
    `These can: ${fields.map(({ field }) => field).join(', ')}.`,
  );
}

/**
 * Values as they are typed: between commas or spaces; 10k and 3e-4 are numbers, 1..5 the whole numbers from 1 to 5,
 * "auto" stands for a value that is left to Meander.
 * @throws UserError naming the word that the field does not take
 */
export function parseSweepValues(field: SweepField, text: string): SweepValue[] {
  return text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .flatMap((word) => parsedWord(field, word));
}

function parsedWord(field: SweepField, word: string): SweepValue[] {
  if (field.nullable && word === nullWord) return [null];
  if (field.kind === 'choice') {
    const choice = field.choices.find((choice) => String(choice) === word);
    if (choice !== undefined) return [choice];
    return refuse(field, word, `takes ${field.choices.map(String).join(', ')}`);
  }
  const range = /^(-?\d+)\.\.(-?\d+)$/.exec(word);
  if (range && field.kind === 'whole') {
    const [from, to] = [Number(range[1]), Number(range[2])];
    if (to < from) return refuse(field, word, 'takes ranges from low to high');
    if (to - from >= longestRange) return refuse(field, word, `takes ranges of at most ${longestRange} numbers`);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  }
  const number = numberOf(word);
  const kind = field.kind === 'whole' ? 'whole numbers' : 'numbers';
  if (Number.isNaN(number) || (field.kind === 'whole' && !Number.isInteger(number)))
    return refuse(field, word, `takes ${kind}${field.nullable ? ` or ${nullWord}` : ''}`);
  return [number];
}

function refuse(field: SweepField, word: string, takes: string): never {
  throw new UserError('sweep-value', `${field.field} ${takes}, not "${word}".`, 'Correct that value.');
}

const thousands: Readonly<Record<string, number>> = { k: 1e3, m: 1e6 };

function numberOf(word: string): number {
  const match = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)([km])?$/i.exec(word);
  if (!match) return Number.NaN;
  const value = Number(match[1]) * (match[2] ? thousands[match[2].toLowerCase()]! : 1);
  return Number.isFinite(value) ? value : Number.NaN;
}

/** A value as it can be typed: 3e-4, 0.1, cosine, auto. */
export function sweepValueText(value: SweepValue): string {
  if (value === null) return nullWord;
  if (typeof value === 'number' && value !== 0 && Math.abs(value) < 0.01) return value.toExponential();
  return String(value);
}
