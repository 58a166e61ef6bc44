/** What the merge form holds, as the recipe that is asked for. */
import { type MergeMethod, type MergeRecipe, type MergeWindows, mergeRecipe } from '../../../../shared/merges.ts';

export type FormMethod = Exclude<MergeMethod['kind'], 'weights'>;
export interface MergeForm {
  readonly method: FormMethod;
  readonly beta: number;
  readonly lambda: number;
  readonly windows: 'all' | MergeWindows['kind'];
  readonly k: number;
  /** NaN: one after another. */
  readonly spacing: number;
}
export const firstForm: MergeForm = {
  method: 'uniform',
  beta: 0.9,
  lambda: 0.5,
  windows: 'all',
  k: 5,
  spacing: Number.NaN,
};

export const needsLoss = (method: FormMethod): boolean => method === 'search' || method === 'soup';

/** Null where a number is missing or out of its range. @param dataset folder that losses are measured on */
export function recipeOf(form: MergeForm, dataset: string | null, blocks: number): MergeRecipe | null {
  const { method: kind, beta, lambda, k } = form;
  const spacing = Number.isNaN(form.spacing) ? null : form.spacing;
  const methods: Record<FormMethod, object> = {
    uniform: { kind },
    linear: { kind },
    ema: { kind, beta },
    interpolate: { kind, lambda },
    slerp: { kind, lambda },
    search: { kind, dataset, blocks },
    soup: { kind, dataset, blocks },
  };
  const windows =
    form.windows === 'all' ? null : { kind: form.windows, k, ...(form.windows !== 'blocks' && { spacing }) };
  const parsed = mergeRecipe.safeParse({ method: methods[kind], windows });
  return parsed.success ? parsed.data : null;
}
