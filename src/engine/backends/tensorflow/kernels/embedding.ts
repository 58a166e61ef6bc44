import { sizeOf } from '../../../program/shapes.ts';
import type { AnyOp, Tensor } from '../../../program/types.ts';
import type { Value } from '../library.ts';
import type { Kernel, Memory } from '../memory.ts';

export const embedding: Kernel<'embedding'> = (op, memory) => {
  const { tf, scalars } = memory;
  const { tokens, wte, wpe } = op.in;
  const [, time] = tokens.shape;
  const [, width] = wte.shape;
  const words = tf.gather(memory.value(wte), idsOf(op, tokens, wte.shape[0], memory));
  if (!wpe) {
    memory.put(op, 'y', words);
    return undefined;
  }
  if (scalars.position + time > wpe.shape[0])
    throw new Error(`embedding: position ${scalars.position} + ${time} tokens passes the ${wpe.shape[0]} rows of wpe`);
  const positions = tf.slice(memory.value(wpe), [scalars.position, 0], [time, width]);
  memory.put(op, 'y', tf.add(tf.reshape(words, op.out.y.shape as [number, number, number]), positions));
  return undefined;
};

export const embeddingBackward: Kernel<'embeddingBackward'> = (op, memory) => {
  const { tf, scalars } = memory;
  const { tokens } = op.in;
  const { dwte, dwpe } = op.out;
  const [batch, time] = tokens.shape;
  const [rows, width] = dwte.shape;
  const ids = idsOf(op, tokens, rows, memory);
  const dy = memory.value(op.in.dy, [batch * time, width]);
  memory.put(op, 'dwte', sumByRow(memory, ids, dy, rows));
  if (!dwpe) return undefined;
  const positions = tf.sum(tf.reshape(dy, [batch, time, width]), 0);
  const after = dwpe.shape[0] - scalars.position - time;
  memory.put(
    op,
    'dwpe',
    tf.pad(positions, [
      [scalars.position, after],
      [0, 0],
    ]),
  );
  return undefined;
};

export const lastPosition: Kernel<'lastPosition'> = (op, memory) => {
  const [batch, time, width] = op.in.x.shape;
  memory.put(op, 'y', memory.tf.slice(memory.value(op.in.x), [0, time - 1, 0], [batch, 1, width]));
  return undefined;
};

/** Ids of an input as a value [size], each checked to be a row of a table. */
export function idsOf(op: AnyOp, tensor: Tensor, rows: number, memory: Memory): Value {
  const ids = memory.ids(op, tensor, rows);
  return memory.tf.tensor1d(ids.slice(), 'int32');
}

/**
 * out[ids[n]] = Σ x[n], [rows, width]: scatterND adds where an index comes twice, and unlike unsortedSegmentSum every
 * TensorFlow.js backend has it.
 */
export function sumByRow({ tf }: Memory, ids: Value, x: Value, rows: number): Value {
  const width = x.shape[x.shape.length - 1];
  return tf.scatterND(tf.reshape(ids, [sizeOf(ids.shape), 1]), x, [rows, width]);
}
