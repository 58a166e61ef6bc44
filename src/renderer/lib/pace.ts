/** How long runs take, from how fast runs of the same model have trained. */
import type { RunSummary } from '../../shared/api.ts';
import type { RunConfig } from '../../shared/config.ts';

type Timed = Pick<RunSummary, 'config' | 'speed'>;

/** Tokens per second of the first of these runs that trained the same model; null where none has. */
export function paceOf(model: RunConfig['model'], runs: readonly Timed[]): number | null {
  const shape = JSON.stringify(model);
  return runs.find(({ speed, config }) => speed !== null && JSON.stringify(config.model) === shape)?.speed ?? null;
}

/** Tokens that a run trains on, from a step on. */
export function trainedTokens({ batch, model, steps }: RunConfig, from = 0): number {
  return batch.microBatch * batch.accumulation * model.blockSize * Math.max(0, steps - from);
}

/**
 * Seconds that a run takes from a step on. An evaluation is (1 + averages) forward passes over its blocks, and a
 * forward pass a third of a training step over as many tokens.
 */
export function secondsOf(config: RunConfig, pace: number, from = 0): number {
  const { evaluation, model, policies, steps } = config;
  const evaluations = Math.ceil(Math.max(0, steps - from) / evaluation.every) + 1;
  const evaluated = evaluations * (1 + policies.length) * evaluation.blocks * model.blockSize;
  return (trainedTokens(config, from) + evaluated / 3) / pace;
}
