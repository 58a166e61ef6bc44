/** The reference's meaning of a program with everything in float64, stores included: for derivatives by difference. */
import { sizeOf } from '../../program/shapes.ts';
import type { Program, Scalars, Tensor } from '../../program/types.ts';
import { execute } from '../reference/interpreter.ts';
import { memoryOf, type View } from '../reference/memory.ts';
import { completeScalars } from '../scalars.ts';

export type DoubleStores = ReadonlyMap<string, Float64Array | Int32Array>;

/** Runs a program once, waiting for nothing; returns its results by name. */
export function runDoubles(
  program: Program,
  stores: DoubleStores,
  scalars: Partial<Scalars>,
): Map<string, Float64Array> {
  const activations = new Map<number, Float64Array>();
  const view = (tensor: Tensor): View => {
    const size = sizeOf(tensor.shape);
    if (tensor.store !== null) return stores.get(tensor.store)!.subarray(tensor.offset, tensor.offset + size);
    const known = activations.get(tensor.id) ?? new Float64Array(size);
    activations.set(tensor.id, known);
    return known;
  };
  const memory = memoryOf(view, (tensor) => stores.get(tensor.store!)!);
  const complete = completeScalars(scalars);
  for (const op of program.ops) for (const _ of execute(op, memory, complete));
  return new Map(program.results.map((t) => [t.name, activations.get(t.id)!]));
}
