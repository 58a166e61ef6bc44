/** What the desktop asks this window to show: a link, a dropped folder, an entry of a menu. */
import { useEffect, useSyncExternalStore } from 'react';
import { useLocation } from 'wouter';
import type { OpenRequest } from '../../shared/api.ts';
import { call, door } from '../door/index.ts';
import { routes } from '../lib/routes.ts';
import { tellFailure } from './action.ts';

/** Text that waits for the page of datasets. */
let sources: readonly string[] | null = null;
const listeners = new Set<() => void>();

function setSources(paths: readonly string[] | null): void {
  sources = paths;
  for (const listener of listeners) listener();
}

const pages = { runs: routes.runs, new: routes.newRun, datasets: routes.datasets, settings: routes.settings };

/** Address of the page that shows a request; null where there is none. */
export function addressOf(request: OpenRequest): string | null {
  switch (request.what) {
    case 'page':
      return pages[request.page];
    case 'run':
      return routes.run(request.name);
    case 'sources':
      return routes.datasets;
    case 'problem':
      return null;
  }
}

/** Follows the desktop for as long as the frame is shown. */
export function useOpened(): void {
  const [, navigate] = useLocation();
  useEffect(() => {
    const follow = (request: OpenRequest): void => {
      if (request.what === 'problem') tellFailure(request.error);
      if (request.what === 'sources') setSources(request.paths);
      const address = addressOf(request);
      if (address !== null) navigate(address);
    };
    const take = (): void => {
      call('app.opened', undefined)
        .then((requests) => requests.forEach(follow))
        .catch(tellFailure);
    };
    take();
    return door.subscribe((event) => {
      if (event.type === 'open') take();
    });
  }, [navigate]);
}

/** Calls `take` with text that was opened from outside, once. */
export function useOpenedSources(take: (paths: string[]) => void): void {
  const waiting = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => sources,
  );
  useEffect(() => {
    if (waiting === null) return;
    setSources(null);
    take([...waiting]);
  }, [waiting, take]);
}
