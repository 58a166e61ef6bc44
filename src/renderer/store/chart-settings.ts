/** Settings of charts, kept by the window: every chart and switch of a run sees a change at once. */
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { type ChartSettings, settingsOf, withSettings } from '../lib/chart-settings.ts';

const place = 'meander-charts';
const listeners = new Set<() => void>();
/** Where the window may keep nothing, settings last as long as it does. */
let unkept: string | null = null;

function read(): string | null {
  try {
    return localStorage.getItem(place) ?? unkept;
  } catch {
    return unkept;
  }
}

function write(text: string): void {
  unkept = text;
  try {
    localStorage.setItem(place, text);
  } catch {
    // Full, or forbidden.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}

/** `key`: whose charts. */
export function useChartSettings(key: string): [ChartSettings, (change: Partial<ChartSettings>) => void] {
  const text = useSyncExternalStore(subscribe, read);
  const settings = useMemo(() => settingsOf(text, key), [text, key]);
  const change = useCallback((values: Partial<ChartSettings>) => write(withSettings(read(), key, values)), [key]);
  return [settings, change];
}
