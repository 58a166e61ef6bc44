/** Finds and loads the addon that `scripts/build-native.mjs` builds. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Precision } from '../../../shared/config.ts';

/** Handles of the addon's own objects. */
export type EngineHandle = { readonly engine: unique symbol };
export type StoreHandle = { readonly store: unique symbol };
export type ProgramHandle = { readonly program: unique symbol };
export type MergeHandle = { readonly merge: unique symbol };

/** The addon's functions, as native/binding/addon.cpp documents them. */
export interface Addon {
  status(
    family: string | null,
    precision: Precision,
  ): {
    device: string;
    cores: number;
    families: string[];
    family: string;
    label: string;
    /** Whether operands of matrix products are bfloat16. */
    mixed: boolean;
    /** What this processor has and the system does not let it use, in words; empty where there is no such thing. */
    note: string;
    /** GEMM's tile rows, tile columns, and depth, in words of 32 bits, at which a sum over k is cut. */
    tile: [number, number, number];
  };
  open(threads: number, family: string | null, precision: Precision): EngineHandle;
  close(engine: EngineHandle): void;
  store(engine: EngineHandle, bytes: number): StoreHandle;
  free(store: StoreHandle): void;
  write(engine: EngineHandle, store: StoreHandle, byteOffset: number, data: Float32Array | Int32Array): void;
  read(engine: EngineHandle, store: StoreHandle, byteOffset: number, bytes: number): Promise<ArrayBuffer>;
  drain(engine: EngineHandle): Promise<void>;
  copy(engine: EngineHandle, target: StoreHandle, source: StoreHandle, bytes: number): void;
  vector(
    engine: EngineHandle,
    operation: number,
    target: StoreHandle,
    source: StoreHandle | null,
    scalar: number,
    elements: number,
  ): void;
  allFinite(engine: EngineHandle, store: StoreHandle, elements: number): Promise<boolean>;
  program(engine: EngineHandle, code: Float64Array, arenaBytes: number, results: StoreHandle | null): ProgramHandle;
  run(engine: EngineHandle, program: ProgramHandle, stores: StoreHandle[], scalars: Float64Array): void;
  /** Bytes of all stores, arenas and scratch in this process. */
  memory(): number;
  /**
   * For each operation code its runs and its seconds of processor time otherwise, packing and in products, as float64,
   * since the call before; the first call starts to measure.
   */
  profile(engine: EngineHandle): Promise<ArrayBuffer>;
  /** Floating-point operations per second of a registers-only multiply-add loop on all threads. */
  peak(engine: EngineHandle, seconds: number): Promise<number>;
  /** Opens files for merges, the first `written` of them to write; errors have Node's `code` and `path`. */
  mergeOpen(paths: readonly string[], written: number, threads: number): MergeHandle;
  /** native/binding/merge.cpp says what is in a plan, and in the answer. */
  mergeRun(merge: MergeHandle, plan: Float64Array): Promise<Float64Array>;
  mergeClose(merge: MergeHandle): void;
}

/** Operations of the addon's `vector`. */
export const vectorCodes = { add: 0, divide: 1, lerp: 2, running: 3, scale: 4, addScaled: 5 } as const;

/** Places where the addon may lie, best first: named by MEANDER_NATIVE, packaged beside the bundle, source tree. */
export function addonCandidates(from: string = import.meta.url, named = process.env.MEANDER_NATIVE): string[] {
  if (named) return [named];
  const at = (relative: string) => fileURLToPath(new URL(relative, from));
  return [
    at('./meander.node'),
    at('../native/meander.node'),
    // From src/engine/backends/native/, and from a bundle in out/<folder>/.
    at('../../../../native/build/Release/meander.node'),
    at('../../native/build/Release/meander.node'),
  ];
}

/** Path of the addon, or null when it is nowhere. */
export function findAddon(from?: string, named?: string): string | null {
  return addonCandidates(from, named).find((path) => existsSync(path)) ?? null;
}

let loaded: { addon: Addon | null; reason: string | null } | undefined;

/** The addon, or in words why there is none. Tried once per process. */
export function loadAddon(): { addon: Addon | null; reason: string | null } {
  loaded ??= tryAddon();
  return loaded;
}

function tryAddon(): { addon: Addon | null; reason: string | null } {
  const path = findAddon();
  if (!path) return { addon: null, reason: 'the native engine has not been built' };
  try {
    return { addon: createRequire(import.meta.url)(path) as Addon, reason: null };
  } catch (error) {
    return { addon: null, reason: `the native engine at ${path} does not load: ${(error as Error).message}` };
  }
}
