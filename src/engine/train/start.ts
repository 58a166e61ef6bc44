/** Where a run begins: at its newest checkpoint, at another run's, at a model's weights, or at random ones. */
import { dirname, join, resolve } from 'node:path';
import type { RunConfig } from '../../shared/config.ts';
import { mixShares } from '../../shared/mix.ts';
import { originFolder, takeOrigin, wantedOf } from '../../shared/origin.ts';
import type { RunFingerprints } from '../../shared/run-file.ts';
import { meanReader, type OpenSnapshot } from '../averaging/index.ts';
import type { Backend } from '../backends/backend.ts';
import { type Checkpoint, copyVector, openModelFolder, RunFolder } from '../checkpoint/index.ts';
import { UserError } from '../errors.ts';
import { initialWeights } from '../model/init.ts';
import { Clock } from './clock.ts';
import type { Session } from './session.ts';

/**
 * What this run was forked from, while it has no checkpoint of its own; null for every other run. A child made by
 * the application owns it already; one that starts from a configuration takes it now.
 */
export async function openParent(folder: RunFolder): Promise<RunFolder | null> {
  const { init } = folder.config;
  if ((init.from !== 'checkpoint' && init.from !== 'rescue') || (await folder.checkpoints()).length > 0) return null;
  await takeOrigin(resolve(dirname(folder.path), init.run), folder.path, wantedOf(init));
  return RunFolder.open(join(folder.path, originFolder));
}

/**
 * Loads weights, moments, counters and policies. A resume is told to metrics.jsonl first of all.
 * Returns false when the run goes on from a checkpoint of its own, where θ_step was observed and evaluated before.
 */
export async function begin(session: Session, folder: RunFolder, parent: RunFolder | null): Promise<boolean> {
  if ((await folder.checkpoints()).length > 0) {
    const checkpoint = await folder.openForResume();
    try {
      await resumeFrom(session, checkpoint);
    } finally {
      await checkpoint.close();
    }
    return false;
  }
  const { init } = session.config;
  const note = await startFrom(session, parent, init);
  // An earlier sitting died before its first checkpoint: what it wrote is made again.
  if ((await folder.readMetrics()).length > 0) session.journal.add({ type: 'resume', from: session.step, exact: true });
  await session.noteDevice();
  if (note !== null) session.note('warning', session.step, note);
  await session.journal.flush();
  return true;
}

/** Loads the first weights. @returns a warning, or null */
async function startFrom(session: Session, parent: RunFolder | null, init: RunConfig['init']): Promise<string | null> {
  if (init.from === 'checkpoint') return startAtFork(session, parent!, init);
  if (init.from === 'rescue') await startAtRescue(session, parent!, init);
  else await startAtZero(session);
  session.device.loaded(true);
  for (const policy of session.config.policies) session.policies.start(policy);
  return null;
}

async function resumeFrom(session: Session, checkpoint: Checkpoint): Promise<void> {
  const { trainer, step } = checkpoint;
  const changed = changedNumerics(trainer.numerics, session.numerics);
  session.journal.add({ type: 'resume', from: step, exact: changed === null });
  if (changed !== null)
    session.note('warning', step, `From here on the run is not bit-exact: it was made with ${changed}.`);
  await session.journal.flush();
  await loadState(session, checkpoint);
  await session.noteDevice();
  for (const saved of Object.values(trainer.policies))
    await session.policies.restore(saved, (name) => checkpoint.tensor(name));
  session.clock = new Clock(trainer.seconds);
  session.best = trainer.best;
  await session.restored(checkpoint.trainer);
}

type Fork = Extract<RunConfig['init'], { from: 'checkpoint' }>;
type Rescue = Extract<RunConfig['init'], { from: 'rescue' }>;

/** Takes over weights, moments and counters; a run that only goes on longer takes over its averages too. */
async function startAtFork(session: Session, parent: RunFolder, init: Fork): Promise<string | null> {
  checkFork(session, parent, init);
  const checkpoint = await parent.openCheckpoint(init.step);
  try {
    await loadState(session, checkpoint);
    for (const config of session.config.policies) {
      const saved = init.purpose === 'continue' ? checkpoint.trainer.policies[config.id] : undefined;
      const same = saved && JSON.stringify({ ...config, start: 0 }) === JSON.stringify({ ...saved.config, start: 0 });
      if (same) await session.policies.restore(saved, (name) => checkpoint.tensor(name));
      else session.policies.start(config);
    }
    const changed = changedNumerics(checkpoint.trainer.numerics, session.numerics);
    return changed && `This run goes on from "${parent.config.name}", which was made with ${changed}.`;
  } finally {
    await checkpoint.close();
  }
}

/** Throws UserError('fork-mismatch') where the child would not see the batches that its parent would. */
function checkFork(session: Session, parent: RunFolder, init: Fork): void {
  const { config } = session;
  const differs = (what: string, next: string) =>
    new UserError('fork-mismatch', `This run cannot go on from "${parent.config.name}": ${what}.`, next);
  if (init.step >= config.steps)
    throw differs(`it would start at step ${init.step} and end at ${config.steps}`, 'Choose a later end.');
  if (parent.config.optimizer.kind !== config.optimizer.kind)
    throw differs(
      'it has another optimizer, whose state says nothing to this one',
      'Keep the optimizer, or start from the model of that checkpoint.',
    );
  if (init.purpose !== 'cooldown') return;
  // Runs made before their datasets' fingerprints were known are taken at their word.
  const now = session.fingerprints;
  const before: RunFingerprints = {
    datasetFingerprint: parent.datasetFingerprint ?? now.datasetFingerprint,
    mixFingerprints: { ...now.mixFingerprints, ...parent.file.mixFingerprints },
  };
  if (batchesOf(parent.config, before) !== batchesOf(config, now))
    throw differs(
      'a cooldown takes the same batches as its parent, and dataset, mix, seed, batch or block size differ',
      'Make the cooldown from the parent run itself.',
    );
}

/** What decides which tokens a run sees. */
function batchesOf(config: RunConfig, { datasetFingerprint, mixFingerprints }: RunFingerprints): string {
  const data = mixShares(config).map(({ id, share }) => [
    share,
    id === null ? datasetFingerprint : mixFingerprints[id],
  ]);
  return JSON.stringify([config.seed, config.batch, config.sampling, config.model.blockSize, data]);
}

/** The mean of the parent's snapshots, summed from oldest to newest and divided once; moments and Adam's t are zero. */
async function startAtRescue(session: Session, parent: RunFolder, init: Rescue): Promise<void> {
  const { parameters } = session.device;
  if (init.step >= session.config.steps)
    throw new UserError(
      'fork-mismatch',
      `A rescue of "${parent.config.name}" would start at step ${init.step} and end at ${session.config.steps}.`,
      'Choose a later end.',
    );
  const files = parent.snapshotFiles();
  const open: OpenSnapshot[] = [];
  try {
    for (const step of init.snapshots) {
      const file = await files.open(step);
      if (!file) throw new Error(`the origin of a rescue has no weights of step ${step}`);
      open.push(file);
    }
    const read = meanReader(open.map((snapshot) => snapshot.read));
    await copyVector(read, (offset, data) => parameters.write(offset, data), parameters.elements);
  } finally {
    for (const file of open) await file.close();
  }
  session.step = init.step;
}

async function startAtZero(session: Session): Promise<void> {
  const { config, device } = session;
  if (config.init.from === 'model') {
    const folder = await openModelFolder(config.init.path);
    try {
      await folder.loadInto(
        device.table,
        (offset, data) => device.parameters.write(offset, data),
        config.model.vocabSize,
      );
    } finally {
      await folder.close();
    }
  } else {
    for (const { offset, data } of initialWeights(config.model, config.seed)) {
      device.parameters.write(offset, data);
      // Drawing a large model takes seconds: the event loop must breathe.
      await new Promise(setImmediate);
    }
  }
}

async function loadState(session: Session, checkpoint: Checkpoint): Promise<void> {
  const { parameters, moments, counters, table } = session.device;
  const { adamT, scheduleFree } = checkpoint.trainer;
  await checkpoint.loadWeights((offset, data) => parameters.write(offset, data));
  for (const [name, store] of Object.entries(moments))
    await copyVector(checkpoint.tensor(name), (offset, data) => store.write(offset, data), table.elements);
  counters.write(0, Float32Array.of(adamT, ...(scheduleFree ? [scheduleFree.rate, ...scheduleFree.weights] : [])));
  session.device.loaded(false);
  session.step = checkpoint.step;
}

/** Null when both give the same bits; else the first thing that differs, in words. */
function changedNumerics(before: Backend['info']['numerics'], now: Backend['info']['numerics']): string | null {
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)]))
    if (before[key] !== now[key]) return `${key} ${before[key] ?? 'unset'}, and this machine has ${now[key] ?? 'none'}`;
  return null;
}
