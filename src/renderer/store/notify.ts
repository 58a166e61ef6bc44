/** Notifications of a browser window; in the desktop application the application itself says them. */
import type { AppEvent } from '../../shared/api.ts';
import { call, door } from '../door/index.ts';
import { jobNews } from '../lib/job-news.ts';

/** 'denied' too where a browser has none. */
export const browserPermission = (): NotificationPermission =>
  'Notification' in window ? Notification.permission : 'denied';

export const requestPermission = async (): Promise<NotificationPermission> =>
  'Notification' in window ? Notification.requestPermission() : 'denied';

/** Jobs that were seen at work: their end is news. */
const atWork = new Set<string>();

async function onEvent(event: AppEvent): Promise<void> {
  if (event.type !== 'job') return;
  const { job } = event;
  const news = jobNews(job);
  if (news === null) {
    if (job.status === 'stopped') atWork.delete(job.id);
    else atWork.add(job.id);
    return;
  }
  if (!atWork.delete(job.id) || document.hasFocus() || browserPermission() !== 'granted') return;
  const settings = await call('settings.get', undefined);
  if (!(news.failed ? settings.notifyFailed : settings.notifyFinished)) return;
  const shown = new Notification(news.title, { body: news.body, tag: job.id });
  shown.onclick = () => window.focus();
}

export function startNotifications(): void {
  // Not told is no harm: the list of runs says it too.
  if (!window.meander) door.subscribe((event) => void onEvent(event).catch(() => undefined));
}
