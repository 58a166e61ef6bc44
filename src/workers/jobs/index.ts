/** Every job a worker can be started for. */
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { runAverageJob } from './average.ts';
import { runDoctorJob } from './doctor.ts';
import { runEvaluateJob } from './evaluate.ts';
import { runEvaluateModelsJob } from './evaluate-models.ts';
import { runExportJob } from './export.ts';
import { runInspectModelJob } from './inspect-model.ts';
import type { JobHooks } from './job.ts';
import { runMapJob } from './map.ts';
import { runPrepareJob, runPreparingSpeedJob, runPreviewJob, runScanJob } from './prepare.ts';

import { runProbeJob } from './probe.ts';
import { runSampleJob } from './sample.ts';
import { runSampleModelJob } from './sample-model.ts';
import { runTrainJob } from './train.ts';
import { runWindowJob } from './window.ts';

export type { JobHooks } from './job.ts';

/** Runs one job to its end. Throws UserError for everything that a user can cause. */
export function runJob(job: JobSpec, hooks: JobHooks): Promise<JobResult> {
  switch (job.kind) {
    case 'train':
      return runTrainJob(job, hooks);
    case 'prepare':
      return runPrepareJob(job, hooks);
    case 'scan':
      return runScanJob(job);
    case 'preparing-speed':
      return runPreparingSpeedJob(job, hooks);
    case 'export':
      return runExportJob(job, hooks);
    case 'sample':
      return runSampleJob(job, hooks);
    case 'evaluate':
      return runEvaluateJob(job, hooks);
    case 'inspect-model':
      return runInspectModelJob(job);
    case 'evaluate-models':
      return runEvaluateModelsJob(job, hooks);
    case 'probe':
      return runProbeJob(job, hooks);
    case 'preview':
      return runPreviewJob(job);
    case 'doctor':
      return runDoctorJob(job);
    case 'average':
      return runAverageJob(job, hooks);
    case 'window':
      return runWindowJob(job, hooks);
    case 'map':
      return runMapJob(job, hooks);
    case 'sample-model':
      return runSampleModelJob(job, hooks);
  }
}
