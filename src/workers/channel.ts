/** The pipe between a worker and whoever started it: versioned, checked JSON lines (src/shared/jobs.ts). */
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { UserError } from '../engine/errors.ts';
import { type Command, command, type Progress, protocolVersion, type Report } from '../shared/jobs.ts';

/** A command longer than this, in characters, is no command: a configuration takes a few thousand. */
export const lineLimit = 1 << 20;
/** Milliseconds between progress reports; a change of phase is told at once. */
const progressInterval = 100;

export interface ChannelHandlers {
  command(command: Command): void;
  /** The other end sends nothing more. */
  closed(): void;
  /** What came is no command; the channel takes nothing more. */
  garbled(error: UserError): void;
}

export class Channel {
  readonly #pipe: Duplex;
  readonly #handlers: ChannelHandlers;
  readonly #decoder = new StringDecoder('utf8');
  #received = '';
  /** Nothing can be sent any more. */
  #closed = false;
  /** Nothing that comes is taken any more. */
  #deaf = false;
  #progress: Progress | null = null;
  #phase: string | null = null;
  #lastProgress = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  /** Says hello and listens. */
  constructor(pipe: Duplex, handlers: ChannelHandlers) {
    this.#pipe = pipe;
    this.#handlers = handlers;
    pipe.on('data', (data: Buffer) => {
      if (!this.#deaf) this.#receive(this.#decoder.write(data));
    });
    // The other end may stop talking and still listen.
    pipe.on('end', () => this.#hungUp());
    for (const event of ['close', 'error'])
      pipe.on(event, () => {
        this.#closed = true;
        this.#hungUp();
      });
    this.send({ type: 'hello', version: protocolVersion, pid: process.pid });
  }

  /** Progress is cut to about ten a second, keeping the latest; everything else goes out at once and in order. */
  send(report: Report): void {
    if (report.type === 'progress') this.#sendProgress(report.progress);
    else {
      // What was done last must not arrive after what it led to.
      if (report.type === 'done' || report.type === 'failed') this.#flushProgress();
      this.#write(report);
    }
  }

  /** Resolves when everything sent has left this process, or cannot any more. */
  async close(): Promise<void> {
    this.#flushProgress();
    if (this.#closed) return;
    this.#closed = true;
    await new Promise<void>((resolve) => {
      this.#pipe.once('close', resolve);
      this.#pipe.end(() => resolve());
    });
    this.#pipe.destroy();
  }

  #sendProgress(progress: Progress): void {
    this.#progress = progress;
    const wait = this.#lastProgress + progressInterval - performance.now();
    if (progress.phase !== this.#phase || wait <= 0) this.#flushProgress();
    else this.#timer ??= setTimeout(() => this.#flushProgress(), wait);
  }

  #flushProgress(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#progress) return;
    const progress = this.#progress;
    this.#progress = null;
    this.#phase = progress.phase;
    this.#lastProgress = performance.now();
    this.#write({ type: 'progress', progress });
  }

  #write(report: Report): void {
    if (!this.#closed) this.#pipe.write(`${JSON.stringify(report)}\n`);
  }

  #receive(text: string): void {
    const lines = (this.#received + text).split('\n');
    this.#received = lines.pop()!;
    for (const line of lines) {
      if (this.#deaf) return;
      if (line.trim() !== '') this.#take(line);
    }
    if (this.#received.length > lineLimit) this.#take(this.#received);
  }

  #take(line: string): void {
    const result = understand(line);
    if (typeof result !== 'string') {
      this.#handlers.command(result);
      return;
    }
    this.#deaf = true;
    this.#handlers.garbled(
      new UserError(
        'protocol',
        `The worker was sent something that is no command of protocol version ${protocolVersion}: ${result}.`,
        'Start application and worker from the same version of Meander.',
      ),
    );
  }

  #hungUp(): void {
    if (this.#deaf) return;
    this.#deaf = true;
    this.#handlers.closed();
  }
}

/** The command in a line, or why there is none. */
function understand(line: string): Command | string {
  if (line.length > lineLimit) return `a line is longer than ${lineLimit} characters`;
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return 'a line is no JSON';
  }
  const parsed = command.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  return `${path.join('.') || 'the message'}: ${message}`;
}
