/** What a configuration amounts to, before anything runs. */
import type { RunConfig } from '../../../../shared/config.ts';
import { evaluationCount } from '../../../../shared/fit.ts';
import { formatSetting } from '../../../lib/format.ts';
import { t } from '../../../strings.ts';

/** micro-batch · accumulation · block size. */
export const tokensPerStep = (config: Pick<RunConfig, 'batch' | 'model'>): number =>
  config.batch.microBatch * config.batch.accumulation * config.model.blockSize;

/** Six digits of a number say what it is. */
export const shortened = (value: string): string =>
  value.length > 8 && Number.isFinite(Number(value)) ? formatSetting(Number(Number(value).toPrecision(6))) : value;

/**
 * Share of the computing that goes into evaluation. An evaluation is (1 + averages) forward passes over its blocks, on
 * each dataset of a mix;
 * a training step is counted as three forward passes over its tokens (one forward, two backward).
 */
export function evaluationShare(
  config: Pick<RunConfig, 'batch' | 'model' | 'steps' | 'evaluation' | 'policies' | 'mix'>,
): number {
  const training = 3 * tokensPerStep(config) * config.steps;
  const passes = (1 + config.policies.length) * (1 + config.mix.others.length);
  const once = passes * config.evaluation.blocks * config.model.blockSize;
  const evaluating = once * evaluationCount(config);
  return evaluating / (training + evaluating);
}

/** The start button's words: what is missing, or that it starts. */
export function startLabel(state: { loading: boolean; dataset: boolean; errors: number; starting: boolean }): string {
  const texts = t.newRun.start;
  if (state.starting) return texts.starting;
  if (state.loading) return texts.loading;
  if (!state.dataset) return texts.chooseDataset;
  if (state.errors > 0) return texts.fix(state.errors);
  return texts.go;
}
