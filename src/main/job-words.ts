/** Jobs in the few words that a menu or a tooltip has room for. */
import type { Job } from '../shared/api.ts';

const states: Partial<Record<Job['status'], string>> = {
  queued: 'waiting',
  pausing: 'pausing',
  paused: 'paused',
  stopping: 'saving',
};

/** Such as “my run”: 45 %, 12 min left. */
export function jobLine({ subject, status, progress }: Job): string {
  const parts = [
    states[status],
    progress && progress.total > 0 ? `${Math.floor(Math.min(1, progress.done / progress.total) * 100)} %` : undefined,
    status === 'running' && progress?.secondsLeft ? `${timeLeft(progress.secondsLeft)} left` : undefined,
  ].filter((part) => part !== undefined);
  return `“${subject}”: ${parts.length > 0 ? parts.join(', ') : 'starting'}`;
}

/** Coarse on purpose: what shows it is made anew whenever it changes. */
function timeLeft(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 10) return `${minutes} min`;
  if (minutes < 60) return `${5 * Math.ceil(minutes / 5)} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
