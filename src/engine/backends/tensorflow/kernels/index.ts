/** One function per operation; what each means is what `reference` computes. */
import type { AnyOp, OpKind } from '../../../program/types.ts';
import type { Kernel } from '../memory.ts';
import { attention, attentionBackward, cachedAttention } from './attention.ts';
import { classifierLogits, classifierLoss, classifierLossTrain } from './classifier.ts';
import { dropout, dropoutBackward } from './dropout.ts';
import { embedding, embeddingBackward, lastPosition } from './embedding.ts';
import { linear, linearBackward } from './linear.ts';
import { layerNorm, layerNormBackward, residualLayerNorm } from './norm.ts';
import { adamw, recordLoss } from './update.ts';

/** Operations of GPT-NeoX and Llama, which this backend does not have. */
type Missing =
  | 'rmsNorm'
  | 'residualRmsNorm'
  | 'rmsNormBackward'
  | 'add'
  | 'swiglu'
  | 'swigluBackward'
  | 'rotary'
  | 'rotaryBackward';

/** Whether this backend computes an operation. */
export function supports(op: AnyOp): boolean {
  if (op.kind === 'linear' || op.kind === 'linearBackward') return !op.attrs.transposed;
  return op.kind in kernels;
}

export const kernels: { readonly [K in Exclude<OpKind, Missing>]: Kernel<K> } = {
  embedding,
  embeddingBackward,
  layerNorm,
  layerNormBackward,
  residualLayerNorm,
  linear,
  linearBackward,
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
};
