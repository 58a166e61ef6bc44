/** One function per operation; what each means is what `reference` computes. */
import type { OpKind } from '../../../program/types.ts';
import type { BeyondGpt2 } from '../../unsupported.ts';
import type { Kernel } from '../memory.ts';
import { attention, attentionBackward, cachedAttention } from './attention.ts';
import { classifierLogits, classifierLoss, classifierLossTrain } from './classifier.ts';
import { dropout, dropoutBackward } from './dropout.ts';
import { embedding, embeddingBackward, lastPosition } from './embedding.ts';
import { linear, linearBackward } from './linear.ts';
import { layerNorm, layerNormBackward, residualLayerNorm } from './norm.ts';
import { scheduleFree } from './schedule-free.ts';
import { adamw, recordLoss } from './update.ts';

export const kernels: { readonly [K in Exclude<OpKind, BeyondGpt2>]: Kernel<K> } = {
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
  scheduleFree,
};
