/** Several datasets in one run: shares, epochs, and what does not go together. */
import type { RunConfig } from './config.ts';
import type { DatasetMeta } from './dataset.ts';
import type { EvaluationLine } from './metrics.ts';

type Mixed = Pick<RunConfig, 'dataset' | 'mix'>;

export interface MixShare {
  /** null: the run's own dataset, which comes first. */
  readonly id: string | null;
  /** Its folder. */
  readonly dataset: string;
  readonly weight: number;
  /** Of all rows, 0 to 1. */
  readonly share: number;
}

/** Every dataset of a run with its share, the run's own first. */
export function mixShares({ dataset, mix }: Mixed): MixShare[] {
  const all = [{ id: null, dataset, weight: mix.weight }, ...mix.others];
  const sum = all.reduce((total, { weight }) => total + weight, 0);
  return all.map(({ id, dataset, weight }) => ({ id, dataset, weight, share: all.length === 1 ? 1 : weight / sum }));
}

/** Folders of every dataset that a run reads. */
export const datasetsOf = (config: Mixed): string[] => [
  config.dataset,
  ...config.mix.others.map(({ dataset }) => dataset),
];

export const isMix = ({ mix }: Pick<RunConfig, 'mix'>): boolean => mix.others.length > 0;

/** How often a run goes through a dataset: its share of the run's tokens over the dataset's own. */
export function epochsOver(
  { steps, batch, model }: Pick<RunConfig, 'steps' | 'batch' | 'model'>,
  share: number,
  tokens: number,
): number {
  return (steps * batch.microBatch * batch.accumulation * model.blockSize * share) / tokens;
}

/** An id for a dataset of this name that no other of the mix has. */
export function mixId(name: string, taken: readonly string[]): string {
  const plain =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+/, '')
      .slice(0, 36)
      .replace(/-+$/, '') || 'data';
  for (let n = 1; ; n++) {
    const id = n === 1 ? plain : `${plain}-${n}`;
    if (!taken.includes(id)) return id;
  }
}

type Describes = Pick<DatasetMeta, 'name' | 'tokenizer' | 'fingerprint'>;

/** Why two datasets cannot be mixed, as far as their descriptions tell; null where nothing speaks against it. */
export function mixRefusal(own: Describes, other: Describes): string | null {
  if (own.fingerprint === other.fingerprint) return `"${other.name}" holds the same tokens as "${own.name}"`;
  const [a, b] = [own.tokenizer, other.tokenizer];
  for (const { name, tokenizer } of [own, other])
    if (tokenizer.kind === 'unknown') return `nothing says what the ids of "${name}" mean`;
  if (a.kind !== b.kind || a.vocabSize !== b.vocabSize)
    return `"${own.name}" has ${tokenizerName(a)} and "${other.name}" ${tokenizerName(b)}`;
  return null;
}

const kinds = { gpt2: 'GPT-2’s tokenizer', characters: 'characters', bytes: 'bytes', bpe: 'a BPE of its own' } as const;
const tokenizerName = ({ kind, vocabSize }: DatasetMeta['tokenizer']): string =>
  `${kind === 'unknown' ? 'an unknown tokenizer' : kinds[kind]} with ${vocabSize} ids`;

/** Loss of the whole mix: the mean over its datasets by their shares; null where one of them is not finite or not there. */
export function mixLoss(config: Mixed, line: EvaluationLine, of: string): number | null {
  let sum = 0;
  for (const { id, share } of mixShares(config)) {
    const loss = id === null ? lossOf(line, of) : (line.others?.[id]?.[of] ?? null);
    if (loss === null) return null;
    sum += share * loss;
  }
  return sum;
}

const lossOf = (line: EvaluationLine, of: string): number | null =>
  of === 'raw' ? line.raw : (line.averages[of]?.loss ?? null);
