/** How fast this machine trains a configuration. Writes nothing. */
import { probe } from '../../engine/train/index.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { withTrainingDevice } from './device.ts';
import type { JobHooks } from './job.ts';

export async function runProbeJob(job: Extract<JobSpec, { kind: 'probe' }>, hooks: JobHooks): Promise<JobResult> {
  return withTrainingDevice(job.config, null, hooks, async (backend) => ({
    outcome: 'finished',
    probe: await probe(backend, job.config, job.seconds),
  }));
}
