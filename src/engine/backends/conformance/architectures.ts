/** GPT-NeoX and Llama: their operations, whole steps and decoding. */
import { describe, expect, it } from 'vitest';
import { cacheElements, decodeProgram, trainProgram } from '../../model/gpt.ts';
import type { OpKind } from '../../program/types.ts';
import { architectureTrials } from './architecture-cases.ts';
import { differences, disagreements, type Outcome, perform, type Trial } from './bench.ts';
import type { Bench } from './conformance.ts';
import { Dice, generateArchitecture } from './generate.ts';

export function architectureSuite(bench: Bench): void {
  describe('GPT-NeoX and Llama', () => {
    it.each(architectureTrials.map((trial) => [trial.name, trial] as const))('%s', async (_, trial) => {
      const want = await perform(bench.reference, trial);
      for (const backend of [bench.tested, bench.unfused])
        if (backend) expect(disagreements(await perform(backend, trial), want, bench.tolerance.loss)).toEqual([]);
    });

    it('the trials cover what GPT-2 does not have', () => {
      const kinds = new Set<OpKind>(architectureTrials.flatMap((t) => t.program.ops.map((op) => op.kind)));
      expect([...kinds].sort()).toEqual([
        'add',
        'embedding',
        'embeddingBackward',
        'linear',
        'linearBackward',
        'residualRmsNorm',
        'rmsNorm',
        'rmsNormBackward',
        'rotary',
        'rotaryBackward',
        'swiglu',
        'swigluBackward',
      ]);
    });

    it('gives the same bits twice, and with any number of threads', async () => {
      const backends = await Promise.all(bench.threads.map((threads) => bench.open({ threads })));
      for (const trial of architectureTrials) {
        const outcomes: Outcome[] = [];
        for (const backend of [...backends, backends[0]]) outcomes.push(await perform(backend, trial));
        for (const outcome of outcomes.slice(1)) expect(differences(outcomes[0], outcome), trial.name).toEqual([]);
      }
      for (const backend of backends) await backend.close();
    });

    it.each([1, 2, 3, 4, 5, 6])('model of seed %i: losses, ring and every gradient tensor', async (seed) => {
      const model = generateArchitecture(seed);
      const trial: Trial = {
        name: 'step',
        program: trainProgram(model, { batch: new Dice(seed, 2).between(1, 3), tokens: model.blockSize }),
        bounds: { tokens: model.vocabSize, targets: model.vocabSize },
        runs: [
          { accumulate: 0, lossScale: 0.5, seed: 4, step: 17, microBatch: 0, ringSlot: 2 },
          { accumulate: 1, lossScale: 0.5, seed: 4, step: 17, microBatch: 1, ringSlot: 2 },
        ],
      };
      const want = await perform(bench.reference, trial);
      for (const backend of [bench.tested, bench.unfused])
        if (backend) expect(disagreements(await perform(backend, trial), want, bench.tolerance.gradient)).toEqual([]);
    });

    it.each([1, 2])('decodes from the cache as the reference does (seed %i)', async (seed) => {
      const model = generateArchitecture(seed);
      const trial: Trial = {
        name: 'decode',
        program: decodeProgram(model, { batch: 2, tokens: 1 }),
        bounds: { tokens: model.vocabSize },
        runs: Array.from({ length: model.blockSize }, (_, position) => ({ position })),
      };
      expect(cacheElements(model)).toBeGreaterThan(0);
      const want = await perform(bench.reference, trial);
      expect(disagreements(await perform(bench.tested, trial), want, bench.tolerance.loss)).toEqual([]);
    });
  });
}

/** For a backend that knows GPT-2 alone: it says so, and what to do. */
export function refusalSuite(bench: Bench): void {
  it.each([1, 2])('refuses an architecture that it does not know, by name (seed %i)', (seed) => {
    const model = generateArchitecture(seed);
    const compile = () => bench.tested.compile(trainProgram(model, { batch: 1, tokens: model.blockSize }));
    expect(compile).toThrow(/runs GPT-2 only: it has no (rotary|rmsNorm|linear)/);
  });
}
