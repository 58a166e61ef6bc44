import { UserError } from '../shared/errors.ts';

interface Waiting {
  readonly of: string;
  text: string;
  readonly send: () => void;
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
}

/** Samples that training workers were asked for: one at a time for a run, since pieces carry no more than `of`. */
export class LiveSamples {
  readonly #waiting = new Map<string, Waiting[]>();

  /** Resolves to the whole text once its last piece has come. */
  ask(run: string, of: string, send: () => void): Promise<string> {
    return new Promise((resolve, reject) => {
      const queue = this.#waiting.get(run) ?? [];
      this.#waiting.set(run, queue);
      queue.push({ of, text: '', send, resolve, reject });
      if (queue.length === 1) send();
    });
  }

  take(run: string, report: { of: string; piece: string; done: boolean }): void {
    const queue = this.#waiting.get(run);
    const current = queue?.[0];
    if (!queue || !current || current.of !== report.of) return;
    current.text += report.piece;
    if (!report.done) return;
    current.resolve(current.text);
    queue.shift();
    queue[0]?.send();
  }

  /** Takes out what waits, of these weights or of all, and has `send` end the one that is being written. */
  stop(run: string, of: string | null, send: () => void): void {
    const meant = (waiting: Waiting): boolean => of === null || waiting.of === of;
    const queue = this.#waiting.get(run) ?? [];
    for (let i = queue.length - 1; i > 0; i--) if (meant(queue[i]!)) queue.splice(i, 1)[0]!.resolve('');
    if (queue[0] && meant(queue[0])) send();
  }

  /** The worker is gone. */
  end(run: string): void {
    const error = new UserError('not-running', `"${run}" ended before the sample was done.`, 'Sample again.');
    for (const waiting of this.#waiting.get(run) ?? []) waiting.reject(error);
    this.#waiting.delete(run);
  }
}
