/** What kernels compute on. Values are float64; where a store is float32, writing to it rounds. */
import type { AnyOp, Op, OpKind, Scalars, Tensor } from '../../program/types.ts';

export type Numbers = Float32Array | Float64Array;
export type View = Numbers | Int32Array;

/** Resolves tensors to exactly their elements. */
export interface Memory {
  numbers(tensor: Tensor): Numbers;
  /** The same, copied where it is not float64 already: for loops that read elements many times. */
  doubles(tensor: Tensor): Float64Array;
  integers(tensor: Tensor): Int32Array;
  /** Values as a matrix product takes them. */
  operand(values: Float64Array): Float64Array;
  /** The same of one value. */
  rounded(value: number): number;
  /** The whole bound store of a persistent tensor, which may be longer than the tensor. */
  whole(tensor: Tensor): Numbers;
}

/**
 * Computes one operation. Long ones are generators that yield every so often, at points where
 * nothing but time may pass, so that the event loop can run in between.
 */
export type Kernel<K extends OpKind> = (op: Op<K>, memory: Memory, scalars: Scalars) => undefined | Iterable<void>;

export function memoryOf(
  view: (tensor: Tensor) => View,
  whole: (tensor: Tensor) => View = view,
  rounded: Memory['rounded'] | null = null,
): Memory {
  const numbers = (tensor: Tensor) => view(tensor) as Numbers;
  return {
    numbers,
    doubles(tensor) {
      const values = numbers(tensor);
      return values instanceof Float64Array ? values : new Float64Array(values);
    },
    integers: (tensor) => view(tensor) as Int32Array,
    operand: rounded ? (values) => values.map(rounded) : (values) => values,
    rounded: rounded ?? ((value) => value),
    whole: (tensor) => whole(tensor) as Numbers,
  };
}

/** Writes computed values to an output the way the operation's mode says. */
export function put(op: AnyOp, output: string, target: Numbers, values: Float64Array, scalars: Scalars): void {
  const mode = op.writes[output];
  if (mode === 'add' || (mode === 'first' && scalars.accumulate === 1))
    for (let i = 0; i < values.length; i++) target[i] += values[i];
  else target.set(values);
}
