/**
 * What others ask of a running loop. Requests are served at the loop's turns, between micro-steps, one at a time
 * and in order; while paused they are served at once.
 */
export class Control {
  #tasks: { run: () => Promise<void>; abandon: (reason: Error) => void }[] = [];
  #wake: (() => void) | null = null;
  #ended = false;
  /** Times that it was asked to pause, resume or stop. */
  #changes = 0;
  paused = false;
  stopping = false;

  pause(): void {
    this.paused = true;
    this.#change();
  }

  resume(): void {
    this.paused = false;
    this.#change();
  }

  stop(): void {
    this.stopping = true;
    this.#change();
  }

  /** Runs `task` at the next turn. Rejects when the run ends before that, or with what the task throws. */
  request<T>(task: () => Promise<T>): Promise<T> {
    if (this.#ended) return Promise.reject(new Error('the run has ended'));
    return new Promise<T>((resolve, reject) => {
      this.#tasks.push({ run: () => task().then(resolve, reject), abandon: reject });
      this.#wake?.();
    });
  }

  /** Serves what was asked so far. */
  async serve(): Promise<void> {
    for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) await task.run();
  }

  get waiting(): boolean {
    return this.#tasks.length > 0;
  }

  /** While paused: resolves at the next request or change of state. */
  async sleep(): Promise<void> {
    if (!this.waiting) await this.#woken();
  }

  /** Resolves when asked to pause, resume or stop, or after `seconds`; requests wait. */
  async wait(seconds: number): Promise<void> {
    const until = performance.now() + seconds * 1000;
    const before = this.#changes;
    while (this.#changes === before && performance.now() < until) await this.#woken(until - performance.now());
  }

  async #woken(milliseconds = Number.POSITIVE_INFINITY): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (Number.isFinite(milliseconds)) timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
    this.#wake = null;
  }

  /** Lets whoever waits look again at what it waits for. */
  look(): void {
    this.#change();
  }

  #change(): void {
    this.#changes++;
    this.#wake?.();
  }

  /** No more requests; those still waiting are rejected. */
  end(): void {
    this.#ended = true;
    for (const task of this.#tasks.splice(0)) task.abandon(new Error('the run ended before this was served'));
  }
}
