import type { AppEvent, Job } from '../shared/api.ts';
import type { ElectronApi } from './electron-api.ts';
import { watchJobs } from './job-watch.ts';
import type { MainWindow } from './window.ts';

const none = -1;

/** Progress of the training run, or else of a preparation, on the taskbar's button. */
export function setupTaskbar(
  { app }: Pick<ElectronApi, 'app'>,
  subscribe: (listener: (event: AppEvent) => void) => unknown,
  window: Pick<MainWindow, 'current'>,
): void {
  let shown: Job | undefined;
  const show = (): void => {
    if (shown)
      window.current()?.setProgressBar(share(shown), { mode: shown.status === 'paused' ? 'paused' : 'normal' });
    else window.current()?.setProgressBar(none);
  };
  watchJobs(subscribe, (_job, _before, active) => {
    shown = active.find((job) => job.kind === 'train' && job.progress) ?? active.find((job) => job.progress);
    show();
  });
  // A button that was away, or is new, starts without progress.
  app.on('browser-window-created', (_event, created) => created.on('show', show));
}

function share({ progress }: Job): number {
  return progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
}
