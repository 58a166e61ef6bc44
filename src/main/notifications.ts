/** Says when a long job is over. Names only: a notification may lie on a locked screen, so no paths, no errors' texts. */
import type { Notification } from 'electron';
import type { Application } from '../app/application.ts';
import type { Job, OpenRequest, Settings } from '../shared/api.ts';
import type { ElectronApi } from './electron-api.ts';
import { watchJobs } from './job-watch.ts';
import type { MainWindow } from './window.ts';

export interface Notifications {
  /** The window went away, but the run of that name goes on. */
  goesOn(name: string): void;
}

export function setupNotifications(
  electron: Pick<ElectronApi, 'Notification'>,
  application: Pick<Application, 'subscribe' | 'show'>,
  window: MainWindow,
  settings: () => Pick<Settings, 'notifyFinished' | 'notifyFailed'>,
): Notifications {
  // One that is garbage-collected no longer answers a click.
  const shown = new Set<Notification>();
  const tell = (text: { title: string; body: string }, onClick: () => void): void => {
    if (!electron.Notification.isSupported()) return;
    const notification = new electron.Notification(text);
    shown.add(notification);
    notification.on('click', onClick);
    notification.on('close', () => shown.delete(notification));
    notification.show();
  };
  watchJobs(application.subscribe, (job) => {
    const text = words(job);
    if (text === null || window.current()?.isFocused()) return;
    const { notifyFinished, notifyFailed } = settings();
    if (job.status === 'failed' ? !notifyFailed : !notifyFinished) return;
    tell(text, () => {
      window.show();
      application.show(pageOf(job));
    });
  });
  return {
    goesOn: (name) =>
      tell(
        { title: 'Training goes on', body: `“${name}” goes on without a window. Start Meander again to see it.` },
        () => window.show(),
      ),
  };
}

function pageOf({ kind, subject }: Job): OpenRequest {
  return kind === 'train' ? { what: 'run', name: subject } : { what: 'page', page: 'datasets' };
}

function words({ kind, status, subject }: Job): { title: string; body: string } | null {
  if (kind !== 'train' && kind !== 'prepare') return null;
  const thing = kind === 'train' ? 'Training' : 'Preparation';
  if (status === 'finished') return { title: `${thing} finished`, body: `“${subject}” is done.` };
  if (status === 'failed') return { title: `${thing} failed`, body: `“${subject}” stopped. Open Meander to see why.` };
  return null;
}
