/** Which weights stand side by side: weights of a run by 'raw' or a policy's id, or a model folder by its path. */
import type { WrittenModel } from '../../../../shared/averages.ts';

export type Column = { readonly kind: 'run'; readonly of: string } | { readonly kind: 'model'; readonly path: string };

/** At least one column, at most so many. */
export const mostColumns = 4;

/** A column as the value of a select. */
export const columnKey = (column: Column): string =>
  column.kind === 'run' ? `run ${column.of}` : `model ${column.path}`;

export function columnOf(key: string): Column {
  const space = key.indexOf(' ');
  const rest = key.slice(space + 1);
  return key.slice(0, space) === 'run' ? { kind: 'run', of: rest } : { kind: 'model', path: rest };
}

/** What a column can be: raw and averages of the run, models written from it, merges. Files of nanoGPT have no tokenizer. */
export function choices(
  run: { readonly ids: readonly string[]; readonly models: readonly WrittenModel[] } | null,
  merged: readonly WrittenModel[],
): { group: 'run' | 'models' | 'merged'; columns: Column[] }[] {
  const folders = (models: readonly WrittenModel[]) =>
    models.filter(({ layout }) => layout === 'huggingface').map(({ path }): Column => ({ kind: 'model', path }));
  const groups = [
    { group: 'run' as const, columns: run ? ['raw', ...run.ids].map((of): Column => ({ kind: 'run', of })) : [] },
    { group: 'models' as const, columns: folders(run?.models ?? []) },
    { group: 'merged' as const, columns: folders(merged) },
  ];
  return groups.filter(({ columns }) => columns.length > 0);
}

/** Raw and the best average beside it; of a model alone the model. */
export function firstColumns(
  run: { ids: readonly string[]; best: string | null } | null,
  model: string | null,
): Column[] {
  if (model !== null) return [{ kind: 'model', path: model }];
  const beside = run?.best ?? run?.ids[0];
  return [{ kind: 'run', of: 'raw' }, ...(beside === undefined ? [] : [{ kind: 'run' as const, of: beside }])];
}

/** The next one that is not shown yet; null where all are, or there is no room. */
export function nextColumn(shown: readonly Column[], all: readonly Column[]): Column | null {
  if (shown.length >= mostColumns) return null;
  const taken = new Set(shown.map(columnKey));
  return all.find((column) => !taken.has(columnKey(column))) ?? null;
}

/** A name short enough for the head of a column: the weights, or the last two parts of a path. */
export function columnName(column: Column, raw: string): string {
  if (column.kind === 'run') return column.of === 'raw' ? raw : column.of;
  return column.path.split(/[\\/]/).filter(Boolean).slice(-2).join('/');
}
