import type { AppEvent, Settings } from '../shared/api.ts';
import type { ElectronApi } from './electron-api.ts';
import { watchJobs } from './job-watch.ts';

/** Keeps the machine awake, not the screen, while something trains or is prepared, where the user wants that. */
export function setupPower(
  { powerSaveBlocker }: Pick<ElectronApi, 'powerSaveBlocker'>,
  subscribe: (listener: (event: AppEvent) => void) => unknown,
  settings: () => Pick<Settings, 'keepAwake'>,
): void {
  let blocker: number | null = null;
  let working = false;
  const apply = (): void => {
    const wanted = working && settings().keepAwake;
    if (wanted && blocker === null) blocker = powerSaveBlocker.start('prevent-app-suspension');
    else if (!wanted && blocker !== null) {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  };
  watchJobs(subscribe, (_job, _before, active) => {
    const now = active.some((job) => job.status === 'running' || job.status === 'stopping');
    if (now === working) return;
    working = now;
    apply();
  });
  subscribe((event) => {
    if (event.type === 'changed' && event.what === 'settings') apply();
  });
}
