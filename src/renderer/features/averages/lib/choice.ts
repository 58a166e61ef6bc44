/** Which of several windows is best, without praising it on the blocks that chose it. */
import type { EvaluationResult } from '../../../../shared/jobs.ts';

type Half = NonNullable<EvaluationResult['halves']>[number];

/**
 * The one with the lowest loss on the first half of the blocks, with what the second half says of it. Null for fewer
 * than two, since there is nothing to choose, and where there are too few blocks to halve.
 */
export function chosen<T extends { readonly result: EvaluationResult }>(
  tries: readonly T[],
): { best: T; judged: Half } | null {
  if (tries.length < 2) return null;
  let best: { best: T; first: Half; judged: Half } | null = null;
  for (const one of tries) {
    const [first, judged] = one.result.halves ?? [];
    if (!first || !judged) return null;
    if (best === null || first.difference < best.first.difference) best = { best: one, first, judged };
  }
  return best;
}
