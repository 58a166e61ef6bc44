/** What differs between configurations, field by field, in words. */
import type { RunConfig } from './config.ts';

export interface Difference {
  /** Dotted path, e.g. schedule.peak. */
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/** A field in which configurations that stand side by side are not all the same. */
export interface DifferenceRow {
  /** Dotted path; a policy that not all have is one row under its id. */
  readonly field: string;
  /** One per configuration, in their order; null where it has no such field. */
  readonly values: readonly (string | null)[];
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

/** Rows of a table with a column for each configuration, the dataset included; a field that all share has no row. */
export function differenceTable(configs: readonly RunConfig[]): DifferenceRow[] {
  const partial = new Set(
    configs
      .flatMap((config) => config.policies.map((policy) => policy.id))
      .filter((id) => !configs.every((config) => config.policies.some((policy) => policy.id === id))),
  );
  const columns = configs.map((config) => {
    const policies = config.policies.filter((policy) => !partial.has(policy.id));
    const column = new Map([['dataset', config.dataset], ...leaves({ ...config, policies })]);
    for (const { id, ...rest } of config.policies)
      if (partial.has(id))
        column.set(
          `policies.${id}`,
          Object.entries(rest)
            .filter(([, value]) => value !== null)
            .map(([key, value]) =>
              key === 'kind' ? String(value) : `${key} ${Array.isArray(value) ? value.join(' and ') : value}`,
            )
            .join(', '),
        );
    return column;
  });
  const fields = new Set(columns.flatMap((column) => [...column.keys()]));
  return [...fields]
    .map((field) => ({ field, values: columns.map((column) => column.get(field) ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}

function leaves(config: RunConfig): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string, value: unknown): void => {
    // Numbers are one value, as --set takes it; policies are groups.
    if (Array.isArray(value) && typeof value[0] === 'number') found.set(path, JSON.stringify(value));
    else if (Array.isArray(value)) {
      for (const item of value) visit(`${path}.${(item as { id: string }).id}`, item);
    } else if (value !== null && typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) visit(path === '' ? key : `${path}.${key}`, inner);
    } else found.set(path, String(value));
  };
  for (const [key, value] of Object.entries(config)) if (!identity.has(key)) visit(key, value);
  return found;
}
