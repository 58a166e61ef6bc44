/** Training: starts a run or goes on from its newest checkpoint, and serves what is asked of it meanwhile. */
import { rm, stat } from 'node:fs/promises';
import { type BackendName, backendNames } from '../../engine/backends/backend.ts';
import { RunFolder } from '../../engine/checkpoint/index.ts';
import { fingerprintsOf, openRunData } from '../../engine/data/index.ts';
import { UserError } from '../../engine/errors.ts';
import { checkData, Trainer } from '../../engine/train/index.ts';
import type { Command, JobResult, JobSpec } from '../../shared/jobs.ts';
import type { RunFingerprints } from '../../shared/run-file.ts';
import { withTrainingDevice } from './device.ts';
import type { JobHooks } from './job.ts';

type TrainJob = Extract<JobSpec, { kind: 'train' }>;

export async function runTrainJob(job: TrainJob, hooks: JobHooks): Promise<JobResult> {
  const total = job.config.steps;
  const starting = { phase: 'starting', done: 0, total, unit: 'steps', rate: null, secondsLeft: null } as const;
  hooks.report({ type: 'progress', progress: { ...starting, reason: null } });
  const data = await openRunData(job.config);
  try {
    // Before anything is written.
    checkData(job.config, data, null);
    const fresh = (await stat(job.folder).catch(() => null)) === null;
    const folder = await openRun(job, fingerprintsOf(data));
    try {
      return await withTrainingDevice(job.config, await engineOf(folder), hooks, async (backend) => {
        const trainer = new Trainer({ folder, ...data, backend, emit: hooks.report });
        const stop = () => trainer.stop();
        if (hooks.signal.aborted) stop();
        hooks.signal.addEventListener('abort', stop);
        hooks.onCommand((command) => void serve(trainer, command));
        return { ...(await trainer.run()), path: folder.path };
      });
    } catch (error) {
      // A run that could not even begin would only keep its name from another try.
      if (fresh && (await folder.readMetrics()).length === 0) await rm(folder.path, { recursive: true, force: true });
      throw error;
    } finally {
      await folder.close();
    }
  } finally {
    data.close();
  }
}

/** The run's folder, made where there is none, locked and rid of what a killed worker left. */
async function openRun(job: TrainJob, fingerprints: RunFingerprints): Promise<RunFolder> {
  const folder = await RunFolder.open(job.folder).catch((error: unknown) => {
    if (error instanceof UserError && error.code === 'run-missing')
      return RunFolder.create(job.folder, job.config, fingerprints);
    throw error;
  });
  await folder.lock();
  try {
    await folder.sweep();
    const newest = (await folder.checkpoints()).at(-1);
    if (newest && !job.resume)
      throw new UserError(
        'run-exists',
        `${folder.path} holds a run already, at step ${newest.step}.`,
        'Resume it, or choose another name for the new run.',
      );
    return folder;
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** The engine of the newest checkpoint; null before the first. */
async function engineOf(folder: RunFolder): Promise<BackendName | null> {
  if ((await folder.checkpoints()).length === 0) return null;
  const checkpoint = await folder.openForResume();
  try {
    return backendNames.find((name) => name === checkpoint.trainer.numerics.backend) ?? null;
  } finally {
    await checkpoint.close();
  }
}

async function serve(trainer: Trainer, command: Command): Promise<void> {
  try {
    await request(trainer, command);
  } catch (error) {
    // A request in vain is told as a note of the run; only a defect belongs into the log.
    if (!(error instanceof UserError)) console.error(error);
  }
}

async function request(trainer: Trainer, command: Command): Promise<unknown> {
  switch (command.type) {
    case 'pause':
      return trainer.pause();
    case 'resume':
      return trainer.resume();
    case 'evaluate':
      return trainer.requestEvaluation();
    case 'checkpoint':
      return trainer.requestCheckpoint();
    case 'sample':
      return trainer.requestSample(command.of, command.options);
    case 'stop-sample':
      return trainer.stopSample(command.of ?? null);
    case 'add-policy':
      return trainer.addPolicy(command.policy);
    case 'remove-policy':
      return trainer.removePolicy(command.id);
  }
}
