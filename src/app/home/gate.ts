/** While the data folder moves, nothing else may write into it; while something writes, it does not move. */
import type { Method } from '../../shared/api.ts';
import { toApiError } from '../../shared/errors.ts';
import type { Dispatch } from '../dispatcher.ts';
import { movingError } from './mover.ts';

/** What only looks, and what the move itself needs. Every other method waits for its end. */
const harmless: ReadonlySet<string> = new Set<Method>([
  'app.info',
  'app.doctor',
  'settings.get',
  'settings.set',
  'home.check',
  'home.move',
  'home.cancelMove',
  'home.moving',
  'datasets.list',
  'dialog.open',
  'presets.list',
  'runs.list',
  'runs.get',
  'runs.metrics',
  'runs.log',
]);

export class Gate {
  readonly #isMoving: () => boolean;
  #writing = 0;

  constructor(isMoving: () => boolean) {
    this.#isMoving = isMoving;
  }

  /** Whether a call that may write is under way. */
  get isWriting(): boolean {
    return this.#writing > 0;
  }

  /** Does what may write. @throws UserError 'home-moving' */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isMoving()) throw movingError();
    this.#writing++;
    try {
      return await work();
    } finally {
      this.#writing--;
    }
  }

  guard(dispatch: Dispatch): Dispatch {
    return async (method, input) => {
      if (typeof method !== 'string' || harmless.has(method)) return dispatch(method, input);
      return this.pass(() => dispatch(method, input)).catch((error: unknown) => ({
        ok: false as const,
        error: toApiError(error),
      }));
    };
  }
}
