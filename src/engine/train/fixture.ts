/** A run small enough for tests: two layers, width 32, blocks of 16, on an endless nursery rhyme. */
import type { RunConfig, RunConfigInput } from '../../shared/config.ts';
import { runConfig } from '../../shared/config.ts';
import type { Dataset, Tokenizer, TokenSource } from '../data/source.ts';

const alphabet = '\n abcdefghijklmnopqrstuvwxyz';
const verse = 'the cat sat on the mat\na bat met the fat rat\n';

/** Characters a to z, space and line break. */
export const microTokenizer: Tokenizer = {
  kind: 'characters',
  vocabSize: alphabet.length,
  endOfText: null,
  encode: (text) => Int32Array.from([...text].map((c) => alphabet.indexOf(c)).filter((id) => id >= 0)),
  decode: (ids) => Array.from(ids, (id) => alphabet[id] ?? '').join(''),
  bytes: (id) => new TextEncoder().encode(alphabet[id] ?? ''),
  huggingFaceFiles: () => ({}),
};

export function sourceOf(ids: Int32Array): TokenSource {
  return {
    count: ids.length,
    read(start, target) {
      if (start < 0 || start + target.length > ids.length) throw new RangeError('past the end');
      target.set(ids.subarray(start, start + target.length));
    },
    close: () => {},
  };
}

/** `letters`: characters of each split. */
export function microDataset(letters = { train: 3000, val: 700 }): Dataset {
  const ids = (count: number) => microTokenizer.encode(verse.repeat(Math.ceil(count / verse.length)).slice(0, count));
  const split = (tokens: number) => ({ tokens, documents: 1, bytes: tokens, files: [] });
  return {
    folder: '/nowhere/micro',
    meta: {
      schema: 1,
      name: 'micro',
      tokenizer: { kind: 'characters', vocabSize: alphabet.length, endOfText: null },
      dtype: 'uint16',
      fingerprint: 'a'.repeat(64),
      sourceFingerprint: 'b'.repeat(64),
      split: null,
      train: split(letters.train),
      val: split(letters.val),
      report: null,
      createdAt: '2026-01-01T00:00:00.000Z',
    },
    train: sourceOf(ids(letters.train)),
    val: sourceOf(ids(letters.val)),
    tokenizer: microTokenizer,
    close: () => {},
  };
}

export function microConfig(overrides: Partial<RunConfigInput> = {}): RunConfig {
  return runConfig.parse({
    name: 'micro',
    dataset: '/nowhere/micro',
    steps: 24,
    model: { blockSize: 16, vocabSize: alphabet.length, layers: 2, heads: 2, width: 32, dropout: 0.2 },
    batch: { microBatch: 2, accumulation: 3 },
    schedule: { kind: 'wsd', peak: 1e-2, warmupSteps: 5, cooldownSteps: 6 },
    policies: [
      { kind: 'lawa', id: 'lawa', k: 4, spacing: 2, start: 4 },
      { kind: 'ema', id: 'ema', decay: 0.8, every: 1, start: 3 },
      { kind: 'swa', id: 'swa', every: 3, start: 15 },
    ],
    evaluation: { every: 6, blocks: 8 },
    checkpoints: { every: 5, keepLast: 2 },
    ...overrides,
  });
}
