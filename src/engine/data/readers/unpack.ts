/** Compressed streams, told by their first bytes. */
import type { Transform } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import zlib from 'node:zlib';
import { UserError } from '../../errors.ts';
import type { Bytes } from './bytes.ts';
import { broken } from './bytes.ts';
import { isBz2 } from './magic.ts';
import { unpackXz } from './xz.ts';

export type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** Bytes that a file may unpack to whatever its size. */
const alwaysAllowed = 64 << 20;

/** Counts what is unpacked out of one file, on all levels together: text comes to 3 to 20 times its packed size. */
export class UnpackBudget {
  readonly #name: string;
  readonly #ratio: number;
  readonly #limit: number;
  #unpacked = 0;

  /** @param ratio how often its own size it may unpack to beyond that */
  constructor(name: string, packedBytes: number, ratio: number) {
    this.#name = name;
    this.#ratio = ratio;
    this.#limit = Math.max(alwaysAllowed, packedBytes * ratio);
  }

  /** @throws UserError 'unpacks-too-far' */
  add(bytes: number): void {
    this.#unpacked += bytes;
    if (this.#unpacked > this.#limit)
      throw new UserError(
        'unpacks-too-far',
        `${this.#name} unpacks to more than ${this.#ratio} times its size, as no text does; nothing of it is taken`,
        'If you trust it, allow a higher ratio (--unpack-ratio), or unpack it yourself.',
      );
  }
}

export function compressionOf(head: Uint8Array): Compression | null {
  const starts = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x1f, 0x8b, 0x08)) return 'gzip';
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)) return 'xz';
  return isBz2(head) ? 'bzip2' : null;
}

/** @throws UserError 'source-broken' where the packed stream is broken or ends early, after all that came before */
export async function* unpack(
  packed: Bytes,
  compression: Compression | 'deflate',
  budget: UnpackBudget,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of plainOf(packed, compression)) {
      budget.add(part.length);
      yield part;
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw broken(`its ${compression} stream is broken: ${(error as Error).message}`, error);
  }
}

async function* plainOf(packed: Bytes, compression: Compression | 'deflate'): AsyncGenerator<Uint8Array> {
  if (compression === 'xz') yield* unpackXz(packed);
  else if (compression === 'bzip2') yield* (await import('./bz2.ts')).unpackBz2(packed);
  else yield* throughZlib(packed, compression);
}

const chunkSize = 1 << 16;

function zstd(): Transform {
  if (zlib.createZstdDecompress === undefined)
    throw broken(`zstd needs Node.js 22.15 or newer, and this is ${process.version}`);
  // The library refuses windows of more than 128 MiB, which only `--long` and hostile files have.
  return zlib.createZstdDecompress({ chunkSize });
}

const makers = {
  gzip: () => zlib.createGunzip({ chunkSize }),
  deflate: () => zlib.createInflateRaw({ chunkSize }),
  zstd,
};

/**
 * Pulls `packed` through zlib's streams. Piping would lose, more or less by chance, what a stream had given but
 * nobody had taken when it failed; here everything that came before a failure arrives before it.
 */
async function* throughZlib(packed: Bytes, compression: keyof typeof makers): AsyncGenerator<Uint8Array> {
  do {
    yield* throughOne(packed, makers[compression]());
    // zlib's zstd stream ends with a frame, and another frame may follow.
  } while (compression === 'zstd' && (await packed.peek(1)).length > 0);
}

async function* throughOne(packed: Bytes, stream: Transform): AsyncGenerator<Uint8Array> {
  const given: Uint8Array[] = [];
  const state = { ended: false, failure: null as Error | null, taken: false, wake: () => {} };
  stream.on('data', (part: Uint8Array) => {
    given.push(part);
    stream.pause();
    state.wake();
  });
  stream.on('end', () => {
    state.ended = true;
    state.wake();
  });
  stream.on('error', (error) => {
    state.failure ??= error;
    state.wake();
  });
  /** What comes until the stream has taken its input, or ended, or failed. */
  async function* drain(): AsyncGenerator<Uint8Array> {
    for (let idle = false; ; ) {
      for (let part = given.shift(); part !== undefined; part = given.shift()) yield part;
      if (state.failure !== null) throw state.failure;
      if (state.ended || idle) return;
      const woken = new Promise<void>((resolve) => {
        state.wake = resolve;
      });
      stream.resume();
      // The end is told a little after the input is taken.
      idle = state.taken && stream.readableLength === 0;
      if (idle) await setImmediate();
      else await woken;
      idle &&= given.length === 0;
    }
  }
  try {
    for (let part = await packed.next(); part !== null; part = await packed.next()) {
      const before = (stream as zlib.Gunzip).bytesWritten;
      state.taken = false;
      stream.write(part, (error) => {
        state.failure ??= error ?? null;
        state.taken = true;
        state.wake();
      });
      yield* drain();
      if (state.ended) {
        packed.unread(part.subarray((stream as zlib.Gunzip).bytesWritten - before));
        return;
      }
    }
    state.taken = false;
    stream.end();
    yield* drain();
  } finally {
    stream.destroy();
  }
}
