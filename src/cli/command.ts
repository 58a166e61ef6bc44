/** What a command of the command line is, and how its arguments are read. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  readonly short?: string;
  /** Placeholder of the value in the help text. */
  readonly value?: string;
  /** It may stand without a value, which then is the empty text. */
  readonly optionalValue?: boolean;
  readonly help: string;
}

export interface Arguments {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | null;
  texts(name: string): readonly string[];
  /** @throws UsageError when the text is no number in [min, max]. */
  number(name: string, range?: { min?: number; max?: number; integer?: boolean }): number | null;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments, as the help shows them. */
  readonly usage: string;
  /** Whether it takes arguments that are no options. */
  readonly operands?: boolean;
  readonly options: Readonly<Record<string, Option>>;
  /** Paragraphs below the options. */
  readonly notes?: readonly string[];
  run(args: Arguments): Promise<number>;
}

/** The call itself is wrong: exit code 2, with the command's help named. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Options that every command has. */
export const commonOptions = {
  home: {
    type: 'string',
    value: 'DIR',
    help: 'folder that holds runs/ and datasets/ (default: MEANDER_HOME, else the app’s setting)',
  },
  json: { type: 'boolean', help: 'the last line on standard output is one JSON object' },
  help: { type: 'boolean', short: 'h', help: 'show this text' },
} as const satisfies Record<string, Option>;

/** @throws UsageError on an unknown option or a missing value, in the words of node:util. */
export function readArguments(command: Command, argv: readonly string[]): Arguments {
  const options = { ...command.options, ...commonOptions };
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple, short }]: [string, Option]) => [
      name,
      { type, multiple: multiple ?? false, ...(short ? { short } : {}) },
    ]),
  ) as NonNullable<ParseArgsConfig['options']>;
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: withEmptyValues(argv, options), options: config, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (!command.operands && positionals.length > 0)
    throw new UsageError(`"${positionals[0]}" is one too many: options start with --`);
  const text = (name: string): string | null => (values[name] as string | undefined) ?? null;
  return {
    positionals,
    text,
    flag: (name) => values[name] === true,
    texts: (name) => (values[name] as string[] | undefined) ?? [],
    number(name, { min = -Infinity, max = Infinity, integer = false } = {}) {
      const given = text(name);
      if (given === null) return null;
      const value = Number(given);
      if (
        given.trim() === '' ||
        !Number.isFinite(value) ||
        value < min ||
        value > max ||
        (integer && !Number.isInteger(value))
      )
        throw new UsageError(
          `--${name} takes ${integer ? 'a whole number' : 'a number'}${rangeWords(min, max)}, not "${given}"`,
        );
      return value;
    },
  };
}

/** node:util knows no optional values: where one is left out, it gets the empty one. */
function withEmptyValues(argv: readonly string[], options: Readonly<Record<string, Option>>): string[] {
  return argv.map((word, i) => {
    const bare = word.startsWith('--') && options[word.slice(2)]?.optionalValue;
    return bare && (argv[i + 1] ?? '-').startsWith('-') ? `${word}=` : word;
  });
}

function rangeWords(min: number, max: number): string {
  if (min > -Infinity && max < Infinity) return ` from ${min} to ${max}`;
  if (min > -Infinity) return ` of at least ${min}`;
  return max < Infinity ? ` of at most ${max}` : '';
}

export function helpText(command: Command): string {
  const options = Object.entries({ ...command.options, ...commonOptions } as Record<string, Option>);
  const label = ([name, { type, short, value = 'TEXT', optionalValue }]: [string, Option]): string =>
    `${short ? `-${short}, ` : ''}--${name}${type === 'boolean' ? '' : optionalValue ? ` [${value}]` : ` ${value}`}`;
  const width = Math.max(...options.map((o) => label(o).length));
  return [
    `meander ${command.name}: ${command.summary}`,
    '',
    `Usage: meander ${command.name} ${command.usage}`.trimEnd(),
    '',
    ...options.map((o) => `  ${label(o).padEnd(width)}  ${o[1].help}`),
    ...(command.notes ?? []).flatMap((note) => ['', note]),
    '',
  ].join('\n');
}
