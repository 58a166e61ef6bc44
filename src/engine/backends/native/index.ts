/** The native backend: C++ kernels behind Node-API, on a thread and a pool of their own. */

import type { Precision } from '../../../shared/config.ts';
import { UserError } from '../../errors.ts';
import type { DType, Program } from '../../program/types.ts';
import type { Backend, BackendInfo, BackendOptions, Executable, Floats, Store, VectorOps } from '../backend.ts';
import { type Addon, type EngineHandle, loadAddon, vectorCodes } from './addon.ts';
import { NativeExecutable } from './executable.ts';
import { fusionVersion } from './fusion.ts';
import { codes } from './lower.ts';
import { handleOf, NativeStore } from './store.ts';

/** Kernel family asked for, for tests, whatever its precision: one of the addon's `families`. */
const wantedFamily = () => process.env.MEANDER_KERNELS || null;

/**
 * Opens the native engine. Throws UserError 'native-missing' when the addon is not built or does not load, and
 * 'native-family' when MEANDER_KERNELS names kernels that this processor cannot run.
 */
export async function openNative(options: BackendOptions): Promise<Backend> {
  const { addon, reason } = loadAddon();
  if (!addon)
    throw new UserError('native-missing', reason!, 'Install a C++ compiler and run: node scripts/build-native.mjs');
  return new NativeBackend(addon, options);
}

/** Whether the engine loads here, why not, and the kernels it would use. */
export function nativeStatus(precision: Precision = 'float32'): {
  available: boolean;
  reason: string | null;
  family: string | null;
  /** Whether operands of its matrix products are bfloat16. */
  mixed: boolean;
} {
  const { addon, reason } = loadAddon();
  if (!addon) return { available: false, reason, family: null, mixed: false };
  try {
    const { label, mixed } = addon.status(wantedFamily(), precision);
    return { available: true, reason: null, family: label, mixed };
  } catch (error) {
    return { available: false, reason: (error as Error).message, family: null, mixed: false };
  }
}

/** Seconds of processor time that runs of one operation took: packing operands, in matrix products, and in all else. */
export interface OperationTime {
  readonly operation: string;
  readonly runs: number;
  readonly packing: number;
  readonly products: number;
  readonly other: number;
}

export class NativeBackend implements Backend {
  readonly info: BackendInfo;
  readonly vectors: VectorOps;
  readonly #addon: Addon;
  readonly #engine: EngineHandle;
  readonly #fusion: boolean;
  #closed = false;

  constructor(addon: Addon, options: BackendOptions) {
    this.#addon = addon;
    this.#fusion = options.fusion ?? true;
    const family = wantedFamily();
    const precision = options.precision ?? 'float32';
    let status: ReturnType<Addon['status']>;
    try {
      status = addon.status(family, precision);
    } catch (error) {
      const next = 'Unset MEANDER_KERNELS, or set it to one of those.';
      throw new UserError('native-family', (error as Error).message, next, { cause: error });
    }
    const threads = options.threads ?? status.cores;
    this.#engine = addon.open(threads, family, precision);
    this.info = {
      name: 'native',
      device: status.device,
      family: status.label,
      threads,
      note: status.note || undefined,
      numerics: {
        backend: 'native',
        // Attention in bfloat16 came with 3.
        version: status.mixed ? 3 : 2,
        precision: status.mixed ? 'mixed' : 'float32',
        family: status.family,
        tile: `${status.tile[0]}x${status.tile[1]}`,
        depth: status.tile[2],
        fusion: this.#fusion ? fusionVersion : false,
      },
    };
    this.vectors = vectorOps(addon, this.#engine);
  }

  store<D extends DType>(dtype: D, elements: number): Store<D> {
    return new NativeStore(this.#addon, this.#engine, dtype, elements);
  }

  compile(program: Program): Executable {
    return new NativeExecutable(this.#addon, this.#engine, program, this.#fusion);
  }

  drain(): Promise<void> {
    return this.#addon.drain(this.#engine);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#addon.drain(this.#engine);
    } finally {
      this.#addon.close(this.#engine);
    }
  }

  /** Bytes of all stores, arenas and scratch of the process. */
  memory(): number {
    return this.#addon.memory();
  }

  /**
   * Processor time by operation since the call before; the first call starts to measure and answers with nothing.
   * Times of one thread are exact; with more they hold what idle threads spend waiting.
   */
  async profile(): Promise<OperationTime[]> {
    const numbers = new Float64Array(await this.#addon.profile(this.#engine));
    return Object.entries(codes).flatMap(([operation, code]) => {
      const [runs, other, packing, products] = numbers.subarray(4 * code, 4 * code + 4);
      return runs > 0 ? [{ operation, runs, packing, products, other }] : [];
    });
  }

  /** Floating-point operations per second of a registers-only multiply-add loop on all threads; about 3 × `seconds`. */
  peak(seconds: number): Promise<number> {
    return this.#addon.peak(this.#engine, seconds);
  }

  /** Bytes per second at which all threads read memory that no cache holds; best of five passes over half a gigabyte. */
  async bandwidth(): Promise<number> {
    const store = this.store('f32', 1 << 27);
    let least = Number.POSITIVE_INFINITY;
    await this.vectors.allFinite(store);
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      await this.vectors.allFinite(store);
      least = Math.min(least, performance.now() - start);
    }
    store.free();
    return (4 * store.elements) / (least / 1000);
  }
}

function vectorOps(addon: Addon, engine: EngineHandle): VectorOps {
  const same = (target: Floats, source: Floats) => {
    if (target.elements === source.elements) return;
    throw new RangeError(`vectors of ${target.elements} and ${source.elements} elements`);
  };
  const apply = (code: number, target: Floats, source: Floats | null, scalar: number) => {
    if (source) same(target, source);
    addon.vector(engine, code, handleOf(target), source && handleOf(source), scalar, target.elements);
  };
  return {
    copy(target, source) {
      same(target, source);
      addon.copy(engine, handleOf(target), handleOf(source), 4 * target.elements);
    },
    add: (target, source) => apply(vectorCodes.add, target, source, 0),
    divide: (target, divisor) => apply(vectorCodes.divide, target, null, divisor),
    lerp: (target, source, weight) => apply(vectorCodes.lerp, target, source, weight),
    running: (target, source, divisor) => apply(vectorCodes.running, target, source, divisor),
    scale: (target, factor) => apply(vectorCodes.scale, target, null, factor),
    addScaled: (target, source, weight) => apply(vectorCodes.addScaled, target, source, weight),
    async allFinite(source) {
      return addon.allFinite(engine, handleOf(source), source.elements);
    },
  };
}
