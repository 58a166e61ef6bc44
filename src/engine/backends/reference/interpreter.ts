/** Runs operations one by one, as written. What an operation means is what its kernel here computes. */
import type { AnyOp, OpKind, Scalars } from '../../program/types.ts';
import { attention, attentionBackward, cachedAttention } from './kernels/attention.ts';
import { classifierLogits, classifierLoss, classifierLossTrain } from './kernels/classifier.ts';
import { dropout, dropoutBackward } from './kernels/dropout.ts';
import { embedding, embeddingBackward, lastPosition } from './kernels/embedding.ts';
import { linear, linearBackward } from './kernels/linear.ts';
import { layerNorm, layerNormBackward, residualLayerNorm } from './kernels/norm.ts';
import { residualRmsNorm, rmsNorm, rmsNormBackward } from './kernels/rms-norm.ts';
import { rotary, rotaryBackward } from './kernels/rotary.ts';
import { scheduleFree } from './kernels/schedule-free.ts';
import { add, swiglu, swigluBackward } from './kernels/swiglu.ts';
import { adamw, recordLoss } from './kernels/update.ts';
import type { Kernel, Memory } from './memory.ts';

const kernels: { readonly [K in OpKind]: Kernel<K> } = {
  embedding,
  embeddingBackward,
  layerNorm,
  layerNormBackward,
  residualLayerNorm,
  rmsNorm,
  residualRmsNorm,
  rmsNormBackward,
  add,
  linear,
  linearBackward,
  swiglu,
  swigluBackward,
  rotary,
  rotaryBackward,
  attention,
  attentionBackward,
  cachedAttention,
  dropout,
  dropoutBackward,
  classifierLoss,
  classifierLossTrain,
  classifierLogits,
  lastPosition,
  recordLoss,
  adamw,
  scheduleFree,
};

/** Computes one operation; each pause is a point where the caller may let others run. */
export function* execute(op: AnyOp, memory: Memory, scalars: Scalars): Generator<void> {
  const kernel = kernels[op.kind] as (op: AnyOp, memory: Memory, scalars: Scalars) => undefined | Iterable<void>;
  const pauses = kernel(op, memory, scalars);
  if (pauses) yield* pauses;
}
