/** How much arithmetic a step is, and which share of a processor's peak it reaches (docs/conventions.md). */
import { headWidth, matrixElements } from './architecture.ts';
import type { ModelConfig } from './config.ts';

type Shape = Pick<ModelConfig, 'layers' | 'heads' | 'width' | 'blockSize' | 'vocabSize' | 'architecture'>;

/**
 * Floating-point operations of training on `sequences` blocks: 6 × matrix parameters (classifier included) × tokens,
 * plus causal attention counted once, 6·B·T²·C a layer. Recomputation is not counted.
 */
export function trainingFlops(model: Shape, sequences: number): number {
  const { layers, heads, blockSize } = model;
  const attention = 6 * layers * sequences * blockSize ** 2 * heads * headWidth(model);
  return 6 * matrixElements(model) * sequences * blockSize + attention;
}

/** Model FLOPs utilisation of one token per second, on a device with a peak of so many operations per second. */
export function utilisationPerToken(model: Shape, peak: number): number {
  return trainingFlops(model, 1) / model.blockSize / peak;
}
