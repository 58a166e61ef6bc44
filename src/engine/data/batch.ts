/** Which tokens a step trains on and an evaluation measures: pure functions of where the run is. */
import { createHash } from 'node:crypto';
import type { SamplingConfig } from '../../shared/config.ts';
import { UserError } from '../errors.ts';
import { permuted } from '../permutation.ts';
import { Random, Streams, threefry2x32 } from '../random.ts';
import { MixOrder } from './mix-order.ts';
import type { Batch, TokenSource } from './source.ts';

interface Seeded {
  readonly fingerprint: string;
  readonly seed: number;
}

/** Where a micro-batch stands. `fingerprint` is the dataset's. */
export interface BatchPlace extends Seeded {
  readonly step: number;
  readonly microBatch: number;
}

/**
 * Start of each row: uniform over the count − tokens places that nanoGPT's `get_batch` draws from, with
 * replacement. Row r takes words 2r and 2r + 1 of the batch stream as 53 bits of a fraction, so streams past
 * 2^32 tokens are covered evenly. The seed is mixed with the dataset's fingerprint (its SHA-256, first 8 bytes).
 * @throws UserError 'dataset-too-short'
 */
export function blockStarts(count: number, at: BatchPlace, size: { batch: number; tokens: number }): number[] {
  const start = blockDraw(count, at, size.tokens);
  return Array.from({ length: size.batch }, (_, row) => start(row));
}

/** Start of a row of the micro-batch, by its number. */
function blockDraw(count: number, at: BatchPlace, tokens: number): (row: number) => number {
  const places = count - tokens;
  if (places < 1) throw tooShort('training', count, tokens);
  const random = new Random(mixedSeed(at.seed, at.fingerprint), Streams.batch, at.step, at.microBatch);
  return (row) => {
    const fraction = (random.word(2 * row) * 2 ** 21 + (random.word(2 * row + 1) >>> 11)) * 2 ** -53;
    // The product may round up to `places` itself.
    return Math.min(Math.floor(fraction * places), places - 1);
  };
}

export interface BatchSize {
  /** Rows of a micro-batch. */
  readonly batch: number;
  /** Of a row. */
  readonly tokens: number;
  /** Micro-batches of a step; only epochs and mixes ask for it. */
  readonly accumulation?: number;
}

const offsetRound = 0xffffffff;

/**
 * Start of each row when every block of the stream comes once before any comes again. An epoch has
 * floor((count − 1) / tokens) blocks, one after the other from a place that is uniform over the tokens that are left
 * over, and takes them in the order of a permutation; both are drawn from (seed, fingerprint, epoch) alone. Rows are
 * numbered through the run, so an epoch may end inside a micro-batch.
 * @throws UserError 'dataset-too-short'
 */
export function epochStarts(count: number, at: BatchPlace, size: BatchSize): number[] {
  const start = epochDraw(count, at, size.tokens);
  const first = firstRow(at, size);
  return Array.from({ length: size.batch }, (_, row) => start(first + row));
}

/** Start of a block by its number among all that are drawn from this dataset. */
function epochDraw(count: number, at: Seeded, tokens: number): (number: number) => number {
  const blocks = Math.floor((count - 1) / tokens);
  if (blocks < 1) throw tooShort('training', count, tokens);
  const spare = count - 1 - blocks * tokens;
  const seed = mixedSeed(at.seed, at.fingerprint);
  return (number) => {
    const epoch = Math.floor(number / blocks);
    const [key0, key1] = threefry2x32(seed, Streams.epoch, epoch, 0);
    const [high, low] = threefry2x32(key0, key1, 0, offsetRound);
    const fraction = (high * 2 ** 21 + (low >>> 11)) * 2 ** -53;
    const offset = Math.min(Math.floor(fraction * (spare + 1)), spare);
    return offset + permuted(number - epoch * blocks, blocks, key0, key1) * tokens;
  };
}

/** Number of a micro-batch's first row, through the run. */
const firstRow = (at: Pick<BatchPlace, 'step' | 'microBatch'>, { batch, accumulation = 1 }: BatchSize): number =>
  (at.step * accumulation + at.microBatch) * batch;

/** Tokens and targets are row-major [batch, tokens]. Random blocks are nanoGPT's way; see `blockStarts`, `epochStarts`. */
export function trainingBatch(
  source: TokenSource,
  at: BatchPlace,
  size: BatchSize,
  sampling: SamplingConfig['kind'] = 'blocks',
): Batch {
  const starts = sampling === 'epochs' ? epochStarts : blockStarts;
  return readBlocks(source, starts(source.count, at, size), size.tokens);
}

/** A dataset of a mix, as the sampler sees it. */
export interface MixSource {
  readonly source: TokenSource;
  readonly fingerprint: string;
  readonly weight: number;
}

/**
 * Rows of several datasets in the order of `MixOrder`; a mix of one is `trainingBatch` of it. A row of a dataset is
 * drawn as in a run of that dataset alone: a random block by its place in the micro-batch, a block of an epoch by the
 * number of rows that the dataset gave before, so that each dataset has epochs of its own.
 * @throws UserError 'dataset-too-short'
 */
export class MixSampler {
  readonly #members: readonly MixSource[];
  readonly #seed: number;
  readonly #sampling: SamplingConfig['kind'];
  readonly #order: MixOrder | null;
  #batch: Batch | null = null;

  constructor(members: readonly MixSource[], seed: number, sampling: SamplingConfig['kind']) {
    this.#members = members;
    this.#seed = seed;
    this.#sampling = sampling;
    const weights = members.map(({ weight }) => weight);
    const fingerprints = members.map(({ fingerprint }) => fingerprint);
    this.#order = members.length > 1 ? new MixOrder(weights, seed, fingerprints) : null;
  }

  /** Where each row of a micro-batch is read. */
  rows(at: Pick<BatchPlace, 'step' | 'microBatch'>, size: BatchSize): { member: number; start: number }[] {
    const first = firstRow(at, size);
    const draws = new Map<number, (number: number) => number>();
    return Array.from({ length: size.batch }, (_, row) => {
      const { member, number } = this.#numbered(first + row, row);
      const draw = draws.get(member) ?? this.#draw(member, at, size.tokens);
      draws.set(member, draw);
      return { member, start: draw(number) };
    });
  }

  /** The next one of the same size overwrites it: fresh memory for each costs as much as the reading. */
  batch(at: Pick<BatchPlace, 'step' | 'microBatch'>, size: BatchSize): Batch {
    const rows = this.rows(at, size).map(({ member, start }) => ({ source: this.#members[member].source, start }));
    this.#batch = readRows(rows, size.tokens, this.#batch);
    return this.#batch;
  }

  /** The dataset that a row comes from, and the number that its start is drawn by. */
  #numbered(row: number, inBatch: number): { member: number; number: number } {
    const order = this.#order;
    if (this.#sampling === 'blocks') return { member: order?.member(row) ?? 0, number: inBatch };
    const { member, place } = order?.at(row) ?? { member: 0, place: row };
    return { member, number: place };
  }

  #draw(member: number, at: Pick<BatchPlace, 'step' | 'microBatch'>, tokens: number): (number: number) => number {
    const { source, fingerprint } = this.#members[member];
    const place = { ...at, seed: this.#seed, fingerprint };
    return this.#sampling === 'epochs'
      ? epochDraw(source.count, place, tokens)
      : blockDraw(source.count, place, tokens);
  }
}

/** The blocks that start at the given places: each reads `tokens` + 1 ids. */
export const readBlocks = (source: TokenSource, starts: readonly number[], tokens: number): Batch =>
  readRows(
    starts.map((start) => ({ source, start })),
    tokens,
  );

/** @param into overwritten and returned, where it has the size */
function readRows(
  rows: readonly { source: TokenSource; start: number }[],
  tokens: number,
  into: Batch | null = null,
): Batch {
  const size = rows.length * tokens;
  const batch = into?.tokens.length === size ? into : { tokens: new Int32Array(size), targets: new Int32Array(size) };
  const row = new Int32Array(tokens + 1);
  rows.forEach(({ source, start }, i) => {
    source.read(start, row);
    batch.tokens.set(row.subarray(0, tokens), i * tokens);
    batch.targets.set(row.subarray(1), i * tokens);
  });
  return batch;
}

/**
 * Starts of the blocks of a fixed evaluation: `count` of them, or as many as fit; block j starts at
 * floor(j (n − 1) / count), so they are evenly spaced, do not overlap, and each has its last target.
 * @throws UserError 'dataset-too-short' when not one fits
 */
export function evaluationBlocks(source: TokenSource, blockSize: number, count: number): number[] {
  const inputs = source.count - 1;
  const blocks = Math.min(count, Math.floor(inputs / blockSize));
  if (blocks < 1) throw tooShort('validation', source.count, blockSize);
  return Array.from({ length: blocks }, (_, block) => Math.floor((block * inputs) / blocks));
}

/** By fingerprint, of the seed that was asked for last. */
const mixedSeeds = new Map<string, number>();
let seedOfMixed = Number.NaN;

function mixedSeed(seed: number, fingerprint: string): number {
  if (seed !== seedOfMixed) mixedSeeds.clear();
  seedOfMixed = seed;
  const known = mixedSeeds.get(fingerprint);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(fingerprint).digest();
  const [mixed] = threefry2x32(seed, Streams.batch, digest.readUInt32LE(0), digest.readUInt32LE(4));
  mixedSeeds.set(fingerprint, mixed);
  return mixed;
}

const tooShort = (what: string, count: number, blockSize: number) =>
  new UserError(
    'dataset-too-short',
    `The ${what} set has ${count} tokens; a block of ${blockSize} and its last target take ${blockSize + 1}.`,
    count > 1 ? `Lower the block size to at most ${count - 1}, or add text.` : 'Add text.',
  );
