import { expect, it } from 'vitest';
import { openReference } from '../backends/reference/index.ts';
import { microConfig } from './fixture.ts';
import { probe } from './probe.ts';

it('times a configuration within about the time it was given', async () => {
  const backend = await openReference();
  const config = microConfig();
  const start = performance.now();
  const result = await probe(backend, config, 0.4);
  expect((performance.now() - start) / 1000).toBeLessThan(5);
  expect(result.secondsPerStep).toBeGreaterThan(0);
  expect(result.secondsPerEvaluation).toBeGreaterThan(0);
  // Three micro-batches of two blocks of 16 make an update.
  expect(result.tokensPerSecond).toBeCloseTo((3 * 2 * 16) / result.secondsPerStep, 6);
  const longer = await probe(backend, { ...config, batch: { ...config.batch, accumulation: 30 } }, 0.4);
  expect(longer.secondsPerStep / result.secondsPerStep).toBeGreaterThan(3);
  await backend.close();
});
