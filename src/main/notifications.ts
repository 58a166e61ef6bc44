/** Says when a long job is over. Names only: a notification may lie on a locked screen, so no paths, no errors' texts. */
import type { AppEvent, Job } from '../shared/api.ts';
import type { ElectronApi } from './electron-api.ts';
import { watchJobs } from './job-watch.ts';
import type { MainWindow } from './window.ts';

export function setupNotifications(
  { Notification }: Pick<ElectronApi, 'Notification'>,
  subscribe: (listener: (event: AppEvent) => void) => unknown,
  window: MainWindow,
): void {
  watchJobs(subscribe, (job) => {
    const text = words(job);
    if (text === null || window.current()?.isFocused() || !Notification.isSupported()) return;
    const notification = new Notification(text);
    notification.on('click', () => window.show());
    notification.show();
  });
}

function words({ kind, status, subject }: Job): { title: string; body: string } | null {
  if (kind !== 'train' && kind !== 'prepare') return null;
  const thing = kind === 'train' ? 'Training' : 'Preparation';
  if (status === 'finished') return { title: `${thing} finished`, body: `“${subject}” is done.` };
  if (status === 'failed') return { title: `${thing} failed`, body: `“${subject}” stopped. Open Meander to see why.` };
  return null;
}
