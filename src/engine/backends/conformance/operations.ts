import { describe, expect, it } from 'vitest';
import type { OpKind } from '../../program/types.ts';
import { differences, disagreements, perform } from './bench.ts';
import { operationTrials } from './cases.ts';
import type { Bench } from './conformance.ts';

export function operationSuite(bench: Bench): void {
  describe('operations', () => {
    it.each(operationTrials.map((trial) => [trial.name, trial] as const))('%s', async (_, trial) => {
      const want = await perform(bench.reference, trial);
      for (const backend of [bench.tested, bench.unfused])
        if (backend) expect(disagreements(await perform(backend, trial), want, bench.tolerance.loss)).toEqual([]);
    });

    it('the trials cover every operation', () => {
      const kinds = new Set<OpKind>(operationTrials.flatMap((t) => t.program.ops.map((op) => op.kind)));
      // The update has a suite of its own.
      expect(kinds.size).toBe(17);
      expect(kinds.has('adamw')).toBe(false);
    });

    it('gives the same bits twice, and with any number of threads', async () => {
      const backends = await Promise.all(bench.threads.map((threads) => bench.open({ threads })));
      for (const trial of operationTrials) {
        const outcomes = [];
        for (const backend of [...backends, backends[0]]) outcomes.push(await perform(backend, trial));
        for (const outcome of outcomes.slice(1)) expect(differences(outcomes[0], outcome), trial.name).toEqual([]);
      }
      for (const backend of backends) await backend.close();
    });
  });
}
