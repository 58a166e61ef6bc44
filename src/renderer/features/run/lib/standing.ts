/** Where raw weights and averages stand, in numbers and in words. */
import type { RunConfig } from '../../../../shared/config.ts';
import type { AverageEvaluation, EvaluationLine } from '../../../../shared/metrics.ts';
import { isAnnealed } from '../../../../shared/policies.ts';
import { reachedAt, type Verdict, verdictOf } from '../../../../shared/statistics.ts';
import { formatCount, formatLoss } from '../../../lib/format.ts';
import { t } from '../../../strings.ts';

export interface Standing {
  readonly id: string;
  readonly step: number;
  readonly average: AverageEvaluation;
  /** Null while nothing can be said: not finite, or a window that is still filling. */
  readonly verdict: Verdict | null;
}

/** The newest measurement of every average that has one. */
export function standings(evaluations: readonly EvaluationLine[], ids: readonly string[]): Map<string, Standing> {
  const found = new Map<string, Standing>();
  const last = evaluations.at(-1);
  if (!last) return found;
  for (const id of ids) {
    const average = last.averages[id];
    if (!average) continue;
    const { difference, standardError, full } = average;
    const verdict = full && difference !== null ? verdictOf(difference, standardError ?? 0) : null;
    found.set(id, { id, step: last.step, average, verdict });
  }
  return found;
}

/** The average with the lowest loss among those that may be called best; null when there is none. */
export function bestStanding(all: Iterable<Standing>): Standing | null {
  let best: Standing | null = null;
  for (const standing of all) {
    const { loss, full } = standing.average;
    if (!full || loss === null) continue;
    if (best === null || loss < (best.average.loss as number)) best = standing;
  }
  return best;
}

/**
 * What averaging gave so far, honestly: the best average against raw with its error, since when it holds, and what
 * an annealed run would say. Sentences.
 */
export function inWords(
  evaluations: readonly EvaluationLine[],
  ids: readonly string[],
  config: Pick<RunConfig, 'schedule' | 'steps' | 'init'>,
): string[] {
  const texts = t.run.words;
  const last = evaluations.at(-1);
  if (!last) return [texts.waiting];
  if (ids.length === 0) {
    const cools = config.init.from === 'checkpoint' && config.init.purpose === 'cooldown';
    return [cools ? texts.cooldown(formatCount(config.steps)) : texts.noPolicies];
  }
  const best = bestStanding(standings(evaluations, ids).values());
  if (best === null) {
    const filling = ids.filter((id) => last.averages[id] && !last.averages[id].full);
    return [filling.length > 0 ? texts.filling(filling.join(', ')) : texts.notStarted];
  }
  const { difference, standardError, loss } = best.average;
  const size = formatLoss(Math.abs(difference ?? 0));
  const error = formatLoss(standardError ?? 0);
  const step = formatCount(best.step);
  const said: string[] = [];
  if (best.verdict === 'better') {
    said.push(texts.better(step, best.id, formatLoss(loss), size, error));
    const reached = reachedAt(evaluations, best.id);
    if (reached !== null && reached < last.step)
      said.push(texts.reached(best.id, formatCount(reached), formatCount(last.step - reached)));
  } else if (best.verdict === 'worse') said.push(texts.worse(step, best.id, size, error));
  else said.push(texts.same(step, best.id, size, error));
  said.push(isAnnealed(config.schedule) ? texts.annealed : texts.constant);
  return said;
}
