/** Whether the tour is under way. */
import { useSyncExternalStore } from 'react';
import { call } from '../../door/index.ts';
import { refresh } from '../../store/cache.ts';

let running = false;
const listeners = new Set<() => void>();

function set(value: boolean): void {
  running = value;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

export const startTour = (): void => set(true);

/** Taken or skipped, it is not offered again. */
export function endTour(): void {
  set(false);
  // A tour that is offered once more is no harm.
  call('settings.set', { tourDone: true }).then(
    () => refresh('settings.'),
    () => undefined,
  );
}

export const useTour = (): boolean => useSyncExternalStore(subscribe, () => running);
