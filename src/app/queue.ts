/**
 * Training runs waiting for the device: one at a time, since every backend computes on the same processor; in the
 * order they came, until that is changed. Kept in a file, so that queue and order survive a restart; a run that was
 * training when the application ended is then marked interrupted, and offered, not restarted.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type AppEvent, type Job, job as jobSchema } from '../shared/api.ts';
import { toApiError, UserError } from '../shared/errors.ts';
import { writeFileAtomically } from '../shared/files.ts';
import { isAlive, type LockContent, ownLock, parseLock } from '../shared/process-lock.ts';
import { type ActiveJob, newJob } from './supervisor.ts';

const entry = z.object({ state: z.enum(['queued', 'running', 'interrupted', 'failed']), job: jobSchema });
type Entry = z.infer<typeof entry>;
const queueFile = z.object({
  schema: z.literal(1),
  /** The application that keeps this file, in the words of a lock; null once that has ended in order. */
  owner: z.string().nullable(),
  entries: z.array(entry),
});

export interface QueueOptions {
  /** File that keeps the queue. */
  readonly path: string;
  readonly emit: (event: AppEvent) => void;
  /** Starts the run's worker for a queued job. */
  readonly start: (run: string, job: Job) => Promise<ActiveJob>;
  readonly isAlive?: (owner: LockContent) => Promise<boolean>;
  /** Resolves once no process works on the run any more: a worker outlives its application until it has saved. */
  readonly released?: (run: string) => Promise<void>;
}

export class Queue {
  readonly #options: QueueOptions;
  /** In the order in which they start; at most one for a run. */
  #entries: Entry[] = [];
  /** Runs that trained when the last application ended: their workers may still be saving. */
  #left: string[] = [];
  #clearing = false;
  #active: { run: string; job: ActiveJob | null; stopAtStart: boolean } | null = null;
  #closed = false;
  /** False while another application keeps the file: this one's queue then lives in memory only. */
  #owned = false;
  #me: string | null = null;
  #saving: Promise<void> = Promise.resolve();
  #saveAhead = false;

  private constructor(options: QueueOptions) {
    this.#options = options;
  }

  static async open(options: QueueOptions): Promise<Queue> {
    const queue = new Queue(options);
    queue.#me = await ownLock();
    await queue.#adopt();
    return queue;
  }

  /** Takes up what was queued when the application ended. */
  begin(): void {
    this.#next();
  }

  /** The run at work, if any. */
  get active(): ActiveJob | null {
    return this.#active?.job ?? null;
  }

  /** In the order in which they start. */
  get waiting(): readonly Job[] {
    return this.#waiting.map((e) => e.job);
  }

  get #waiting(): Entry[] {
    return this.#entries.filter((e) => e.state === 'queued');
  }

  /** A waiting run's place, 1 for the one that is next; null when it does not wait. */
  placeOf(run: string): number | null {
    const at = this.#waiting.findIndex((e) => e.job.subject === run);
    return at < 0 ? null : at + 1;
  }

  /** The worker that trains this run now. */
  activeFor(run: string): ActiveJob | null {
    return this.#active?.run === run ? this.#active.job : null;
  }

  isBusy(run: string): boolean {
    const state = this.stateOf(run)?.state;
    return state === 'queued' || state === 'running';
  }

  /** What the queue knows of a run: its job at work, waiting, failed or interrupted. */
  stateOf(run: string): Entry | null {
    const known = this.#entries.find((e) => e.job.subject === run) ?? null;
    const active = this.activeFor(run);
    return known && active ? { state: 'running', job: active.job } : known;
  }

  /** @throws UserError when the run waits or works already. */
  enqueue(run: string): Job {
    if (this.#closed) throw new UserError('closing', 'Meander is closing.', 'Start it again.');
    if (this.isBusy(run))
      throw new UserError('run-busy', `"${run}" trains or waits already.`, 'Stop it first, or wait for it.');
    this.forget(run);
    const job = newJob('train', run);
    this.#entries.push({ state: 'queued', job });
    this.#changed(job);
    this.#next();
    return job;
  }

  /**
   * Moves a waiting run to a place, 1 for next, at most the last.
   * @returns the names of the waiting runs in their new order
   * @throws UserError when the run does not wait
   */
  move(run: string, place: number): string[] {
    const waiting = this.#waiting;
    const at = waiting.findIndex((e) => e.job.subject === run);
    if (at < 0)
      throw new UserError('not-queued', `"${run}" does not wait in the queue.`, 'It may have begun: look at the list.');
    const [moved] = waiting.splice(at, 1);
    waiting.splice(place - 1, 0, moved!);
    this.#entries = [...this.#entries.filter((e) => e.state !== 'queued'), ...waiting];
    this.#save();
    this.#options.emit({ type: 'changed', what: 'runs' });
    return waiting.map((e) => e.job.subject);
  }

  /** Resolves once the file holds what was changed so far. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  /** Takes a run out of the queue, or asks its worker to save and stop. False when it neither waits nor works. */
  stop(run: string): boolean {
    if (this.#active?.run === run) {
      this.#active.stopAtStart = true;
      this.#active.job?.stop();
      return true;
    }
    const known = this.#entries.find((e) => e.job.subject === run && e.state === 'queued');
    if (!known) return false;
    this.forget(run);
    this.#changed({ ...known.job, status: 'stopped' });
    return true;
  }

  /** Drops what is remembered of a run that neither waits nor works. */
  forget(run: string): void {
    this.#entries = this.#entries.filter((e) => e.job.subject !== run);
    this.#save();
  }

  /** Nothing starts after this; what waits stays in the file. */
  stopStarting(): void {
    this.#closed = true;
  }

  /** Lets go of the file; call when no run is at work any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#me = null;
    this.#save();
    await this.#saving;
  }

  #next(): void {
    if (this.#closed || this.#active || this.#clearing) return;
    const next = this.#entries.find((e) => e.state === 'queued');
    if (!next) return;
    const { released } = this.#options;
    if (released && this.#left.length > 0) {
      this.#clearing = true;
      Promise.allSettled(this.#left.splice(0).map((run) => released(run))).then(() => {
        this.#clearing = false;
        this.#next();
      });
      return;
    }
    const run = next.job.subject;
    this.#active = { run, job: null, stopAtStart: false };
    this.#work(run, next.job)
      .catch(() => {})
      .finally(() => {
        this.#active = null;
        this.#options.emit({ type: 'changed', what: 'runs' });
        this.#next();
      });
  }

  async #work(run: string, job: Job): Promise<void> {
    this.#set(run, { state: 'running', job });
    let active: ActiveJob | null = null;
    try {
      active = await this.#options.start(run, job);
      if (this.#active) this.#active.job = active;
      if (this.#active?.stopAtStart) active.stop();
      await active.result;
      this.forget(run);
    } catch (error) {
      const failed: Job = active?.job ?? { ...job, status: 'failed', error: toApiError(error) };
      this.#set(run, { state: 'failed', job: failed });
      if (active === null) this.#options.emit({ type: 'job', job: failed });
    }
  }

  #set(run: string, entry: Entry): void {
    this.#entries = this.#entries.map((e) => (e.job.subject === run ? entry : e));
    this.#save();
  }

  #changed(job: Job): void {
    this.#options.emit({ type: 'job', job });
    this.#options.emit({ type: 'changed', what: 'runs' });
    this.#save();
  }

  #save(): void {
    // What is written is read off when its turn comes, so one save that has not begun serves all who ask for one.
    if (this.#saveAhead) return;
    this.#saveAhead = true;
    this.#saving = this.#saving
      .then(async () => {
        this.#saveAhead = false;
        if (!this.#owned) {
          await this.#adopt();
          if (!this.#owned) return;
          this.#next();
        }
        const content = { schema: 1, owner: this.#me, entries: this.#entries };
        await writeFileAtomically(this.#options.path, `${JSON.stringify(content, null, 2)}\n`);
      })
      // A queue that cannot be kept must not stop the training.
      .catch(() => {});
  }

  /** Takes over the file and what waits in it, unless the application that keeps it still lives. */
  async #adopt(): Promise<void> {
    const file = await readQueue(this.#options.path);
    const owner = file?.owner ? parseLock(file.owner) : null;
    if (owner && (await (this.#options.isAlive ?? isAlive)(owner))) return;
    this.#owned = true;
    const mine = new Set(this.#entries.map((e) => e.job.subject));
    const left = (file?.entries ?? []).filter((e) => !mine.has(e.job.subject));
    const known = left.map((e): Entry => (e.state === 'running' ? { ...e, state: 'interrupted' } : e));
    this.#left.push(...left.filter((e) => e.state === 'running').map((e) => e.job.subject));
    this.#entries = [...known, ...this.#entries];
    if (known.length > 0) this.#save();
  }
}

async function readQueue(path: string): Promise<z.output<typeof queueFile> | null> {
  try {
    return queueFile.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // None yet, or one that another version wrote.
    return null;
  }
}
