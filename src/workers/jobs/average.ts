/** Offline: means of models, or of revisions in a folder. */
import { join } from 'node:path';
import {
  findRevisions,
  type MergeTarget,
  mergeInto,
  mergeWindows,
  type PlainMethod,
  type Revision,
  rereadMerge,
  type WrittenMerge,
} from '../../engine/averaging/index.ts';
import { checkTarget } from '../../engine/checkpoint/index.ts';
import { UserError } from '../../engine/errors.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { type MergeSearch, mergeRecipe } from '../../shared/merges.ts';
import type { JobHooks } from './job.ts';
import { chooseMerge } from './merge-search.ts';

type AverageJob = Extract<JobSpec, { kind: 'average' }>;

/** A stop leaves nothing behind; a kill what the same job goes on from. */
export async function runAverageJob(job: AverageJob, hooks: JobHooks): Promise<JobResult> {
  const onProgress = (done: number, total: number) => {
    const progress = { phase: 'reading', done, total, unit: 'bytes', rate: null, secondsLeft: null } as const;
    hooks.report({ type: 'progress', progress: { ...progress, reason: null } });
  };
  try {
    const plan = await planMerge(job, hooks);
    const { method, precision, hashes } = plan;
    const options = { method, precision, hashes, dtype: job.format, signal: hooks.signal, onProgress };
    const written = await mergeInto(plan.inputs, plan.targets, options);
    const checks = [];
    for (const one of written) checks.push(await reread(one));
    // Of several outputs each was checked; the one that is shown is the newest.
    const check = { ...checks.at(-1)!, weights: null, loss: null, why: null };
    return {
      outcome: 'finished',
      path: job.target,
      check,
      outputs: written.map(({ target }) => target),
      ...(plan.search && { search: plan.search }),
    };
  } catch (error) {
    if (hooks.signal.aborted) return { outcome: 'stopped' };
    throw error;
  }
}

interface Plan {
  readonly inputs: readonly string[];
  readonly targets: readonly MergeTarget[];
  readonly method: PlainMethod;
  readonly precision: 'float32' | 'float64';
  readonly hashes: boolean;
  readonly search: MergeSearch | null;
}

async function planMerge(job: AverageJob, hooks: JobHooks): Promise<Plan> {
  const { method, windows, precision, hashes } = mergeRecipe.parse(job.recipe ?? {});
  // One input is a folder of revisions; several are what they are, in the order given.
  const revisions: Revision[] =
    job.inputs.length === 1 ? await findRevisions(job.inputs[0]) : job.inputs.map((path, i) => ({ path, step: i + 1 }));
  const chosen = mergeWindows(revisions, windows);
  const isMany = windows?.kind === 'sliding' || windows?.kind === 'blocks';
  const nameOf = (step: number) => (isMany ? join(job.target, `step-${String(step).padStart(8, '0')}`) : job.target);
  for (const { step } of chosen) await checkTarget(nameOf(step));
  // What no window holds need not be opened.
  const used = [...new Set(chosen.flatMap(({ members }) => members))].sort((a, b) => a - b);
  const inputs = used.map((i) => revisions[i].path);
  const targets = chosen.map(({ step, members }) => ({
    target: nameOf(step),
    members: members.map((i) => used.indexOf(i)),
  }));
  if (method.kind !== 'search' && method.kind !== 'soup')
    return { inputs, targets, method, precision, hashes, search: null };
  if (isMany)
    throw new UserError(
      'one-window',
      'A merge that looks at losses writes one model, and these windows make several.',
      'Choose the last k, or another method.',
    );
  const choice = await chooseMerge(inputs, method, hooks);
  const members = choice.members.map((_, i) => i);
  return {
    inputs: choice.members.map((i) => inputs[i]),
    targets: [{ target: job.target, members }],
    method: choice.method,
    precision,
    hashes,
    search: choice.search,
  };
}

async function reread({ target, bytes, marks }: WrittenMerge): Promise<{ bytes: number; sha256: string }> {
  const sha256 = await rereadMerge(target, marks);
  if (sha256 === null)
    throw new UserError(
      'export-damaged',
      `The mean in ${target} was read again, and it is not what was written.`,
      'Average again, to another disk if it happens twice.',
    );
  return { bytes, sha256 };
}
