/** Merges chosen by their losses: on the blocks at even places, reported on those at odd ones. */
import { basename } from 'node:path';
import { greedySoup, searchLambda } from '../../engine/averaging/index.ts';
import { openDataset } from '../../engine/data/index.ts';
import { UserError } from '../../engine/errors.ts';
import { mean, pairedHalves } from '../../engine/evaluate/index.ts';
import { deviceConfig } from '../../shared/config.ts';
import type { MergeMethod, MergeSearch } from '../../shared/merges.ts';
import { withDevice } from './device.ts';
import type { JobHooks } from './job.ts';
import { ModelJudge } from './model-judge.ts';

type Judged = Extract<MergeMethod, { kind: 'search' | 'soup' }>;

/** What to write, and what it promises. */
export interface Choice {
  readonly method: Extract<MergeMethod, { kind: 'uniform' | 'interpolate' }>;
  /** Places among the inputs, ascending. */
  readonly members: readonly number[];
  readonly search: MergeSearch;
}

const half = (losses: Float64Array, odd: 0 | 1) => mean(losses.filter((_, i) => i % 2 === odd));

/**
 * @throws UserError 'two-needed', 'no-gain' where no mean beats the best single model on the first half,
 *   'not-comparable', and what opening models and datasets throws
 */
export async function chooseMerge(paths: readonly string[], method: Judged, hooks: JobHooks): Promise<Choice> {
  if (method.kind === 'search' && paths.length !== 2)
    throw new UserError(
      'two-needed',
      `λ lies between two models, and there are ${paths.length}.`,
      'Name two, or choose the greedy soup.',
    );
  const dataset = await openDataset(method.dataset);
  try {
    return await withDevice(deviceConfig.parse({}), hooks, async (backend) => {
      // Every turn of the loop lets a stop through.
      const between = async () => {
        await new Promise((resolve) => setImmediate(resolve));
        hooks.signal.throwIfAborted();
      };
      const judge = await ModelJudge.open(backend, paths, dataset, { blocks: method.blocks, between });
      try {
        return method.kind === 'search' ? await lambda(judge, paths, method, hooks) : await soup(judge, paths, hooks);
      } finally {
        judge.free();
      }
    });
  } finally {
    dataset.close();
  }
}

function telling(hooks: JobHooks, total: number): () => void {
  let done = 0;
  return () => {
    const progress = { phase: 'evaluating', done, total, unit: 'steps', rate: null, secondsLeft: null } as const;
    hooks.report({ type: 'progress', progress: { ...progress, reason: null } });
    done++;
  };
}

async function lambda(
  judge: ModelJudge,
  paths: readonly string[],
  { evaluations }: Extract<Judged, { kind: 'search' }>,
  hooks: JobHooks,
): Promise<Choice> {
  const measured = new Map<number, Float64Array>();
  const tell = telling(hooks, evaluations);
  const tried = await searchLambda(async (at) => {
    tell();
    const alone = at === 0 ? [0] : at === 1 ? [1] : null;
    const losses = await (alone ? judge.losses(alone) : judge.losses([0, 1], [1 - at, at]));
    measured.set(at, losses);
    return half(losses, 0);
  }, evaluations);
  const best = tried.reduce((a, b) => (b.loss < a.loss ? b : a));
  const end = tried[0].loss <= tried[1].loss ? 0 : 1;
  if (best.lambda === 0 || best.lambda === 1) throw noGain(paths[best.lambda]);
  const search = judged(tried, (point) => `λ = ${point.lambda}`, best, {
    chosen: measured.get(best.lambda)!,
    single: measured.get(end)!,
    against: nameOf(paths, end),
  });
  return { method: { kind: 'interpolate', lambda: best.lambda }, members: [0, 1], search };
}

async function soup(judge: ModelJudge, paths: readonly string[], hooks: JobHooks): Promise<Choice> {
  const tell = telling(hooks, 2 * paths.length - 1);
  const alone: Float64Array[] = [];
  for (let i = 0; i < paths.length; i++) {
    tell();
    alone.push(await judge.losses([i]));
  }
  const means = new Map<string, Float64Array>();
  const first = alone.map((losses) => half(losses, 0));
  const found = await greedySoup(first, async (members) => {
    tell();
    const losses = await judge.losses(members);
    means.set(members.join(), losses);
    return half(losses, 0);
  });
  const best = first.indexOf(Math.min(...first));
  if (found.members.length === 1) throw noGain(paths[best]);
  const words = ({ members }: { members: readonly number[] }) => members.map((i) => nameOf(paths, i)).join(' + ');
  const tried = [...first.map((loss, i) => ({ members: [i], loss })), ...found.tried];
  const search = judged(tried, words, found, {
    chosen: means.get(found.members.join())!,
    single: alone[best],
    against: nameOf(paths, best),
  });
  return { method: { kind: 'uniform' }, members: found.members, search };
}

function judged<T extends { readonly loss: number }>(
  tried: readonly T[],
  words: (tried: T) => string,
  best: T,
  { chosen, single, against }: { chosen: Float64Array; single: Float64Array; against: string },
): MergeSearch {
  const [, { difference, standardError, verdict }] = pairedHalves(chosen, single);
  return {
    tried: tried.map((point) => ({ what: words(point), loss: point.loss })),
    chosen: words(best),
    against,
    loss: half(chosen, 1),
    difference,
    standardError,
    verdict,
  };
}

const nameOf = (paths: readonly string[], i: number) => basename(paths[i]);
const noGain = (path: string) =>
  new UserError(
    'no-gain',
    `No mean of these models has a smaller loss than ${path} alone, so nothing was written.`,
    'Use that model as it is, or try models that lie closer together.',
  );
