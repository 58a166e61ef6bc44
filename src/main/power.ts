import type { AppEvent } from '../shared/api.ts';
import type { ElectronApi } from './electron-api.ts';
import { watchJobs } from './job-watch.ts';

/** Keeps the machine awake, not the screen, while something trains or is prepared. */
export function setupPower(
  { powerSaveBlocker }: Pick<ElectronApi, 'powerSaveBlocker'>,
  subscribe: (listener: (event: AppEvent) => void) => unknown,
): void {
  let blocker: number | null = null;
  watchJobs(subscribe, (_job, _before, active) => {
    const working = active.some((job) => job.status === 'running' || job.status === 'stopping');
    if (working && blocker === null) blocker = powerSaveBlocker.start('prevent-app-suspension');
    else if (!working && blocker !== null) {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  });
}
