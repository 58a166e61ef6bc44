/**
 * Runs jobs in order on the event loop, for a few milliseconds at a time. A job is a function; it may
 * return an iterable whose steps are points where the loop may be given back.
 */
export type Job = () => undefined | Iterable<void>;

/** Longest stretch without a turn of the event loop, in ms, beside what one step of a job takes. */
const stretch = 6;

export class Queue {
  readonly #jobs: Job[] = [];
  #running = false;
  #failed = false;
  #error: unknown;
  readonly #explain: (error: unknown) => unknown;

  /** `explain` may put a job's error into better words. */
  constructor(explain: (error: unknown) => unknown = (error) => error) {
    this.#explain = explain;
  }

  push(job: Job): void {
    this.#jobs.push(job);
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => void this.#pump());
  }

  /** What `read` gives once everything before it is done; rejects if something before it failed. */
  read<T>(read: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.push(() => {
        if (this.#failed) reject(this.#error);
        else
          try {
            resolve(read());
          } catch (error) {
            reject(this.#explain(error));
          }
        return undefined;
      });
    });
  }

  /** Resolves when everything before it is done; rejects with the first error since the last call. */
  drain(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.push(() => {
        if (this.#failed) reject(this.#error);
        else resolve();
        this.#failed = false;
        this.#error = undefined;
        return undefined;
      });
    });
  }

  async #pump(): Promise<void> {
    let until = performance.now() + stretch;
    const breathe = async () => {
      if (performance.now() < until) return;
      await new Promise((resolve) => setImmediate(resolve));
      until = performance.now() + stretch;
    };
    for (let at = 0; at < this.#jobs.length; at++) {
      try {
        const steps = this.#jobs[at]();
        if (steps) for (const _ of steps) if (performance.now() >= until) await breathe();
      } catch (error) {
        if (!this.#failed) this.#error = this.#explain(error);
        this.#failed = true;
      }
      await breathe();
      // Finished jobs hold views of memory: let go of them now and then.
      if (at >= 1024) {
        this.#jobs.splice(0, at + 1);
        at = -1;
      }
    }
    this.#jobs.length = 0;
    this.#running = false;
  }
}
