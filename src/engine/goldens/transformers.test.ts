/**
 * Losses that Hugging Face Transformers found for folders exported by bench/judges/export-cases.ts. The same weights
 * are made again here, so no Python is needed; bench/judges/transformers_roundtrip.py records the losses.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelConfig } from '../../shared/config.ts';
import { mean } from '../../shared/statistics.ts';
import type { Backend } from '../backends/backend.ts';
import { openBackend } from '../backends/select.ts';
import { backends } from './backends.ts';
import { readJson, relativeError } from './fixture.ts';
import { loudWeights, tokenLosses } from './vectors.ts';

const { cases } = readJson<{
  cases: { name: string; model: ModelConfig; seed: number; tokens: number[][]; losses: number[] }[];
}>('transformers');

describe.each(backends)('%s', (name) => {
  let backend: Backend;
  beforeAll(async () => {
    ({ backend } = await openBackend(name, { threads: 2 }));
  });
  afterAll(() => backend?.close());

  test.each(cases)('$name: the losses that Transformers finds', async ({ model, seed, tokens, losses }) => {
    const weights = loudWeights(backend, model, seed);
    const ours = await tokenLosses(backend, model, weights, tokens);
    expect(Math.abs(mean(ours) / mean(losses) - 1)).toBeLessThan(1e-5);
    // Token by token, where errors of either sign cannot cancel.
    expect(relativeError(ours, losses)).toBeLessThan(1e-5);
    weights.free();
  });
});
