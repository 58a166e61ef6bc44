/**
 * Inputs to outputs, tensor by tensor: each piece of each input is read once, whatever the number of windows it is in,
 * and added to a sum of every window that is open. Memory is those sums and two pieces of input. What lies in files as it
 * is goes through the native kernels where there are any (merge-native.ts); this is the same in TypeScript, bit by bit.
 */
import type { SourceTensor, TensorSource } from '../checkpoint/import/tensors.ts';
import { dtypeBytes, type SafetensorsDType } from '../checkpoint/safetensors-header.ts';
import { allFinite, type WeightDType } from '../checkpoint/vector.ts';
import { UserError } from '../errors.ts';
import { type Combination, slerpShares } from './merge-methods.ts';
import { endsTensor, NativeMerge, type NativePart, type Plain, partBytes } from './merge-native.ts';
import type { MergeOutput } from './merge-output.ts';
import { addMember, decode, finish, type Sum, written } from './merge-sum.ts';

export interface StreamOutput {
  readonly file: MergeOutput;
  /** Places of its inputs, ascending. */
  readonly members: readonly number[];
  readonly how: Combination;
}

export interface StreamJob {
  readonly sources: readonly TensorSource[];
  readonly outputs: readonly StreamOutput[];
  /** In the order in which they are written. */
  readonly tensors: readonly SourceTensor[];
  /** Absent: each keeps its own. */
  readonly dtype: WeightDType | undefined;
  readonly wide: boolean;
  /** Whether native kernels may be used. */
  readonly native: boolean;
  /** Called with the bytes of every read; what it throws ends the work. */
  readonly count: (bytes: number) => void;
}

/** What is averaged, and as what it is written; float64 becomes float32. */
export const floats: Partial<Record<SafetensorsDType, WeightDType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F64: 'float32',
};

/** Bytes of all sums together, at most. */
const sumBytes = 256 << 20;
/** Elements of a piece: small enough for a processor's cache, large enough that calls do not count. */
const small = 1 << 18;
/** What is turned on the way is read in whole rows for every piece, so pieces are few. */
const large = 1 << 21;

/** Bytes of input that a merge reads. */
export function inputBytes({ sources, outputs, tensors }: Pick<StreamJob, 'sources' | 'outputs' | 'tensors'>): number {
  const used = new Set(outputs.flatMap(({ members }) => members)).size;
  const newest = new Set(outputs.map(({ members }) => members.at(-1))).size;
  const passes = outputs.some(({ how }) => how.kind === 'slerp') ? 2 : 1;
  const inputs = Math.min(used, sources.length);
  return tensors.reduce((sum, { dtype, bytes }) => sum + bytes * (floats[dtype] ? passes * inputs : newest), 0);
}

/** Bytes of input for one call of the native kernels: little beside what they do in the meantime. */
const batchBytes = 128 << 20;

/** Writes every tensor from the given one on. @throws UserError 'not-finite' by file and tensor, 'out-of-range' */
export async function streamMerge(job: StreamJob, from: number): Promise<void> {
  const native = NativeMerge.open(job);
  const reader = new Reader(pieceSize(job), job.count);
  const stream = new TensorStream(job, reader);
  const batch: NativePart[] = [];
  let combinations: readonly Plain[] = [];
  let bytes = 0;
  const flush = async () => {
    if (batch.length > 0) await runNative(job, native!, batch.splice(0), combinations);
    bytes = 0;
  };
  try {
    for (const tensor of job.tensors.slice(from)) {
      const isFloat = floats[tensor.dtype] !== undefined;
      const parts = await native?.parts(tensor);
      if (!parts || parts.length === 0) {
        await flush();
        await stream.write(tensor, await tensorCombinations(job, tensor, reader, isFloat));
        continue;
      }
      const slerp = job.outputs.some(({ how }) => how.kind === 'slerp');
      if (slerp) await flush();
      if (batch.length === 0) combinations = await tensorCombinations(job, tensor, reader, isFloat);
      for (const part of parts) {
        batch.push(part);
        bytes += part.count * dtypeBytes[tensor.dtype] * job.sources.length;
        if (bytes >= batchBytes) await flush();
      }
    }
    await flush();
  } finally {
    await reader.settle();
    await stream.settle();
    native?.close();
  }
}

/** A batch through the kernels, then marked tensor by tensor. */
async function runNative(
  job: StreamJob,
  native: NativeMerge,
  parts: readonly NativePart[],
  combinations: readonly Plain[],
): Promise<void> {
  const { outputs, sources, count } = job;
  const dtypeOf = ({ dtype }: SourceTensor) => job.dtype ?? floats[dtype]!;
  const done = await native.run(parts, combinations, dtypeOf);
  if ('failure' in done) {
    const { part, output, ...piece } = done.failure;
    throw await explain(job, { ...piece, tensor: part.tensor, output }, combinations[output]);
  }
  for (const [p, part] of parts.entries()) {
    for (const i of sources.keys())
      if (outputs.some(({ members }) => members.includes(i))) count(part.count * dtypeBytes[part.tensor.dtype]);
    for (const [o, { file }] of outputs.entries()) {
      file.wrote(partBytes(part, dtypeOf(part.tensor)), done.sums[p][o]);
      if (endsTensor(part)) await file.endTensor();
    }
  }
}

/** What is wrong with a piece that the kernels gave up on: the same in TypeScript, which says it in words. */
async function explain(
  job: StreamJob,
  { tensor, output, offset, count }: { tensor: SourceTensor; output: number; offset: number; count: number },
  how: Plain,
): Promise<Error> {
  const { members } = job.outputs[output];
  const sum = new Float32Array(count);
  for (const [place, i] of members.entries()) {
    const bytes = await job.sources[i].raw(tensor.name, offset, count);
    addMember(sum, decode(bytes, tensor.dtype, count, false), place, how);
  }
  finish(sum, how, members.length);
  try {
    if (written(sum, job.dtype ?? floats[tensor.dtype]!, tensor.name))
      return new Error(`The kernels refused ${tensor.name}, which is in range`);
  } catch (error) {
    return error as Error;
  }
  return culprit(job, members, tensor, { offset, count });
}

/** Tensors one after the other, in TypeScript. */
class TensorStream {
  readonly #job: StreamJob;
  readonly #reader: Reader;
  readonly #size: number;
  readonly #pool: Sum[] = [];
  readonly #pending = new Map<MergeOutput, Promise<void>>();

  constructor(job: StreamJob, reader: Reader) {
    this.#job = job;
    this.#reader = reader;
    this.#size = pieceSize(job);
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.#pending.values());
  }

  async write(tensor: SourceTensor, combinations: readonly Plain[]): Promise<void> {
    const { sources, outputs, wide } = this.#job;
    const to = floats[tensor.dtype] ? (this.#job.dtype ?? floats[tensor.dtype]!) : null;
    const reads = plan(this.#job, tensor, this.#size, to === null);
    const open = new Map<number, Sum>();
    for (let r = 0; r < reads.length; r++) {
      const { input, offset, count } = reads[r];
      const bytes = await this.#reader.take(sources[input], tensor, reads[r], reads[r + 1], sources);
      if (to === null) {
        for (const { file, members } of outputs)
          if (members.at(-1) === input) {
            await this.#put(file, bytes, null);
            await this.#flush(file);
          }
        continue;
      }
      const next = decode(bytes, tensor.dtype, count, wide);
      for (const [o, { file, members }] of outputs.entries()) {
        const place = members.indexOf(input);
        if (place < 0) continue;
        let sum = open.get(o);
        if (!sum) {
          const room = this.#pool.pop() ?? (wide ? new Float64Array(this.#size) : new Float32Array(this.#size));
          sum = room.length === count ? room : room.subarray(0, count);
          open.set(o, sum);
        }
        addMember(sum, next, place, combinations[o]);
        if (place < members.length - 1) continue;
        finish(sum, combinations[o], members.length);
        const result = written(sum, to, tensor.name);
        if (!result) throw await culprit(this.#job, members, tensor, { offset, count });
        open.delete(o);
        await this.#put(file, result, whole(sum));
      }
    }
    for (const { file } of outputs) {
      await this.#flush(file);
      await file.endTensor();
    }
  }

  async #flush(file: MergeOutput): Promise<void> {
    await this.#pending.get(file);
    this.#pending.delete(file);
  }

  /** What is written while the next piece is read; its sum is free when that is over. */
  async #put(file: MergeOutput, bytes: Uint8Array, sum: Sum | null): Promise<void> {
    await this.#flush(file);
    const writing = file.write(bytes).then(() => {
      if (sum) this.#pool.push(sum);
    });
    // A failure surfaces where it is awaited.
    writing.catch(() => {});
    this.#pending.set(file, writing);
  }
}

/** The array that a part was cut from. */
const whole = (sum: Sum): Sum =>
  sum instanceof Float64Array ? new Float64Array(sum.buffer) : new Float32Array(sum.buffer as ArrayBuffer);

function pieceSize({ sources, outputs, wide }: StreamJob): number {
  // A window opens with its oldest member and closes with its newest; each has one sum open and one being written.
  const open = Math.max(
    ...sources.map((_, i) => outputs.filter(({ members }) => members[0] <= i && i <= members.at(-1)!).length),
  );
  const wanted = sources.some(({ readInto }) => readInto === undefined) ? large : small;
  return Math.max(1024, Math.min(wanted, Math.floor(sumBytes / ((wide ? 8 : 4) * (open + 1)))));
}

interface Read {
  readonly input: number;
  readonly offset: number;
  readonly count: number;
}

/** The reads of one tensor: piece by piece, within a piece from the oldest input to the newest. */
function plan({ sources, outputs }: StreamJob, { elements }: SourceTensor, size: number, isCopied: boolean): Read[] {
  const inputs = sources
    .map((_, i) => i)
    .filter((i) => outputs.some(({ members }) => (isCopied ? members.at(-1) === i : members.includes(i))));
  const reads: Read[] = [];
  for (let offset = 0; offset < elements; offset += size)
    for (const input of inputs) reads.push({ input, offset, count: Math.min(size, elements - offset) });
  return reads;
}

/** Reads one piece ahead, into two buffers in turn. */
class Reader {
  readonly #buffers: [Uint8Array, Uint8Array];
  readonly #count: (bytes: number) => void;
  #turn = 0;
  #ahead: { read: Read; bytes: Promise<Uint8Array> } | null = null;

  constructor(size: number, count: (bytes: number) => void) {
    this.#buffers = [new Uint8Array(8 * size), new Uint8Array(8 * size)];
    this.#count = count;
  }

  /** The bytes of a read, valid until the one after next is asked for; the next one is begun. */
  async take(
    source: TensorSource,
    tensor: SourceTensor,
    read: Read,
    next: Read | undefined,
    sources: readonly TensorSource[],
  ): Promise<Uint8Array> {
    const current = this.#ahead?.read === read ? this.#ahead.bytes : this.#start(source, tensor, read);
    this.#ahead = null;
    const bytes = await current;
    this.#count(read.count * dtypeBytes[tensor.dtype]);
    if (next) {
      const ahead = this.#start(sources[next.input], tensor, next);
      // A failure surfaces when the piece is taken.
      ahead.catch(() => {});
      this.#ahead = { read: next, bytes: ahead };
    }
    return bytes;
  }

  async settle(): Promise<void> {
    await this.#ahead?.bytes.catch(() => {});
  }

  async #start(source: TensorSource, { name, dtype }: SourceTensor, { offset, count }: Read): Promise<Uint8Array> {
    if (!source.readInto) return source.raw(name, offset, count);
    this.#turn = 1 - this.#turn;
    const target = this.#buffers[this.#turn];
    await source.readInto(name, offset, count, target);
    return target.subarray(0, count * dtypeBytes[dtype]);
  }
}

/** SLERP's shares follow from the whole tensor, which is read once more for them. */
async function tensorCombinations(
  job: StreamJob,
  tensor: SourceTensor,
  reader: Reader,
  isFloat: boolean,
): Promise<Plain[]> {
  const found: Plain[] = [];
  for (const { how, members } of job.outputs) {
    if (how.kind !== 'slerp') found.push(how);
    else {
      let [dot, a2, b2] = [0, 0, 0];
      for (let offset = 0; isFloat && offset < tensor.elements; offset += small) {
        const count = Math.min(small, tensor.elements - offset);
        const pair: Sum[] = [];
        for (const input of members) {
          const read = { input, offset, count };
          const bytes = await reader.take(job.sources[input], tensor, read, undefined, job.sources);
          // In memory of its own: the second read may go where the first one went.
          pair.push(decode(bytes.slice(), tensor.dtype, count, true));
        }
        const [a, b] = pair;
        for (let j = 0; j < count; j++) {
          dot += a[j] * b[j];
          a2 += a[j] * a[j];
          b2 += b[j] * b[j];
        }
      }
      found.push({ kind: 'shares', shares: slerpShares(how.lambda, dot, Math.sqrt(a2), Math.sqrt(b2)) });
    }
  }
  return found;
}

/** Which input made a sum something that is no number. */
async function culprit(
  { sources }: StreamJob,
  members: readonly number[],
  { name }: SourceTensor,
  { offset, count }: { offset: number; count: number },
): Promise<UserError> {
  for (const i of members)
    if (!allFinite(await sources[i].floats(name, offset, count)))
      return new UserError(
        'not-finite',
        `${name} in ${sources[i].fileOf(name)} holds NaN or infinity.`,
        'Leave that checkpoint out.',
      );
  // A sum of finite weights can overflow; the mean of a usable model never does.
  return new UserError('not-finite', `The mean of ${name} is beyond float32.`, 'Check the weights of the inputs.');
}
