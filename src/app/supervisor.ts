/** All jobs at work: each is a process of its own, followed here from its start to its end. */
import { randomUUID } from 'node:crypto';
import type { AppEvent, Job } from '../shared/api.ts';
import { toApiError, UserError } from '../shared/errors.ts';
import type { Command, JobResult, JobSpec, Report } from '../shared/jobs.ts';
import type { Parts } from './locate.ts';
import { LogFile } from './log-file.ts';
import type { SettingsService } from './settings.ts';
import { WorkerProcess } from './worker-process.ts';

export interface StartOptions {
  readonly kind: Job['kind'];
  readonly subject: string;
  readonly spec: JobSpec;
  /** The queued job that this start fulfils; a new one otherwise. */
  readonly job?: Job;
  /** File that keeps what the worker prints. */
  readonly log?: string;
  readonly resumeStep?: () => number | null;
  readonly onReport?: (report: Report) => void;
}

export interface ActiveJob {
  /** As it is now; replaced, never changed in place. */
  readonly job: Job;
  readonly result: Promise<JobResult>;
  readonly pid: number | undefined;
  send(command: Command): void;
  pause(): void;
  resume(): void;
  stop(): void;
}

export function newJob(kind: Job['kind'], subject: string): Job {
  const createdAt = new Date().toISOString();
  return { id: randomUUID(), kind, subject, status: 'queued', progress: null, device: null, error: null, createdAt };
}

export class Supervisor {
  readonly #parts: Parts;
  readonly #emit: (event: AppEvent) => void;
  readonly #settings: SettingsService;
  readonly #workers = new Set<WorkerProcess>();
  #closing = false;

  constructor(parts: Parts, emit: (event: AppEvent) => void, settings: SettingsService) {
    this.#parts = parts;
    this.#settings = settings;
    this.#emit = emit;
  }

  /** Starts a job that pages see. Its events: `job` at every change. */
  start(options: StartOptions): ActiveJob {
    const log = options.log === undefined ? null : new LogFile(options.log);
    const emit = this.#emit;
    const state = { job: options.job ?? newJob(options.kind, options.subject) };
    const change = (change: Partial<Job>): void => {
      state.job = { ...state.job, ...change };
      emit({ type: 'job', job: state.job });
    };
    log?.append(`--- ${new Date().toISOString()} ${options.kind} ${options.subject}\n`);
    const worker = this.#spawn(options.spec, {
      onOutput: (chunk) => log?.append(chunk),
      resumeStep: options.resumeStep,
      onReport: (report) => {
        if (report.type === 'device') {
          const { type: _type, ...device } = report;
          change({ device });
          log?.append(
            `${device.backend} on ${device.device} (${device.family}), ${device.threads} threads: ${device.why}\n`,
          );
        } else if (report.type === 'progress') {
          change({ progress: report.progress, status: nextStatus(state.job.status, report.progress.phase) });
        }
        options.onReport?.(report);
      },
    });
    change({ status: 'running' });
    const result = worker.result.then(
      (result) => {
        log?.append(`--- ${result.outcome}${result.step === undefined ? '' : ` at step ${result.step}`}\n`);
        change({ status: result.outcome });
        return result;
      },
      (error: unknown) => {
        const described = toApiError(error);
        log?.append(`--- failed: ${described.code}: ${described.message} ${described.next}\n`);
        change({ status: 'failed', error: described });
        throw error;
      },
    );
    result.catch(() => {});
    const over = (): boolean => ['stopped', 'finished', 'failed'].includes(state.job.status);
    return {
      get job() {
        return state.job;
      },
      result,
      get pid() {
        return worker.pid;
      },
      send: (command) => worker.send(command),
      pause: () => {
        if (over()) return;
        worker.send({ type: 'pause' });
        change({ status: 'pausing' });
      },
      resume: () => {
        if (over()) return;
        worker.send({ type: 'resume' });
        change({ status: 'running' });
      },
      stop: () => {
        if (over()) return;
        worker.send({ type: 'stop' });
        change({ status: 'stopping' });
      },
    };
  }

  /** A short errand (scan, preview, probe, …) that no page lists as a job. */
  async run(spec: JobSpec, onReport?: (report: Report) => void): Promise<JobResult> {
    return this.#spawn(spec, { onReport }).result;
  }

  #spawn(
    job: JobSpec,
    hooks: {
      onReport?: (report: Report) => void;
      onOutput?: (chunk: Uint8Array) => void;
      resumeStep?: () => number | null;
    },
  ): WorkerProcess {
    if (this.#closing)
      throw new UserError('closing', 'Meander is closing.', 'Start it again; what was saved continues there.');
    const { tensorflow } = this.#settings.get();
    const measured = this.#settings.folder;
    const worker = new WorkerProcess({ parts: this.#parts, job, tensorflow, measured, ...hooks });
    this.#workers.add(worker);
    worker.result.finally(() => this.#workers.delete(worker)).catch(() => {});
    return worker;
  }

  /** Lets every worker finish its step and save; kills what has not after `patience` milliseconds. */
  async close(patience: number): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#workers].map((worker) => worker.close(patience)));
  }
}

/** A worker's phase decides between running and paused; a stop that was asked for stays. */
function nextStatus(status: Job['status'], phase: string): Job['status'] {
  if (status === 'stopping') return status;
  if (phase === 'paused') return 'paused';
  return status === 'pausing' ? status : 'running';
}
