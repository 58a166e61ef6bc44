/** Frequencies of rotary positions (Su et al. 2021), rounded to float32 at every step, as transformers computes them. */
import type { LlamaConfig } from '../../shared/architecture.ts';

const { fround } = Math;

/** base^(−2i/R) for i < R/2, R being the channels of a head that turn. */
export function rotaryFrequencies(base: number, channels: number): number[] {
  return Array.from({ length: channels / 2 }, (_, i) => fround(1 / fround(base ** fround(fround(2 * i) / channels))));
}

/**
 * Llama 3.1: waves longer than the trained context / lowFactor are slowed by `factor`, those shorter than the context /
 * highFactor stay, and between the two it is interpolated linearly in the number of turns.
 */
export function stretched(frequencies: readonly number[], stretch: LlamaConfig['rotaryStretch']): number[] {
  if (!stretch) return [...frequencies];
  const { factor, lowFactor, highFactor, trainedPositions } = stretch;
  return frequencies.map((frequency) => {
    const turns = (trainedPositions * frequency) / (2 * Math.PI);
    if (turns < lowFactor) return fround(frequency / factor);
    if (turns > highFactor) return frequency;
    const share = (turns - lowFactor) / (highFactor - lowFactor);
    return fround((1 - share) * (frequency / factor) + share * frequency);
  });
}
