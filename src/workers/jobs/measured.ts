/** What losses block by block say, as every job that evaluates reports them. */
import { bitsPerByte, mean, pairedDifference, pairedHalves, perplexity } from '../../engine/evaluate/index.ts';
import type { EvaluationResult } from '../../shared/jobs.ts';

/** @param base losses on the same blocks that these are compared with */
export function evaluationOf(
  of: string,
  step: number,
  losses: Float64Array,
  base: Float64Array,
  val: { readonly tokens: number; readonly bytes: number },
): EvaluationResult {
  const loss = mean(losses);
  return {
    of,
    step,
    loss,
    perplexity: perplexity(loss),
    bitsPerByte: bitsPerByte(loss, val),
    ...pairedDifference(losses, base),
    ...(losses.length > 1 && { halves: pairedHalves(losses, base) }),
  };
}
