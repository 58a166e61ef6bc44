/** A configuration while it is being written: the same shape, with numbers that may still be NaN. */
import type { z } from 'zod';
import { type RunConfig, runConfig } from '../../../../shared/config.ts';
import { formatSetting } from '../../../lib/format.ts';
import { t } from '../../../strings.ts';

export type Path = string;

/** The value at a dotted path; list items by index. */
export function valueAt(draft: unknown, path: Path): unknown {
  return path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], draft);
}

/** A copy with one value changed; everything beside the path is shared. */
export function withValue<T>(draft: T, path: Path, value: unknown): T {
  const [key, ...rest] = path.split('.');
  const inner = rest.length === 0 ? value : withValue((draft as Record<string, unknown>)[key], rest.join('.'), value);
  if (Array.isArray(draft)) return draft.map((item, i) => (String(i) === key ? inner : item)) as T;
  return { ...draft, [key]: inner };
}

export interface Checked {
  /** Null while something is wrong. */
  readonly config: RunConfig | null;
  /** How it would train, whatever its name and its data: for curves and warnings. Null while that is wrong. */
  readonly recipe: RunConfig | null;
  /** Message by dotted path; the dataset is not among them: it is asked for in other words. */
  readonly errors: ReadonlyMap<Path, string>;
}

/** Checks a draft with the schema that files and the command line use. `known`: what is wrong beside that. */
export function checkDraft(
  draft: RunConfig,
  taken: readonly string[],
  known: ReadonlyMap<Path, string> = new Map(),
): Checked {
  const errors = new Map(known);
  const parsed = runConfig.safeParse(draft);
  for (const issue of parsed.error?.issues ?? []) {
    const path = issue.path.join('.');
    if (path !== 'dataset' && !errors.has(path)) errors.set(path, issueText(issue));
  }
  if (draft.init.from === 'model' && draft.init.path.trim() === '') errors.set('init.path', t.newRun.issues.required);
  if (taken.includes(draft.name)) errors.set('name', t.newRun.issues.nameTaken);
  const recipe = runConfig.safeParse({ ...draft, name: 'recipe', dataset: '-' });
  return {
    config: parsed.success && errors.size === 0 ? parsed.data : null,
    recipe: recipe.success ? recipe.data : null,
    errors,
  };
}

/** A schema's complaint in words for the one who types. */
export function issueText(issue: z.core.$ZodIssue): string {
  const texts = t.newRun.issues;
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? texts.whole : texts.number;
    case 'too_small':
      return issue.origin === 'string'
        ? texts.required
        : texts.min(formatSetting(Number(issue.minimum)), issue.inclusive ?? true);
    case 'too_big':
      return texts.max(formatSetting(Number(issue.maximum)), issue.inclusive ?? true);
    default:
      return issue.message.charAt(0).toUpperCase() + issue.message.slice(1);
  }
}
