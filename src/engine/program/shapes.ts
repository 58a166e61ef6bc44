/** Small helpers around tensors and their shapes. */
import type { AnyOp, Tensor } from './types.ts';

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Rows of a tensor whose last axis holds channels: the product of all axes before it. */
export function rowsOf(tensor: Tensor): number {
  return sizeOf(tensor.shape.slice(0, -1));
}

/** Length of the last axis. */
export function widthOf(tensor: Tensor): number {
  return tensor.shape[tensor.shape.length - 1];
}

/** Throws Error naming operation, tensor, shape found and shape expected. */
export function expectShape(op: string, slot: string, tensor: Tensor, shape: readonly number[]): void {
  if (tensor.shape.length === shape.length && tensor.shape.every((n, i) => n === shape[i])) return;
  throw new Error(`${op}: ${slot} ("${tensor.name}") has shape [${tensor.shape}], expected [${shape}]`);
}

/** Throws Error unless the tensor has this many axes. */
export function expectRank(op: string, slot: string, tensor: Tensor, axes: string): void {
  const rank = axes.split(',').length;
  if (tensor.shape.length === rank) return;
  throw new Error(`${op}: ${slot} ("${tensor.name}") has shape [${tensor.shape}], expected [${axes}]`);
}

/** Throws Error unless the condition holds. */
export function expect(op: string, condition: boolean, message: string): void {
  if (!condition) throw new Error(`${op}: ${message}`);
}

/** Tensors that an operation reads; one that it adds into is read as well. */
export function readsOf(op: AnyOp): Tensor[] {
  const reads = Object.values(op.in).filter((t): t is Tensor => t !== undefined);
  for (const [name, tensor] of Object.entries(op.out) as [string, Tensor | undefined][])
    if (tensor && op.writes[name] !== undefined) reads.push(tensor);
  return reads;
}

/** Tensors that an operation writes as outputs (rings, caches and counters are updated in place). */
export function writesOf(op: AnyOp): Tensor[] {
  return Object.values(op.out).filter((t): t is Tensor => t !== undefined);
}
