/** What every backend offers. Work is enqueued in order; only reads wait. */
import type { Precision } from '../../shared/config.ts';
import type { DType, Program, Scalars } from '../program/types.ts';

export const backendNames = ['native', 'webgpu', 'tensorflow', 'reference'] as const;
export type BackendName = (typeof backendNames)[number];

export interface BackendInfo {
  readonly name: BackendName;
  /** Processor or adapter, as the system calls it. */
  readonly device: string;
  /** Kernel family in words, e.g. 'AVX-512 float32'. */
  readonly family: string;
  readonly threads: number;
  /** What the processor has and the system does not let it use, in words. */
  readonly note?: string;
  /**
   * Everything beside program, seed and data that can change bits: family, block sizes, fusion
   * table version, precision. Stored in trainer.json; equal numerics mean a bit-exact resume.
   * Holds the thread count only where results may depend on it, as TensorFlow's do.
   */
  readonly numerics: Readonly<Record<string, string | number | boolean>>;
}

export type Data<D extends DType = DType> = D extends 'i32' ? Int32Array : Float32Array;

/** A block of device memory, zero when made. */
export interface Store<D extends DType = DType> {
  readonly dtype: D;
  readonly elements: number;
  /** Copies data now, writes it in queue order. Throws RangeError past the end. */
  write(offset: number, data: Data<D>): void;
  /** Waits for everything enqueued before it. At most 2,097,152 elements (8 MiB). */
  read(offset: number, count: number): Promise<Data<D>>;
  free(): void;
}
export type Floats = Store<'f32'>;

export interface Executable {
  readonly program: Program;
  /** Bytes of activations that this program needs in the arena. */
  readonly arenaBytes: number;
  /**
   * Enqueues one run and returns. Every store that the program names must be bound;
   * throws Error naming a missing or too short binding. Results are read through `results`.
   */
  run(bindings: Readonly<Record<string, Store>>, scalars: Partial<Scalars>): void;
  /** A result tensor's values as of the latest run enqueued. */
  result(name: string): Promise<Float32Array>;
  free(): void;
}

/**
 * Arithmetic on whole float32 vectors, elementwise, each operation rounded to float32 on its own
 * (no fused multiply-add), so that an average has the same bits everywhere.
 */
export interface VectorOps {
  copy(target: Floats, source: Floats): void;
  /** target += source */
  add(target: Floats, source: Floats): void;
  /** target = target / divisor */
  divide(target: Floats, divisor: number): void;
  /** target += weight · (source − target); weight is rounded to float32 first. */
  lerp(target: Floats, source: Floats, weight: number): void;
  /** target += (source − target) / divisor */
  running(target: Floats, source: Floats, divisor: number): void;
  /** target = target · factor; factor is rounded to float32 first. */
  scale(target: Floats, factor: number): void;
  /** target += weight · source; weight is rounded to float32 first, then the product. */
  addScaled(target: Floats, source: Floats, weight: number): void;
  /** Whether every element is finite. */
  allFinite(source: Floats): Promise<boolean>;
}

export interface Backend {
  readonly info: BackendInfo;
  readonly vectors: VectorOps;
  /** Throws Error naming the size when memory is not to be had. */
  store<D extends DType>(dtype: D, elements: number): Store<D>;
  /** Lowers and plans once. Programs of one backend share an arena, since they never run at the same time. */
  compile(program: Program): Executable;
  /** Resolves when everything enqueued is done; rejects with the first error since the last call. */
  drain(): Promise<void>;
  /** Operations per second of a loop in registers on all threads, where it can be measured; about 3 × `seconds`. */
  peak?(seconds: number): Promise<number>;
  close(): Promise<void>;
}

export interface BackendOptions {
  /**
   * Of operands of matrix products; left out: float32. A backend without what is asked for computes in the next
   * better precision and its numerics say which; `auto` is mixed where that is faster.
   */
  precision?: Precision;
  /** null: one per physical core. */
  threads?: number | null;
  /** Turns the fusion table off, for tests. */
  fusion?: boolean;
}
