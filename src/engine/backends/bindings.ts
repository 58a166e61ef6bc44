/** What a program wants bound, and whether what a caller binds will do. */
import { sizeOf } from '../program/shapes.ts';
import type { Program, Tensor } from '../program/types.ts';
import type { Store } from './backend.ts';

/** Tensors that live in stores of the caller, each once. */
export function boundTensors(program: Program): Tensor[] {
  const tensors = program.ops.flatMap((op) => [...Object.values(op.in), ...Object.values(op.out)]);
  return [...new Set(tensors as (Tensor | undefined)[])].filter((t): t is Tensor => !!t && t.store !== null);
}

/** The store that holds a tensor. Throws Error naming a missing, mistyped or too short binding. */
export function boundStore(
  program: Program,
  tensor: Tensor,
  bindings: Readonly<Record<string, Store>>,
  ringSlot: number,
): Store {
  const store = bindings[tensor.store!];
  const fail = (message: string) => new Error(`program ${program.name}: ${message}`);
  if (!store) throw fail(`nothing is bound to "${tensor.store}"`);
  if (store.dtype !== tensor.dtype)
    throw fail(`"${tensor.store}" must be ${tensor.dtype}, a store of ${store.dtype} is bound`);
  const need = tensor.store === 'ring' ? 4 * (ringSlot + 1) : tensor.offset + sizeOf(tensor.shape);
  if (store.elements < need)
    throw fail(`"${tensor.store}" needs ${need} elements for "${tensor.name}", ${store.elements} are bound`);
  return store;
}
