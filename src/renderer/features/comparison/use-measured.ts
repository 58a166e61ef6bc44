/** Losses of the same blocks side by side, measured once and kept for as long as the window lives. */

import { useCallback, useEffect, useState } from 'react';
import type { ApiError } from '../../../shared/api.ts';
import type { EvaluationResult, WeightsRef } from '../../../shared/jobs.ts';
import { asApiError } from '../../door/errors.ts';
import { call } from '../../door/index.ts';
import { useJobProgress } from '../../store/job-progress.ts';

export interface Measuring {
  readonly results: readonly EvaluationResult[] | null;
  readonly error: ApiError | null;
  readonly busy: boolean;
  readonly progress: { readonly done: number; readonly total: number } | null;
  measure(): void;
}

const kept = new Map<string, readonly EvaluationResult[]>();
/** What is being measured, so that a page that is left and opened again does not ask twice. */
const asked = new Map<string, Promise<readonly EvaluationResult[]>>();

function ask(key: string, name: string, weights: readonly WeightsRef[]): Promise<readonly EvaluationResult[]> {
  const before = asked.get(key);
  if (before) return before;
  const answer = call('runs.compare', { name, weights: [...weights] }).then((results) => {
    kept.set(key, results);
    return results;
  });
  asked.set(key, answer);
  return answer.finally(() => asked.delete(key));
}

/**
 * @param key tells this question from every other, runs that were made anew under an old name included
 * @param automatic asks without being told to
 */
export function useMeasured(key: string, name: string, weights: readonly WeightsRef[], automatic: boolean): Measuring {
  const [failed, setFailed] = useState<{ key: string; error: ApiError } | null>(null);
  const [busyKey, setBusyKey] = useState<string | null>(null);
  const results = kept.get(key) ?? null;
  const busy = busyKey === key;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the weights.
  const measure = useCallback(() => {
    setBusyKey(key);
    setFailed(null);
    ask(key, name, weights)
      .catch((error: unknown) => setFailed({ key, error: asApiError(error) }))
      .finally(() => setBusyKey((now) => (now === key ? null : now)));
  }, [key, name]);
  const error = failed?.key === key ? failed.error : null;
  useEffect(() => {
    if (automatic && !kept.has(key)) measure();
  }, [automatic, key, measure]);
  const progress = useJobProgress('evaluate', name);
  return { results, error, busy, progress, measure };
}
