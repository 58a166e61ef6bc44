/**
 * What a run takes of memory and disk, from its configuration alone, by kind, in bytes; and what to lower where that
 * is too much. Layout of the parameter vector as in engine/model/table.ts, activations as the native backend plans
 * them for a micro-batch, files as checkpoint/ writes them.
 */

import { matrixElements, parameterCount } from './architecture.ts';
import type { ModelConfig, PolicyConfig, RunConfig } from './config.ts';
import { isWindow, observationsBy, resolvePolicy, storedPairsBy } from './policies.ts';

export interface MemoryEstimate {
  /** And in mixed precision the packed bfloat16 forms of their matrices. */
  readonly parameters: number;
  readonly gradients: number;
  /** Adam's two moments; of schedule-free AdamW z, v and the point where gradients are taken. */
  readonly moments: number;
  /** Accumulators of EMA, SWA and power EMA, the room to evaluate an average in, and windows' snapshots that stay in memory. */
  readonly averages: number;
  /** Of one micro-batch's training; what evaluates takes less, and the same place. */
  readonly activations: number;
  readonly total: number;
}

export interface DiskEstimate {
  /** Checkpoints that are kept, and the next one, which is whole before an older one goes. */
  readonly checkpoints: number;
  /** Weights that the windows of kept checkpoints need and no checkpoint holds, and pairs that a power EMA stores. */
  readonly snapshots: number;
  /** Model folders of the averages, written at the end. */
  readonly averages: number;
  readonly total: number;
}

const floatBytes = 4;
const packedBytes = 2;
/** Every tensor of the vector starts at a multiple of this many elements. */
const alignment = 64;
/** Share of memory that snapshots may take before they go to disk (engine/averaging/snapshots.ts). */
const snapshotShare = 1 / 4;
/** Values kept per token and unit of width: per layer for the backward pass, … */
const perLayer = 16;
/** … and once for the ends of the network. */
const atEnds = 5;

const aligned = (elements: number): number => Math.ceil(elements / alignment) * alignment;

/** Elements of the parameter vector: padding between tensors and padded vocabulary rows included. */
export function vectorElements(model: ModelConfig): number {
  const { width: c, layers, blockSize, bias } = model;
  // Of other architectures to the padding, which is below 64 elements a tensor.
  if (model.architecture) return parameterCount({ ...model, vocabSize: model.paddedVocabSize ?? model.vocabSize });
  const norm = aligned(c) * (bias ? 2 : 1);
  const linear = (from: number, to: number) => aligned(from * to) + (bias ? aligned(to) : 0);
  const layer = 2 * norm + linear(c, 3 * c) + linear(c, c) + linear(c, 4 * c) + linear(4 * c, c);
  return aligned((model.paddedVocabSize ?? model.vocabSize) * c) + aligned(blockSize * c) + layers * layer + norm;
}

/** Values kept per token and unit of width. */
function activationValues({ layers, width, architecture }: ModelConfig): number {
  if (!architecture) return perLayer * layers + atEnds;
  // Beside what is as wide as the model: pre-activation and activation of the MLP; gate, up and their product.
  const inner = architecture.inner / width;
  if (architecture.kind === 'llama') return (8 + 3 * inner) * layers + 1 + 2 * inner;
  const own = architecture.parallelResidual ? 7 : 8;
  return (own + 2 * inner) * layers + 1 + inner;
}

/** @param machine bytes of memory that there are in all; bounds the snapshots that are held in memory */
export function estimateMemory(config: RunConfig, machine: number): MemoryEstimate {
  const { model, batch, policies } = config;
  const vector = floatBytes * vectorElements(model);
  // One packed form for forward passes, another for gradients. Automatic may turn out to be mixed.
  const packed = config.device.precision === 'float32' ? 0 : packedBytes * matrixElements(model);
  const accumulators = accumulatorsOf(config);
  const scratch = policies.length > 0 ? 1 : 0;
  const snapshots = Math.min(windowSteps(config, config.steps).size * vector, machine * snapshotShare);
  const averages = (accumulators + scratch) * vector + scratch * packed + snapshots;
  const values = activationValues(model) + (model.dropout > 0 ? 1 : 0);
  const activations = floatBytes * batch.microBatch * model.blockSize * model.width * values;
  const moments = (config.optimizer.kind === 'schedule-free' ? 3 : 2) * vector;
  const total = 2 * vector + moments + 2 * packed + averages + activations;
  const parameters = vector + 2 * packed;
  return { parameters, gradients: vector, moments, averages, activations, total };
}

/** At its fullest: the last checkpoint is written and none has gone for it yet. */
export function estimateDisk(config: RunConfig): DiskEstimate {
  const { model, policies, checkpoints: kept } = config;
  const weights = floatBytes * parameterCount(model);
  const accumulators = accumulatorsOf(config);
  const checkpoint = (3 + accumulators) * weights;
  const steps = keptSteps(config);
  let checkpoints = (steps.count + (steps.all > steps.count ? 1 : 0)) * checkpoint;
  let snapshots = steps.snapshots * weights;
  // Both vectors of every pair, padding included; no budget counts them.
  const pairs = 2 * floatBytes * vectorElements(model) * storedPairs(config);
  const { diskBudget } = kept;
  if (diskBudget !== null && checkpoints + snapshots > diskBudget) {
    // Checkpoints go first; the newest and what its windows need stay, whatever the budget.
    snapshots = Math.min(snapshots, windowSteps(config, config.steps).size * weights);
    checkpoints = Math.max(checkpoint, Math.min(checkpoints, diskBudget - snapshots));
  }
  const averages = policies.length * weights;
  return { checkpoints, snapshots: snapshots + pairs, averages, total: checkpoints + snapshots + pairs + averages };
}

/** Vectors that policies fold weights into. */
function accumulatorsOf({ policies }: RunConfig): number {
  const vectors = (policy: PolicyConfig) => (policy.kind === 'power' || policy.kind === 'tail' ? 2 : 1);
  return policies.reduce((sum, policy) => sum + (isWindow(policy) ? 0 : vectors(policy)), 0);
}

function storedPairs(config: RunConfig): number {
  const powers = config.policies.filter((policy) => policy.kind === 'power');
  return powers.reduce((sum, policy) => sum + storedPairsBy(resolvePolicy(policy, config), config.steps), 0);
}

/** Beyond this many kept checkpoints their windows are counted, not listed, … */
const listed = 200;
/** … and no window is listed beyond this; both are more than any disk holds. */
const longestWindow = 10_000;

/** Checkpoints that are kept at the end, all that were written, and snapshots beside them. */
function keptSteps(config: RunConfig): { count: number; all: number; snapshots: number } {
  const { steps: total, checkpoints } = config;
  const every = checkpoints.every === 0 ? total : checkpoints.every;
  const all = Math.ceil(total / every);
  const at = (i: number) => Math.min((i + 1) * every, total);
  const last = Math.min(checkpoints.keepLast, all);
  // The best is an old one at worst.
  const best = checkpoints.keepBest && all > last ? 1 : 0;
  const stride =
    checkpoints.keepEvery > 0 ? leastCommonMultiple(every, checkpoints.keepEvery) : Number.POSITIVE_INFINITY;
  const regular = Math.floor(total / stride);
  const count = Math.min(all, last + best + regular);
  if (count > listed) {
    const window = config.policies.reduce((sum, policy) => sum + (isWindow(policy) ? policy.k : 0), 0);
    return { count, all, snapshots: count * window };
  }
  const kept = new Set<number>();
  for (let i = 0; i < last; i++) kept.add(at(all - 1 - i));
  for (let i = 1; i <= regular; i++) kept.add(i * stride);
  if (best === 1) kept.add(at(Math.max(0, all - 1 - last)));
  const needed = new Set<number>();
  for (const step of kept) for (const snapshot of windowSteps(config, step)) needed.add(snapshot);
  const snapshots = [...needed].filter((step) => !kept.has(step)).length;
  return { count: kept.size, all, snapshots };
}

/** Steps that the windows of LAWA and WMA hold when the run stands at a step. */
function windowSteps(config: RunConfig, step: number): Set<number> {
  const steps = new Set<number>();
  for (const policy of config.policies) {
    if (!isWindow(policy)) continue;
    const resolved = resolvePolicy(policy, config);
    const held = Math.min(policy.k, observationsBy(resolved, step), longestWindow);
    const newest = Math.floor(step / policy.spacing) * policy.spacing;
    for (let i = 0; i < held; i++) steps.add(newest - i * policy.spacing);
  }
  return steps;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

export type Fit = 'fits' | 'tight' | 'too-large';
/** Up to this share nothing is said: the system and other programs need the rest. */
const comfortable = 0.75;
const possible = 0.95;

/** Whether `need` bytes go into `have`. */
export function fitOf(need: number, have: number): Fit {
  if (need <= comfortable * have) return 'fits';
  return need <= possible * have ? 'tight' : 'too-large';
}

/** One change that lowers an estimate, and what is then needed. */
export interface Relief {
  readonly change:
    | { readonly kind: 'micro-batch'; readonly microBatch: number; readonly accumulation: number }
    | { readonly kind: 'window'; readonly id: string; readonly k: number }
    | { readonly kind: 'keep-every' }
    | { readonly kind: 'keep-last'; readonly keepLast: number }
    | { readonly kind: 'model' };
  /** Bytes needed after it. */
  readonly total: number;
}

/**
 * What to lower so that a run fits into memory: the largest micro-batch that does, at the same tokens per step; where
 * none does, or none is smaller, the model.
 */
export function memoryRelief(config: RunConfig, machine: number): Relief {
  const { microBatch, accumulation } = config.batch;
  for (let smaller = microBatch - 1; smaller >= 1; smaller--) {
    if (microBatch % smaller !== 0) continue;
    const batch = { microBatch: smaller, accumulation: (accumulation * microBatch) / smaller };
    const { total } = estimateMemory({ ...config, batch }, machine);
    if (fitOf(total, machine) === 'fits' || (smaller === 1 && fitOf(total, machine) === 'tight'))
      return { change: { kind: 'micro-batch', ...batch }, total };
  }
  return { change: { kind: 'model' }, total: estimateMemory(config, machine).total };
}

/** What to lower so that a run needs less disk: of the single changes that help, the one that helps most. */
export function diskRelief(config: RunConfig): Relief {
  const { checkpoints, policies } = config;
  const after = (changed: RunConfig, change: Relief['change']): Relief => ({
    change,
    total: estimateDisk(changed).total,
  });
  const found: Relief[] = [];
  if (checkpoints.keepEvery > 0)
    found.push(after({ ...config, checkpoints: { ...checkpoints, keepEvery: 0 } }, { kind: 'keep-every' }));
  if (checkpoints.keepLast > 1)
    found.push(after({ ...config, checkpoints: { ...checkpoints, keepLast: 1 } }, { kind: 'keep-last', keepLast: 1 }));
  const windows = policies.filter(isWindow).filter(({ k }) => k > 2);
  for (const window of windows) {
    const k = Math.ceil(window.k / 2);
    const changed = policies.map((policy) => (policy === window ? { ...window, k } : policy));
    found.push(after({ ...config, policies: changed }, { kind: 'window', id: window.id, k }));
  }
  const now = estimateDisk(config).total;
  const best = found.sort((a, b) => a.total - b.total).at(0);
  return best && best.total < now ? best : { change: { kind: 'model' }, total: now };
}
