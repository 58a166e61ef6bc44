/** The table of written models: what stands in it, in which order. */
import type { WrittenModel } from '../../../../shared/averages.ts';
import type { EvaluationLine } from '../../../../shared/metrics.ts';

export const modelColumns = ['name', 'of', 'step', 'bytes', 'loss', 'createdAt'] as const;
export type ModelColumn = (typeof modelColumns)[number];
export interface Sorting {
  readonly by: ModelColumn;
  readonly down: boolean;
}

export interface ModelRow extends WrittenModel {
  /** Where it came from the run's own evaluation of these weights, or from when it was written. */
  readonly loss: number | null;
}

/** Models with the loss that the run measured of the same weights, where it did. */
export function modelRows(models: readonly WrittenModel[], evaluations: readonly EvaluationLine[]): ModelRow[] {
  const byStep = new Map(evaluations.map((line) => [line.step, line]));
  return models.map((model) => {
    const line = model.step === null ? undefined : byStep.get(model.step);
    const measured = model.of === 'raw' ? line?.raw : model.of === null ? undefined : line?.averages[model.of]?.loss;
    return { ...model, loss: model.loss ?? measured ?? null };
  });
}

/** Sorted; what is not known comes last either way. */
export function sortedModels(rows: readonly ModelRow[], { by, down }: Sorting): ModelRow[] {
  return [...rows].sort((a, b) => {
    const [x, y] = [a[by], b[by]];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
    return down ? -order : order;
  });
}

/** The next sorting after a press on a column's head. */
export const pressed = (sorting: Sorting, by: ModelColumn): Sorting =>
  sorting.by === by ? { by, down: !sorting.down } : { by, down: by === 'bytes' || by === 'step' || by === 'createdAt' };
