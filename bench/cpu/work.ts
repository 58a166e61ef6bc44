/** What is timed: models and batches with their arithmetic, and a made-up dataset for each vocabulary. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunConfig, type RunConfigInput, runConfig } from '../../src/shared/config.ts';
import { trainingFlops } from '../../src/shared/flops.ts';

export interface Work {
  readonly id: string;
  readonly title: string;
  readonly batch: number;
  readonly model: RunConfigInput['model'];
  /** Timed steps per turn of a program, so that a turn is neither noise nor minutes. */
  readonly stepsPerTurn: number;
}

const nano = { dropout: 0, bias: false, gelu: 'exact', inverseLayerScaling: false } as const;

export const works: readonly Work[] = [
  {
    id: 'gpt2-small',
    title: 'GPT-2 small, 4 × 256',
    batch: 4,
    model: { ...nano, blockSize: 256, vocabSize: 50257, layers: 12, heads: 12, width: 768 },
    stepsPerTurn: 1,
  },
  {
    id: 'six-layers',
    title: '6 layers, 384 wide, 50,304 words, 16 × 256',
    batch: 16,
    model: { ...nano, blockSize: 256, vocabSize: 50304, layers: 6, heads: 6, width: 384 },
    stepsPerTurn: 1,
  },
  {
    id: 'shakespeare-char',
    title: 'shakespeare-char, 64 × 256',
    batch: 64,
    model: { ...nano, dropout: 0.2, blockSize: 256, vocabSize: 65, layers: 6, heads: 6, width: 384 },
    stepsPerTurn: 1,
  },
  {
    id: 'quickstart',
    title: 'quickstart, 12 × 64',
    batch: 12,
    model: { ...nano, blockSize: 64, vocabSize: 96, layers: 4, heads: 4, width: 128 },
    stepsPerTurn: 25,
  },
];

/** A run that never ends by itself, with one block to evaluate at its start. */
export function configOf(work: Work, dataset: string, policies: RunConfigInput['policies'] = []): RunConfig {
  return runConfig.parse({
    name: work.id,
    dataset,
    steps: 1_000_000,
    model: work.model,
    batch: { microBatch: work.batch },
    optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clip: 1 },
    schedule: { kind: 'constant', peak: 3e-4, warmupSteps: 10 },
    evaluation: { every: 1_000_000, blocks: 1 },
    checkpoints: { every: 0 },
    policies,
  });
}

/** Floating-point operations of one step. */
export const stepFlops = ({ batch, model }: Work): number => trainingFlops(model, batch);

/** Weights that one sampled token reads: every matrix, the classifier's once. */
export function tokenWeights({ model }: Work): number {
  return 12 * model.layers * model.width ** 2 + model.vocabSize * model.width;
}

/** nanoGPT's two files with ids that look random and reach the whole vocabulary; the same ones each time. */
export async function writeDataset(folder: string, vocabSize: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  let state = 1;
  const ids = (count: number) => {
    const tokens = new Uint16Array(count);
    for (let i = 0; i < count; i++) {
      // Numerical Recipes' linear congruential generator; its upper bits are good enough for token ids.
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      tokens[i] = Math.floor((state / 2 ** 32) * vocabSize);
    }
    tokens[0] = vocabSize - 1;
    return new Uint8Array(tokens.buffer);
  };
  await writeFile(join(folder, 'train.bin'), ids(1 << 18));
  await writeFile(join(folder, 'val.bin'), ids(1 << 12));
}
