/** What can be done with waiting runs; a new order shows at once and is put right by the application's answer. */
import { call } from '../../door/index.ts';
import { useAction } from '../../store/action.ts';
import { patch, refresh } from '../../store/cache.ts';
import { movedTo, waitingRuns } from './lib/queue.ts';

/** Shows a run at another place before the application has moved it. */
function showAt(name: string, place: number): void {
  patch('runs.list', (runs) => {
    const order = waitingRuns(runs).map((run) => run.name);
    if (!order.includes(name)) return runs;
    const places = new Map(movedTo(order, name, place).map((other, i) => [other, i + 1]));
    return runs.map((run) => {
      const next = places.get(run.name) ?? null;
      return next === run.place ? run : { ...run, place: next };
    });
  });
}

export function useQueue() {
  const { busy, run: act } = useAction();
  return {
    busy,
    /** @returns whether it worked; what failed is shown as a notification, and the order as it is. */
    async move(name: string, place: number): Promise<boolean> {
      showAt(name, place);
      const done = await act(() => call('runs.move', { name, place }));
      refresh('runs.list', 'runs.get');
      return done;
    },
    leave: (name: string): Promise<boolean> =>
      act(async () => {
        await call('runs.stop', { name });
        refresh('runs.list', 'runs.get');
      }),
  };
}
