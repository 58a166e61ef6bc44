/** What can be done with a run in its present state. */
import type { RunSummary } from '../../../../shared/api.ts';

type Status = RunSummary['status'];

/** A worker holds it, or will. */
export const isLive = (status: Status): boolean =>
  status === 'queued' || status === 'running' || status === 'pausing' || status === 'paused' || status === 'stopping';

/** Its worker answers: evaluate, sample and policies are served at once. */
export const isTraining = (status: Status): boolean =>
  status === 'running' || status === 'pausing' || status === 'paused';

export type MainAction = 'start' | 'resume' | 'pause' | 'continue';

/** The one button that matters most, or null while nothing can be done but wait. */
export function mainAction(status: Status): MainAction | null {
  switch (status) {
    case 'new':
      return 'start';
    case 'running':
      return 'pause';
    case 'paused':
      return 'continue';
    case 'stopped':
    case 'interrupted':
    case 'failed':
      return 'resume';
    default:
      return null;
  }
}

/** Steps done of all, as a share. */
export const progressShare = (run: Pick<RunSummary, 'step' | 'config'>): number =>
  run.config.steps > 0 ? Math.min(1, run.step / run.config.steps) : 0;
