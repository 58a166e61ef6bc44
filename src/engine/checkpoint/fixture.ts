/** What the tests of this folder share. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelConfig, type RunConfig, runConfig } from '../../shared/config.ts';
import type { Tokenizer } from '../data/source.ts';
import type { ParameterTable } from '../program/types.ts';
import { Random } from '../random.ts';
import type { WeightReader } from './vector.ts';

export const temporaryFolder = () => mkdtemp(join(tmpdir(), 'meander-checkpoint-'));

export const paddedModel = modelConfig.parse({
  blockSize: 8,
  vocabSize: 11,
  paddedVocabSize: 16,
  layers: 2,
  heads: 2,
  width: 8,
});

export function tinyRun(changes: Partial<RunConfig> = {}): RunConfig {
  return runConfig.parse({
    name: 'tiny',
    dataset: 'none',
    steps: 100,
    model: paddedModel,
    batch: { microBatch: 2 },
    schedule: { kind: 'constant', peak: 1e-3 },
    evaluation: { every: 10 },
    checkpoints: { every: 10, keepLast: 2, keepBest: false },
    ...changes,
  });
}

/** A parameter vector as training would leave it: numbers in every tensor, zero in padding and padded rows. */
export function someWeights(table: ParameterTable, vocabSize: number, seed: number): Float32Array {
  const vector = new Float32Array(table.elements);
  const random = new Random(seed, 1, 0, 0);
  for (const { name, shape, offset } of table.entries) {
    const rows = name === 'transformer.wte.weight' ? vocabSize : shape[0];
    const count = rows * (shape[1] ?? 1);
    for (let i = 0; i < count; i++) vector[offset + i] = random.uniform(offset + i) - 0.5;
  }
  return vector;
}

export const reading =
  (vector: Float32Array): WeightReader =>
  async (offset, count) =>
    vector.slice(offset, offset + count);

export const letters: Tokenizer = {
  kind: 'characters',
  vocabSize: 11,
  endOfText: 3,
  encode: (text) => Int32Array.from([...text], (c) => c.charCodeAt(0) % 11),
  decode: (ids) => Array.from(ids, (id) => String.fromCharCode(97 + id)).join(''),
  bytes: (id) => Uint8Array.of(97 + id),
  huggingFaceFiles: () => ({ 'tokenizer.json': '{"model":{}}' }),
};
