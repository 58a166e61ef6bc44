/** How much arithmetic a step is, and which share of a processor's peak it reaches (docs/conventions.md). */
import type { ModelConfig } from './config.ts';

type Shape = Pick<ModelConfig, 'layers' | 'width' | 'blockSize' | 'vocabSize'>;

/**
 * Floating-point operations of training on `sequences` blocks: 6 × matrix parameters (classifier included) × tokens,
 * plus causal attention counted once, 6·B·T²·C a layer. Recomputation is not counted.
 */
export function trainingFlops({ layers, width, blockSize, vocabSize }: Shape, sequences: number): number {
  const matrices = 12 * layers * width ** 2 + vocabSize * width;
  return 6 * matrices * sequences * blockSize + 6 * layers * sequences * blockSize ** 2 * width;
}

/** Model FLOPs utilisation of one token per second, on a device with a peak of so many operations per second. */
export function utilisationPerToken(model: Shape, peak: number): number {
  return trainingFlops(model, 1) / model.blockSize / peak;
}
