/**
 * The arithmetic of merges in the native kernels, from files to files on all processors: pieces are read, summed, rounded
 * and written by threads of their own, and nothing passes through JavaScript. The bits are those of merge-sum.ts. Serves
 * tensors that lie in files as they are, summed in float32; everything else goes through merge-stream.ts alone.
 */
import { availableParallelism } from 'node:os';
import { type Addon, loadAddon, type MergeHandle } from '../backends/native/addon.ts';
import type { SourceTensor, TensorPlace } from '../checkpoint/import/tensors.ts';
import { dtypeBytes, type SafetensorsDType } from '../checkpoint/safetensors-header.ts';
import type { WeightDType } from '../checkpoint/vector.ts';
import { UserError } from '../errors.ts';
import { withFileErrors } from '../files.ts';
import type { Combination } from './merge-methods.ts';
import type { StreamJob } from './merge-stream.ts';

/** Combinations whose shares are known. */
export type Plain = Exclude<Combination, { kind: 'slerp' }>;

/** The same part of one tensor in every input. */
export interface NativePart {
  readonly tensor: SourceTensor;
  readonly offset: number;
  readonly count: number;
  /** Of the whole tensor, one an input. */
  readonly places: readonly TensorPlace[];
}

/** A result that what is written cannot hold. */
export interface NativeFailure {
  readonly part: NativePart;
  /** Place among the outputs. */
  readonly output: number;
  /** First element, in the tensor, of the piece that has it. */
  readonly offset: number;
  readonly count: number;
}

const typeCodes: Partial<Record<SafetensorsDType, number>> = { F32: 0, F16: 1, BF16: 2, F64: 3 };
const writtenCodes: Record<WeightDType, number> = { float32: 0, float16: 1, bfloat16: 2 };
const writtenBytes: Record<WeightDType, number> = { float32: 4, float16: 2, bfloat16: 2 };
const kindCodes: Record<Plain['kind'], number> = { uniform: 0, shares: 1, ema: 2 };
/** Elements of a part at most: a multiple of what a thread takes, so that parts are whole words. */
const partElements = 1 << 24;
/** No thread works on more at once (native/src/merge.cpp). */
const pieceElements = 1 << 16;

export class NativeMerge {
  readonly #addon: Addon;
  readonly #job: StreamJob;
  readonly #merge: MergeHandle;
  /** Places of files in the list that the kernels have. */
  readonly #files: ReadonlyMap<string, number>;

  private constructor(addon: Addon, job: StreamJob, paths: readonly string[]) {
    this.#addon = addon;
    this.#job = job;
    this.#files = new Map(paths.map((path, i) => [path, i]));
    this.#merge = addon.mergeOpen(paths, job.outputs.length, availableParallelism());
  }

  /** Null where there are no kernels, or where they cannot do this job. */
  static open(job: StreamJob): NativeMerge | null {
    if (job.wide || !job.native || job.sources.every(({ place }) => place === undefined)) return null;
    const { addon } = loadAddon();
    if (!addon) return null;
    const inputs = new Set(job.sources.flatMap(({ files }) => files));
    try {
      return new NativeMerge(addon, job, [...job.outputs.map(({ file }) => file.file), ...inputs]);
    } catch {
      // Too many files for one process, or a wish for kernels that this processor does not have.
      return null;
    }
  }

  /** A tensor in parts; null where one of its inputs does not hold it as it is. */
  async parts(tensor: SourceTensor): Promise<NativePart[] | null> {
    if (typeCodes[tensor.dtype] === undefined) return null;
    const places: TensorPlace[] = [];
    for (const source of this.#job.sources) {
      const place = await source.place?.(tensor.name);
      if (!place || !this.#files.has(place.file)) return null;
      places.push(place);
    }
    const parts: NativePart[] = [];
    for (let offset = 0; offset < tensor.elements; offset += partElements)
      parts.push({ tensor, offset, count: Math.min(partElements, tensor.elements - offset), places });
    return parts;
  }

  /**
   * Works off parts that follow one another in every output. Their bytes are written, but not yet marked.
   * @returns the sums of each part in each output, for `MergeOutput.wrote`; or the earliest result that is out of range
   */
  async run(
    parts: readonly NativePart[],
    combinations: readonly Plain[],
    dtypeOf: (tensor: SourceTensor) => WeightDType,
  ): Promise<{ failure: NativeFailure } | { sums: [number, number][][] }> {
    const { outputs, sources } = this.#job;
    const plan = [outputs.length, sources.length, parts.length];
    for (const [o, { members }] of outputs.entries()) {
      const how = combinations[o];
      plan.push(kindCodes[how.kind], members.length, ...members);
      if (how.kind === 'shares') plan.push(...how.shares);
      if (how.kind === 'ema') plan.push(how.beta, 1 - how.beta);
    }
    const positions = outputs.map(({ file }) => file.position);
    let words = outputs[0].file.words;
    for (const { tensor, offset, count, places } of parts) {
      if (offset === 0) words = 0;
      const to = dtypeOf(tensor);
      plan.push(typeCodes[tensor.dtype]!, writtenCodes[to], count, words);
      for (const { file, position } of places)
        plan.push(this.#files.get(file)!, position + offset * dtypeBytes[tensor.dtype]);
      for (const o of outputs.keys()) {
        plan.push(o, positions[o]);
        positions[o] += count * writtenBytes[to];
      }
      words += Math.ceil((count * writtenBytes[to]) / 4);
    }
    const answer = await this.#explained(() => this.#addon.mergeRun(this.#merge, Float64Array.from(plan)));
    const [failed, output, element] = answer;
    if (failed >= 0) {
      const part = parts[failed];
      const count = Math.min(pieceElements, part.count - element);
      return { failure: { part, output, offset: part.offset + element, count } };
    }
    const sums = parts.map((_, p) =>
      outputs.map((_, o): [number, number] => {
        const at = 3 + 2 * (p * outputs.length + o);
        return [answer[at], answer[at + 1]];
      }),
    );
    return { sums };
  }

  close(): void {
    this.#addon.mergeClose(this.#merge);
  }

  /** What the system says of an output becomes what it would be if Node had said it. */
  async #explained<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const { code, path } = error as NodeJS.ErrnoException;
      const output = this.#job.outputs.find(({ file }) => file.file === path)?.file;
      if (output) return withFileErrors(output.target, () => Promise.reject(error), output.bytes);
      if (code !== 'EENDED') throw error;
      const message = `${path} ends inside its data: it was changed while it was read.`;
      throw new UserError('file-damaged', message, 'Copy or download the file again, or use another checkpoint.');
    }
  }
}

/** Bytes that a part takes in an output. */
export const partBytes = ({ count }: NativePart, to: WeightDType): number => count * writtenBytes[to];

/** Whether a part is the last of its tensor. */
export const endsTensor = ({ tensor, offset, count }: NativePart): boolean => offset + count === tensor.elements;
