/** What differs between two configurations, field by field, in words. */
import type { RunConfig } from './config.ts';

export interface Difference {
  /** Dotted path, e.g. schedule.peak. */
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/** Fields that name a run rather than say how it trains. */
const identity = new Set(['name', 'preset', 'dataset', 'schema']);

/** Leaves of `to` that are not the same in `from`; a policy is a leaf group under its id. */
export function differences(from: RunConfig, to: RunConfig): Difference[] {
  const before = leaves(from);
  const after = leaves(to);
  const fields = new Set([...before.keys(), ...after.keys()]);
  return [...fields]
    .filter((field) => before.get(field) !== after.get(field))
    .map((field) => ({ field, from: before.get(field) ?? '–', to: after.get(field) ?? '–' }));
}

function leaves(config: RunConfig): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string, value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(`${path}.${(item as { id: string }).id}`, item);
    } else if (value !== null && typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) visit(path === '' ? key : `${path}.${key}`, inner);
    } else found.set(path, String(value));
  };
  for (const [key, value] of Object.entries(config)) if (!identity.has(key)) visit(key, value);
  return found;
}
