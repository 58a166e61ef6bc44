/** What is wrong with a value, in words: where it is, what was given, and what it takes. */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** One line per wrong or unknown key of `value`, by its path; a policy is named by its id. */
export function issuesText(issues: readonly Issue[], value: unknown): string {
  return issues
    .flatMap((issue) => lines(issue, value).map(([path, text]) => `  ${pathText(path, value)}: ${text}`))
    .join('\n');
}

/** The same for values that came as options: a key `topP` is the option --top-p. */
export function optionIssuesText(issues: readonly Issue[], value: unknown): string {
  const option = (path: Path) => `--${String(path.at(-1)).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return issues.flatMap((issue) => lines(issue, value).map(([path, text]) => `  ${option(path)}: ${text}`)).join('\n');
}

function lines(issue: Issue, value: unknown): [Path, string][] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => [[...issue.path, key], 'there is no such key']);
  return [[issue.path, reason(issue, at(value, issue.path))]];
}

function reason(issue: Issue, given: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      if (given === undefined) return 'is missing';
      return `takes ${issue.expected === 'int' ? 'a whole number' : article(issue.expected)}, not ${shown(given)}`;
    case 'too_small':
      if (issue.origin === 'string') return 'may not be empty';
      return `takes ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}, not ${shown(given)}`;
    case 'too_big':
      if (issue.origin === 'string') return `takes at most ${issue.maximum} characters`;
      return `takes ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}, not ${shown(given)}`;
    case 'invalid_value':
      if (given === undefined) return 'is missing';
      return `takes ${issue.values.map(String).join(' or ')}, not ${shown(given)}`;
    default:
      return issue.message;
  }
}

const article = (noun: string): string => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;

function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], value);
}

function pathText(path: Path, value: unknown): string {
  if (path.length === 0) return 'the whole';
  return path
    .map((key, i) => {
      const id = typeof key === 'number' ? (at(value, path.slice(0, i + 1)) as { id?: unknown } | null)?.id : null;
      return String(typeof id === 'string' ? id : key);
    })
    .join('.');
}
