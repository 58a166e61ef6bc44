/** Runs a program on a backend with made-up data and compares what comes out of two of them. */
import { sizeOf } from '../../program/shapes.ts';
import type { AnyOp, DType, Program, Scalars, Tensor } from '../../program/types.ts';
import { Random, Streams } from '../../random.ts';
import type { Backend, Store } from '../backend.ts';

/** A program, what is bound to it and the runs to make of it. */
export interface Trial {
  readonly name: string;
  readonly program: Program;
  /** One entry per run; stores live on between runs. */
  readonly runs?: readonly Partial<Scalars>[];
  /** Exclusive upper bounds of the i32 inputs. */
  readonly bounds?: Readonly<Record<string, number>>;
  /** Values that must be as they are, by store; the rest is noise. */
  readonly data?: Readonly<Record<string, Float32Array | Int32Array>>;
}

export interface Outcome {
  readonly arrays: ReadonlyMap<string, Float32Array>;
  readonly arenaBytes: number;
}

export function tensorsOf(program: Program): Tensor[] {
  const all = program.ops.flatMap(
    (op) => [...Object.values(op.in), ...Object.values(op.out)] as (Tensor | undefined)[],
  );
  return [...new Set([...all, ...program.results])].filter((t): t is Tensor => t !== undefined);
}

/** Stores that a program needs, with their sizes. */
export function storesOf(program: Program): Map<string, { dtype: DType; elements: number }> {
  const stores = new Map<string, { dtype: DType; elements: number }>();
  for (const { store, dtype, offset, shape } of tensorsOf(program)) {
    if (store === null) continue;
    const elements = Math.max(stores.get(store)?.elements ?? 0, Math.ceil((offset + sizeOf(shape)) / 64) * 64);
    stores.set(store, { dtype, elements });
  }
  return stores;
}

/** Deterministic noise for a store: parameters are small, so that values stay near one. */
export function noise(name: string, dtype: DType, elements: number, bound = 2): Float32Array | Int32Array {
  const seed = [...name].reduce((hash, c) => (Math.imul(hash, 31) + c.charCodeAt(0)) | 0, 7);
  const random = new Random(seed, Streams.probe, elements, 2);
  if (dtype === 'i32') return Int32Array.from({ length: elements }, (_, i) => Math.floor(random.uniform(i) * bound));
  const scale = name === 'parameters' ? 0.3 : 1;
  const values = Float32Array.from({ length: elements }, (_, i) => scale * random.normal(i));
  // Second moments are never negative.
  return name === 'v' ? values.map(Math.abs) : values;
}

/** Everything that a trial changed: results, and each gradient, optimizer, parameter or persistent tensor. */
export async function perform(backend: Backend, trial: Trial): Promise<Outcome> {
  const { program } = trial;
  const bindings: Record<string, Store> = {};
  for (const [name, { dtype, elements }] of storesOf(program)) {
    bindings[name] = backend.store(dtype, elements);
    bindings[name].write(0, trial.data?.[name] ?? noise(name, dtype, elements, trial.bounds?.[name]));
  }
  const executable = backend.compile(program);
  const arrays = new Map<string, Float32Array>();
  for (const [i, scalars] of (trial.runs ?? [{}]).entries()) {
    executable.run(bindings, scalars);
    for (const { name } of program.results) arrays.set(`${name} of run ${i}`, await executable.result(name));
  }
  for (const { name, store, role, offset, shape } of tensorsOf(program))
    if (store !== null && role !== 'input')
      arrays.set(name, (await bindings[store].read(offset, sizeOf(shape))) as Float32Array);
  await backend.drain();
  for (const store of Object.values(bindings)) store.free();
  executable.free();
  return { arrays, arenaBytes: executable.arenaBytes };
}

/** ‖a − b‖ / ‖b‖, against a floor for tensors that should be zero; Infinity where a is not finite but b is. */
export function distance(a: Float32Array, b: Float32Array, floor: number): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    if (Object.is(a[i], b[i])) continue;
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) return Number.POSITIVE_INFINITY;
    difference += (a[i] - b[i]) ** 2;
  }
  for (const value of b) norm += Number.isFinite(value) ? value * value : 0;
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), floor, 1e-30);
}

/** Tensors that are further apart than `tolerance`, in words. Empty: all agree. */
export function disagreements(got: Outcome, want: Outcome, tolerance: number): string[] {
  const problems: string[] = [];
  const norms = [...want.arrays].filter(([name]) => name.startsWith('d ')).map(([, a]) => Math.hypot(...a));
  // A gradient that is zero in exact arithmetic (a key's bias) is judged by the size of the others.
  const floor = 1e-2 * Math.max(0, ...norms);
  for (const [name, reference] of want.arrays) {
    const array = got.arrays.get(name);
    if (!array || array.length !== reference.length)
      problems.push(`${name}: ${array?.length} of ${reference.length} values`);
    else {
      const off = distance(array, reference, name.startsWith('d ') ? floor : 0);
      if (off > tolerance) problems.push(`${name}: off by ${off.toExponential(2)}`);
    }
  }
  return problems;
}

/** Tensors whose bits differ. */
export function differences(a: Outcome, b: Outcome): string[] {
  const bits = (x: Float32Array) => new Uint32Array(x.buffer, x.byteOffset, x.length);
  const same = (x: Uint32Array, y: Uint32Array) => x.length === y.length && x.every((word, i) => word === y[i]);
  return [...a.arrays].filter(([name, x]) => !same(bits(x), bits(b.arrays.get(name)!))).map(([name]) => name);
}

/** Tensors by hand, for programs of single operations. */
export class Workbench {
  #ids = 0;
  #parameters = 0;

  input(name: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    return { id: this.#ids++, name, shape, dtype, role: 'input', store: name, offset: 0 };
  }

  persistent(name: string, shape: readonly number[]): Tensor {
    return { id: this.#ids++, name, shape, dtype: 'f32', role: 'persistent', store: name, offset: 0 };
  }

  parameter(name: string, shape: readonly number[]): Tensor {
    const offset = this.#parameters;
    this.#parameters += Math.ceil(sizeOf(shape) / 64) * 64;
    return { id: this.#ids++, name, shape, dtype: 'f32', role: 'parameter', store: 'parameters', offset };
  }

  gradient(of: Tensor): Tensor {
    return { ...of, id: this.#ids++, name: `d ${of.name}`, role: 'gradient', store: 'gradients' };
  }

  activation(name: string, shape: readonly number[]): Tensor {
    return { id: this.#ids++, name, shape, dtype: 'f32', role: 'activation', store: null, offset: 0 };
  }
}

/** A program in which every activation is a result. */
export function programOf(name: string, ...ops: AnyOp[]): Program {
  const program: Program = { name, ops, results: [] };
  return { ...program, results: tensorsOf(program).filter((t) => t.role === 'activation') };
}
