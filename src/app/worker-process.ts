/** One job, one process: starts a worker, speaks the protocol of shared/jobs.ts with it, says how it ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { UserError } from '../shared/errors.ts';
import {
  type Command,
  type JobResult,
  type JobSpec,
  nodeFlags,
  protocolVersion,
  type Report,
  report,
} from '../shared/jobs.ts';
import type { Parts } from './locate.ts';

export interface WorkerOptions {
  readonly parts: Pick<Parts, 'node' | 'worker' | 'root' | 'addon' | 'version'>;
  readonly job: JobSpec;
  /** Folder of TensorFlow for the worker, unless MEANDER_TENSORFLOW names another from outside. */
  readonly tensorflow?: string | null;
  /** Folder where workers keep what they measured once. */
  readonly measured?: string | null;
  /** Everything the worker says, `hello`, `done` and `failed` included. */
  readonly onReport?: (report: Report) => void;
  /** What it prints on stdout and stderr. */
  readonly onOutput?: (chunk: Uint8Array) => void;
  /** Step of the newest checkpoint, for the sentence about resuming; null when there is none. */
  readonly resumeStep?: () => number | null;
  /** Milliseconds until the worker must have said hello. */
  readonly helloTimeout?: number;
}

/** No line of the protocol comes near; a worker that sends more is broken. */
const lineLimit = 64 * 1024 * 1024;
const tailLimit = 2000;

export class WorkerProcess {
  /** Resolves with the job's result, rejects with a UserError when it failed or died. */
  readonly result: Promise<JobResult>;
  readonly #options: WorkerOptions;
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  readonly #exited: Promise<void>;
  /** Commands for a worker that has not been started with its job yet; null once it has. */
  #early: Command[] | null = [];
  #settle: { resolve(result: JobResult): void; reject(error: UserError): void } | null = null;
  #outcome: { result: JobResult } | { error: UserError } | null = null;
  #tail = '';

  constructor(options: WorkerOptions) {
    this.#options = options;
    const { node, worker, root, addon, version } = options.parts;
    this.result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // A rejection may come before anyone listens; whoever awaits `result` still sees it.
    this.result.catch(() => {});
    this.#child = spawn(node, ['--disable-warning=ExperimentalWarning', ...nodeFlags(options.job.kind), worker], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: {
        ...(addon ? { MEANDER_NATIVE: addon } : {}),
        ...(options.tensorflow ? { MEANDER_TENSORFLOW: options.tensorflow } : {}),
        ...(options.measured ? { MEANDER_MEASURED: options.measured } : {}),
        MEANDER_VERSION: version,
        ...workerEnvironment(process.env),
      },
      windowsHide: true,
      // Out of the terminal's group: Ctrl-C reaches the application, which then lets the worker save.
      detached: process.platform !== 'win32',
    });
    this.#pipe = this.#child.stdio[3] as Duplex;
    this.#pipe.on('error', () => {});
    readLines(
      this.#pipe,
      (line) => this.#receive(line),
      () => this.#broken('its messages grew past every bound'),
    );
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#tail = (this.#tail + chunk.toString('utf8')).slice(-tailLimit);
        options.onOutput?.(chunk);
      });
    const timeout = setTimeout(() => this.#broken('it did not answer after its start'), options.helloTimeout ?? 60_000);
    this.#clearTimeout = () => clearTimeout(timeout);
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#outcome ??= {
          error: new UserError(
            'worker-missing',
            `The worker did not start: ${error.message}.`,
            'Install Meander again.',
          ),
        };
        this.#finish();
        resolve();
      });
      // 'close' comes after the streams' last data, so a `done` that was sent is never missed.
      this.#child.once('close', (code, signal) => {
        this.#outcome ??= { error: this.#death(code, signal) };
        this.#finish();
        resolve();
      });
    });
  }

  readonly #clearTimeout: () => void;

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(command: Command): void {
    // A stop that overtakes the job would end a worker that has nothing to report.
    if (this.#early) this.#early.push(command);
    else this.#write(command);
  }

  #write(command: Command): void {
    if (this.#pipe.writable) this.#pipe.write(`${JSON.stringify(command)}\n`);
  }

  /**
   * Closes the pipe, upon which the worker finishes its step, saves and exits; kills it when it has not after
   * `patience` milliseconds.
   */
  async close(patience: number): Promise<void> {
    this.#pipe.end();
    const timer = setTimeout(() => this.kill(), patience);
    await this.#exited;
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #receive(line: string): void {
    const message = this.#understand(line);
    if (typeof message === 'string') {
      this.#broken(message);
      return;
    }
    if (message.type === 'hello') {
      this.#clearTimeout();
      this.#write({ type: 'start', version: protocolVersion, job: this.#options.job });
      const early = this.#early ?? [];
      this.#early = null;
      for (const command of early) this.#write(command);
    } else if (message.type === 'done') this.#outcome ??= { result: message.result };
    else if (message.type === 'failed') {
      const { code, message: text, next } = message.error;
      this.#outcome ??= { error: new UserError(code, text, next) };
    }
    this.#options.onReport?.(message);
  }

  /** The message, or why it is none. */
  #understand(line: string): Report | string {
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      return 'it sent a line that is no JSON';
    }
    const { type, version } = (json ?? {}) as { type?: unknown; version?: unknown };
    if (type === 'hello' && version !== protocolVersion)
      return `it speaks version ${String(version)} of the protocol, this app version ${protocolVersion}`;
    const parsed = report.safeParse(json);
    return parsed.success ? parsed.data : `it sent a message that is not in the protocol (${String(type)})`;
  }

  #broken(reason: string): void {
    this.#outcome ??= {
      error: new UserError(
        'worker-broken',
        `The worker was ended: ${reason}.`,
        'Install Meander again, or report this.',
      ),
    };
    this.kill();
  }

  #finish(): void {
    this.#clearTimeout();
    if (this.#outcome && 'result' in this.#outcome) this.#settle?.resolve(this.#outcome.result);
    else if (this.#outcome) this.#settle?.reject(this.#outcome.error);
  }

  #death(code: number | null, signal: NodeJS.Signals | null): UserError {
    const step = this.#options.resumeStep?.() ?? null;
    const train = this.#options.job.kind === 'train';
    const next = !train
      ? 'Start it again; a preparation continues where it was.'
      : step === null
        ? 'Start the run again; it had no checkpoint yet.'
        : `Resume to continue from step ${step}.`;
    if (signal !== null) {
      const memory = signal === 'SIGKILL' ? ' The system does this when memory runs out.' : '';
      return new UserError('worker-killed', `The worker was ended by signal ${signal}.${memory}`, next);
    }
    const lastWords = this.#tail.trim().split('\n').slice(-4).join('\n');
    return new UserError(
      'worker-died',
      `The worker ended with code ${code} before its job was done.${lastWords ? `\n${lastWords}` : ''}`,
      next,
    );
  }
}

/** What a worker inherits: nothing that would turn Electron's Node on or change how Node loads modules. */
function workerEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ELECTRON_RUN_AS_NODE: _electron, ...rest } = environment;
  return rest;
}

/** Calls onLine for every complete line of UTF-8; a torn last line is dropped. */
function readLines(stream: Duplex, onLine: (line: string) => void, onOverflow: () => void): void {
  let pending = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    pending += chunk;
    let start = 0;
    for (let end = pending.indexOf('\n'); end !== -1; end = pending.indexOf('\n', start)) {
      onLine(pending.slice(start, end));
      start = end + 1;
    }
    pending = pending.slice(start);
    if (pending.length > lineLimit) onOverflow();
  });
}
