/** What the models' attentions have in common. */

import type { Tensor } from '../program/types.ts';
import { dropoutStream } from '../random.ts';

/** qkv [B,T,3·H·D] → [B,T,H·D], in training, in evaluation or over a cache. */
export type SelfAttention = (qkv: Tensor, layer: number, stream: number) => Tensor;

// Dropout sites: 0 embedding; per layer attention probabilities, attention's and the MLP's way back to the stream.

/** The stream of dropout on a layer's attention probabilities. */
export function attentionSite(layer: number): number {
  return dropoutStream(1 + 3 * layer);
}

/** The stream of dropout on what attention (0) or the MLP (1) adds to the residual stream; layer −1, half 1: the embedding. */
export function residualSite(layer: number, half: 0 | 1): number {
  return dropoutStream(2 + 3 * layer + half);
}
