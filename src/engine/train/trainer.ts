/** The loop: exactly T updates, with evaluations and checkpoints between them; and everything asked of it meanwhile. */
import type { PolicyConfig } from '../../shared/config.ts';
import type { Progress, Report, SampleOptions } from '../../shared/jobs.ts';
import type { EvaluationLine } from '../../shared/metrics.ts';
import { learningRate } from '../../shared/schedule.ts';
import type { Backend } from '../backends/backend.ts';
import type { RunFolder } from '../checkpoint/index.ts';
import { type MixedDataset, type MixSampler, runSampler } from '../data/index.ts';
import type { Batch, Dataset } from '../data/source.ts';
import { UserError } from '../errors.ts';
import { checkData } from './checks.ts';
import { Control } from './control.ts';
import type { StepResult } from './device.ts';
import { Session } from './session.ts';
import { begin, openParent } from './start.ts';

/** Micro-steps on the device's queue at most: enough to hide preparation, few enough to answer quickly. */
const inFlight = 2;
/** Seconds between looks at a disk that was full. */
const diskPoll = 5;

export interface TrainerOptions {
  /** Open and locked by the caller; its run.json says what to train. */
  readonly folder: RunFolder;
  readonly dataset: Dataset;
  /** Further datasets of its mix, in the order of its configuration. */
  readonly others?: readonly MixedDataset[];
  readonly backend: Backend;
  readonly emit?: (report: Report) => void;
}

export interface TrainerOutcome {
  /** stopped: can be resumed. */
  readonly outcome: 'finished' | 'stopped';
  readonly step: number;
}

export class Trainer {
  readonly #options: TrainerOptions;
  readonly #sampler: MixSampler;
  readonly #emit: (report: Report) => void;
  readonly #control = new Control();
  #session: Session | null = null;
  #phase: Progress['phase'] = 'starting';
  /** Why it is paused, when not by the user. */
  #reason: string | null = null;
  /** Updates on the queue whose results nobody has read yet, oldest first. */
  readonly #unread: { step: number; result: Promise<StepResult> }[] = [];
  /** One per micro-step on the queue. */
  readonly #fences: Promise<unknown>[] = [];
  /** Samples that were asked for and are not done. */
  readonly #samples = new Set<{ readonly of: string; stopped: boolean }>();
  /** Whether an evaluation was given up. */
  #owes = false;
  /** Whether a pause holds what is being done: not what was asked for during that pause. */
  #holds = false;
  /** The batch that comes next, made while the device works. */
  #next: { step: number; microBatch: number; batch: Batch } | null = null;

  /** Throws UserError when dataset and configuration do not fit (see checkData). Nothing is written. */
  constructor(options: TrainerOptions) {
    const { folder, dataset, others = [] } = options;
    checkData(folder.config, { dataset, others }, folder.file);
    this.#options = options;
    this.#sampler = runSampler(folder.config, { dataset, others });
    this.#emit = options.emit ?? (() => {});
  }

  /** Between micro-steps: weights and counters stay as they are, loaded. */
  pause(): void {
    this.#control.pause();
  }

  /** Goes on after a pause; looks again at once where the disk was full. */
  resume(): void {
    this.#control.resume();
  }

  /** Finishes the step (at once when paused), saves and ends the run for now. */
  stop(): void {
    this.#control.stop();
  }

  requestEvaluation(): Promise<EvaluationLine> {
    return this.#request('evaluating', (session) => session.evaluate());
  }

  requestCheckpoint(): Promise<void> {
    return this.#request('saving', (session) => session.save());
  }

  /** of: 'raw' or a policy's id. Resolves to the text; pieces are emitted as they come. */
  requestSample(of: string, options: SampleOptions): Promise<string> {
    const sample = { of, stopped: false };
    this.#samples.add(sample);
    return this.#request('sampling', (session) => session.sample(of, options, () => sample.stopped)).finally(() =>
      this.#samples.delete(sample),
    );
  }

  /** Ends samples that were asked for, begun or not: one of these weights, or all. */
  stopSample(of: string | null): void {
    for (const sample of this.#samples) if (of === null || sample.of === of) sample.stopped = true;
    // A pause may hold one of them.
    this.#control.look();
  }

  /** From now on, and from kept checkpoints where they have what the policy would have seen. */
  addPolicy(policy: PolicyConfig): Promise<void> {
    return this.#request('reading', (session) => session.addPolicy(policy));
  }

  removePolicy(id: string): Promise<void> {
    return this.#request('saving', async (session) => session.removePolicy(id));
  }

  /** What a user asked for in vain is noted, so that it does not go unseen. */
  #request<T>(phase: Progress['phase'], work: (session: Session) => Promise<T>): Promise<T> {
    return this.#control.request(() =>
      this.#during(phase, async (session) => {
        try {
          return await work(session);
        } catch (error) {
          if (error instanceof UserError) session.note('warning', session.step, `${error.message} ${error.next}`);
          throw error;
        }
      }),
    );
  }

  /**
   * Starts, or goes on from the newest checkpoint, and runs to step T or until stopped. Call once.
   * Throws UserError('diverged') when updates keep being left out; what is on disk stays whole.
   */
  async run(): Promise<TrainerOutcome> {
    try {
      const { folder, dataset, others = [], backend } = this.#options;
      this.#report('compiling');
      const parent = await openParent(folder);
      const durably = <T>(write: () => Promise<T>) => this.#durably(write);
      const between = (ended?: () => boolean) => this.#between(ended);
      const session = new Session({ folder, parent, dataset, others, backend, emit: this.#emit, durably, between });
      this.#session = session;
      try {
        return await this.#train(session, await begin(session, folder, parent));
      } catch (error) {
        // Lines that explain the error must not be lost with it; a second failure here would hide the first.
        await session.journal.flush().catch(() => {});
        throw error;
      } finally {
        await Promise.allSettled([...this.#fences, ...this.#unread.map(({ result }) => result)]);
        this.#session = null;
        await session.free();
      }
    } finally {
      this.#control.end();
    }
  }

  async #train(session: Session, fresh: boolean): Promise<TrainerOutcome> {
    session.clock.start();
    if (fresh) await session.observe();
    // A run that was stopped during an evaluation owes it.
    if (fresh || (this.#evaluates(session.step) && !(await this.#evaluated(session.step)))) await this.#evaluate();
    this.#report('training');
    await this.#loop(session);
    const finished = session.step === session.config.steps && !this.#owes;
    if (finished) session.guard.finish();
    await this.#during('saving', async () => {
      await session.save();
      if (finished) await session.writeAverages();
    });
    return { outcome: finished ? 'finished' : 'stopped', step: session.step };
  }

  async #loop(session: Session): Promise<void> {
    const { steps, checkpoints } = session.config;
    while (session.step < steps && !this.#control.stopping) {
      if (!(await this.#update(session))) return;
      if (session.spiked) await this.#spike();
      const { step } = session;
      const evaluate = this.#evaluates(step);
      // The last one is written when the loop has ended.
      const save = checkpoints.every > 0 && step % checkpoints.every === 0 && step < steps;
      if (evaluate || save || session.due(step)) {
        await this.#settle();
        if (session.spiked) await this.#spike();
        if (session.applied) await session.observe();
        if (evaluate) await this.#evaluate();
        if (save) await this.#during('saving', () => session.save());
      }
    }
    await this.#settle();
    if (session.spiked) await this.#spike();
  }

  async #spike(): Promise<void> {
    await this.#during('saving', (session) => session.noteSpike());
    if (this.#session!.config.spikes.action === 'stop') this.#control.stop();
  }

  #evaluates(step: number): boolean {
    const { steps, evaluation } = this.#options.folder.config;
    return step % evaluation.every === 0 || step === steps;
  }

  /** Whether metrics.jsonl has an evaluation of these weights. */
  async #evaluated(step: number): Promise<boolean> {
    const lines = await this.#options.folder.readMetrics();
    return lines.some((line) => line.type === 'evaluation' && line.step === step);
  }

  /** Given up when the run is stopped: the next sitting makes it. */
  async #evaluate(): Promise<void> {
    try {
      await this.#during('evaluating', (session) => session.evaluate());
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'interrupted') throw error;
      this.#owes = true;
    }
  }

  /** One update, all its micro-batches. False: stopped while paused, with nothing changed. */
  async #update(session: Session): Promise<boolean> {
    const { step, config, device } = session;
    const { accumulation } = config.batch;
    for (let microBatch = 0; microBatch < accumulation; microBatch++) {
      if (!(await this.#turn())) return false;
      device.microStep(step, microBatch, this.#batch(step, microBatch));
      const fence = device.result(step);
      // A failure surfaces where the fence is awaited, not as an unhandled rejection before.
      fence.catch(() => {});
      this.#fences.push(fence);
      if (microBatch === accumulation - 1) {
        device.update(step, learningRate(config.schedule, config.steps, step));
        const result = device.result(step);
        result.catch(() => {});
        this.#unread.push({ step, result });
        session.step = step + 1;
      }
      this.#prepare(microBatch + 1 < accumulation ? step : step + 1, (microBatch + 1) % accumulation);
      while (this.#fences.length > inFlight) await this.#fences.shift();
      while (this.#unread.length > inFlight) await this.#read();
    }
    return true;
  }

  /** A breath between micro-steps: whoever asked for something gets it now. False: stopped while paused. */
  async #turn(): Promise<boolean> {
    const session = this.#session!;
    const control = this.#control;
    // Lets the event loop take in what came, however fast the steps are.
    await new Promise(setImmediate);
    await session.noteSystem();
    if (session.journal.due) await session.journal.flush();
    if (control.waiting || control.paused) {
      await this.#settle();
      await control.serve();
    }
    if (!control.paused || control.stopping) {
      this.#report('training');
      return true;
    }
    session.clock.stop();
    await session.journal.flush();
    this.#report('paused');
    const since = performance.now();
    while (control.paused && !control.stopping) {
      await control.sleep();
      await control.serve();
    }
    session.clock.start();
    session.journal.add({ type: 'pause', step: session.step, waited: (performance.now() - since) / 1000 });
    return !control.stopping;
  }

  #batch(step: number, microBatch: number): Batch {
    if (this.#next?.step !== step || this.#next.microBatch !== microBatch) this.#prepare(step, microBatch);
    return this.#next!.batch;
  }

  #prepare(step: number, microBatch: number): void {
    const { model, batch } = this.#options.folder.config;
    const size = { batch: batch.microBatch, tokens: model.blockSize, accumulation: batch.accumulation };
    this.#next = { step, microBatch, batch: this.#sampler.batch({ step, microBatch }, size) };
  }

  /** Reads the result of the oldest update that nobody has read. */
  async #read(): Promise<void> {
    const { step, result } = this.#unread.shift()!;
    const values = await result;
    this.#session!.clock.stepDone();
    this.#session!.record(step, values);
  }

  /** Waits until the device has done everything asked, and takes in what it says. */
  async #settle(): Promise<void> {
    while (this.#unread.length > 0) await this.#read();
    await Promise.all(this.#fences.splice(0));
  }

  /** Something that is not training, at a boundary or between micro-steps. */
  async #during<T>(phase: Progress['phase'], work: (session: Session) => Promise<T>): Promise<T> {
    const session = this.#session!;
    const before = this.#phase;
    await this.#settle();
    this.#holds = !this.#control.paused;
    this.#report(phase);
    try {
      return await work(session);
    } finally {
      session.clock.interrupted();
      this.#report(before);
    }
  }

  /** Between the passes of an evaluation and the tokens of a sample: a pause holds them, a stop ends them. */
  async #between(ended: () => boolean = () => false): Promise<void> {
    const { clock, step } = this.#session!;
    const control = this.#control;
    const before = this.#phase;
    const held = (): boolean => control.paused && !control.stopping && !ended();
    if (held() && this.#holds) {
      const running = clock.running;
      clock.stop();
      this.#report('paused');
      while (held()) await control.wait(Number.POSITIVE_INFINITY);
      if (running) clock.start();
      this.#report(before);
    }
    if (control.stopping)
      throw new UserError(
        'interrupted',
        `The run was stopped in the middle of an evaluation or a sample at step ${step}.`,
        'Resume the run and ask again.',
      );
  }

  /** Runs a write until the disk has room for it; throws its error once the run is asked to stop. */
  async #durably<T>(write: () => Promise<T>): Promise<T> {
    const { clock } = this.#session!;
    const before = this.#phase;
    const running = clock.running;
    try {
      for (;;) {
        try {
          return await write();
        } catch (error) {
          if (!(error instanceof UserError) || error.code !== 'disk-full' || this.#control.stopping) throw error;
          clock.stop();
          this.#reason = `${error.message} ${error.next}`;
          this.#report('paused');
          await this.#control.wait(diskPoll);
        }
      }
    } finally {
      if (running) clock.start();
      if (this.#reason !== null) {
        this.#reason = null;
        this.#report(before);
      }
    }
  }

  #report(phase: Progress['phase']): void {
    this.#phase = phase;
    const session = this.#session;
    const { steps, evaluation } = this.#options.folder.config;
    const done = session?.step ?? 0;
    const evaluations = Math.ceil(steps / evaluation.every) - Math.floor(done / evaluation.every);
    this.#emit({
      type: 'progress',
      progress: {
        phase,
        done,
        total: steps,
        unit: 'steps',
        rate: session?.tokensPerSecond ?? null,
        secondsLeft: session?.clock.secondsLeft(steps - done, evaluations) ?? null,
        reason: this.#reason,
      },
    });
  }
}
