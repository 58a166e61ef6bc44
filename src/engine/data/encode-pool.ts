/** Text to tokens on several threads. What comes back for a task does not depend on how many there are. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { DatasetMeta } from '../../shared/dataset.ts';
import type { Encoded, EncodeTask } from './encode-batch.ts';
import { encodeBatch } from './encode-batch.ts';
import type { Encoder } from './tokenizers/encoder.ts';

export interface ThreadStart {
  /** Holds the tokenizer.json of a tokenizer that is not built in. */
  readonly folder: string;
  readonly kind: DatasetMeta['tokenizer']['kind'];
}

export interface EncodePool {
  /** Tasks that may be under way at a time; more would only take memory. */
  readonly depth: number;
  /** Takes the task's buffers over. Rejects when a thread failed. */
  encode(task: EncodeTask): Promise<Encoded>;
  close(): Promise<void>;
}

/** Each takes some 60 MB, of 400 for all, and soon the one reader has nothing more to give them. */
const mostByDefault = 3;
/** With a larger vocabulary each takes some 240 MB. */
const largestShared = 1 << 16;
/** Text for which starting one more thread pays. */
const bytesPerThread = 8 << 20;

/** How many threads encode about so many bytes; 1: the caller's own. */
export function encodingThreads(bytes: number, vocabSize: number, wanted: number | null): number {
  if (wanted !== null) return wanted;
  if (vocabSize > largestShared) return 1;
  return Math.max(1, Math.min(availableParallelism(), mostByDefault, Math.floor(bytes / bytesPerThread)));
}

export function encodePool(threads: number, encoder: Encoder, folder: string): EncodePool {
  if (threads > 1) return new ThreadPool(threads, { folder, kind: encoder.kind });
  return { depth: 0, encode: async (task) => encodeBatch(encoder, task), close: async () => {} };
}

interface Waiting {
  resolve(done: Encoded): void;
  reject(error: Error): void;
}

class ThreadPool implements EncodePool {
  readonly depth: number;
  readonly #threads: { worker: Worker; waiting: Waiting[] }[];
  #failure: Error | null = null;

  constructor(threads: number, start: ThreadStart) {
    this.depth = 2 * threads;
    this.#threads = Array.from({ length: threads }, () => {
      const worker = new Worker(program(), {
        workerData: start,
        // Little of what a thread makes lives long, and every thread has a heap of its own.
        resourceLimits: { maxYoungGenerationSizeMb: 8 },
      });
      const thread = { worker, waiting: [] as Waiting[] };
      worker.on('message', (done: Encoded) => thread.waiting.shift()?.resolve(done));
      worker.on('error', (error: Error) => this.#fail(error));
      worker.on('exit', (code) => this.#fail(new Error(`a thread that encodes text ended with code ${code}`)));
      return thread;
    });
  }

  encode(task: EncodeTask): Promise<Encoded> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const thread = this.#threads.reduce((least, other) =>
      other.waiting.length < least.waiting.length ? other : least,
    );
    const { text, lengths, spare } = task;
    thread.worker.postMessage(task, [text.buffer, lengths.buffer, ...(spare === undefined ? [] : [spare])]);
    return new Promise((resolve, reject) => thread.waiting.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    this.#failure ??= new Error('the threads were ended');
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { waiting } of this.#threads) for (const { reject } of waiting.splice(0)) reject(this.#failure);
  }
}

/** The thread's program: beside this one in the source tree, beside the bundles where those are built. */
function program(): URL {
  const here = import.meta.url;
  if (here.endsWith('.ts')) return new URL('encode-thread.ts', here);
  const found = ['encode-thread.js', '../encode-thread.js']
    .map((name) => new URL(name, here))
    .find((url) => existsSync(url));
  if (found === undefined) throw new Error(`encode-thread.js is missing beside ${here}`);
  return found;
}
