/** What a draft has otherwise than its preset, and the way back, value by value. */
import type { PolicyConfig, RunConfig } from '../../../../shared/config.ts';
import { differenceTable } from '../../../../shared/differences.ts';
import { valueAt, withValue } from './draft.ts';

export interface Change {
  /** Dotted path; a policy by its id, as a whole where only one side has it. */
  readonly field: string;
  /** null: the side has no such field. */
  readonly preset: string | null;
  readonly here: string | null;
}

export const changesFrom = (base: RunConfig, draft: RunConfig): Change[] =>
  differenceTable([base, draft])
    .filter(({ field }) => field !== 'dataset')
    .map(({ field, values: [preset, here] }) => ({ field, preset, here }));

/** The draft with one of its changes undone. */
export function withoutChange(draft: RunConfig, base: RunConfig, field: string): RunConfig {
  const [top, id, ...rest] = field.split('.');
  if (top === 'init') return { ...draft, init: base.init };
  if (top !== 'policies') return withValue(draft, field, valueAt(base, field));
  const before = base.policies.find((policy) => policy.id === id);
  const at = draft.policies.findIndex((policy) => policy.id === id);
  if (!before) return { ...draft, policies: draft.policies.filter((policy) => policy.id !== id) };
  if (at < 0) return { ...draft, policies: inserted(draft.policies, before, base.policies.indexOf(before)) };
  // Another kind under the same name has other fields.
  if (rest.length === 0 || draft.policies[at].kind !== before.kind) return withValue(draft, `policies.${at}`, before);
  return withValue(draft, `policies.${at}.${rest.join('.')}`, valueAt(before, rest.join('.')));
}

const inserted = (policies: readonly PolicyConfig[], policy: PolicyConfig, at: number): PolicyConfig[] => [
  ...policies.slice(0, at),
  policy,
  ...policies.slice(at),
];
