import type { PolicyConfig } from '../../shared/config.ts';
import type { Backend } from '../backends/backend.ts';
import { Ema } from './ema.ts';
import type { Policy, Resolved } from './policy.ts';
import { type PairFiles, Power } from './power.ts';
import type { SnapshotPool } from './snapshots.ts';
import { Swa } from './swa.ts';
import { TailEma } from './tail-ema.ts';
import { WindowMean } from './window.ts';

export { resolvePolicy } from '../../shared/policies.ts';
export { backfill, backfillSteps } from './backfill.ts';
export { type MergeOptions, type MergeTarget, mergeCheckpoints, mergeInto, type WrittenMerge } from './merge.ts';
export { checkpointOf, openInput } from './merge-input.ts';
export type { PlainMethod } from './merge-methods.ts';
export { type MergeMark, rereadMerge } from './merge-output.ts';
export { type MergeWindow, mergeWindows } from './merge-windows.ts';
export type { Policy, PolicyDescription, PolicyState, Resolved } from './policy.ts';
export type { PairFiles, StoredPair } from './power.ts';
export { type Profile, type Reconstruction, solveProfile } from './power-solve.ts';
export { compareVariants, findRevisions, type Revision } from './revisions.ts';
export { greedySoup, searchLambda } from './search.ts';
export {
  meanReader,
  type OpenSnapshot,
  type SnapshotFiles,
  SnapshotPool,
  type SnapshotPoolOptions,
} from './snapshots.ts';

export interface PolicyContext {
  readonly backend: Backend;
  /** Length of the parameter vector. */
  readonly elements: number;
  readonly snapshots: SnapshotPool;
  /** Where a power EMA stores its pairs; absent: nowhere. */
  readonly pairs?: PairFiles;
}

/** @throws Error when the backend has no memory for its accumulator */
export function createPolicy(config: Resolved<PolicyConfig>, context: PolicyContext): Policy {
  switch (config.kind) {
    case 'lawa':
    case 'wma':
      return new WindowMean(config, context.snapshots);
    case 'ema':
      return new Ema(config, context.backend, context.elements);
    case 'swa':
      return new Swa(config, context.backend, context.elements);
    case 'tail':
      return new TailEma(config, context.backend, context.elements);
    case 'power':
      return new Power(config, context.backend, context.elements, context.pairs ?? null);
  }
}
