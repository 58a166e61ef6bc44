/**
 * Recipes with a source. A preset is a function of the dataset, since the vocabulary is the data's.
 * Numbers of the LAWA paper's scripts are explained in docs/conventions.md: their micro-batch losses are summed,
 * not averaged, so clip 1.0 and epsilon 1e-8 there are 0.125 and 1.25e-9 on the mean gradient here.
 */
import { type PolicyConfig, type RunConfig, runConfig } from './config.ts';
import type { DatasetMeta } from './dataset.ts';

type Recipe = Omit<
  RunConfig,
  'schema' | 'name' | 'preset' | 'dataset' | 'seed' | 'model' | 'device' | 'init' | 'spikes' | 'sampling' | 'mix'
> & {
  model: Omit<RunConfig['model'], 'vocabSize' | 'paddedVocabSize'>;
};

export interface Preset {
  readonly id: string;
  readonly title: string;
  /** Where its numbers come from. */
  readonly source: string;
  readonly note: string;
  /** Tokenizer that the source uses; another one works too. */
  readonly tokenizer: 'gpt2' | 'characters' | 'bytes';
  readonly recipe: Recipe;
}

const gpt2Optimizer = {
  kind: 'adamw',
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  decayEmbeddings: true,
  clip: 1,
} as const;
/** Clip and epsilon of the paper's summed gradients, on the mean of 8 micro-batches. */
const paperOptimizer = { ...gpt2Optimizer, epsilon: 1.25e-9, decayEmbeddings: false, clip: 0.125 };
const nanoModel = { dropout: 0, bias: false, gelu: 'exact', inverseLayerScaling: false } as const;
const paperModel = { blockSize: 1024, dropout: 0, bias: false, gelu: 'tanh', inverseLayerScaling: true } as const;
const paperSteps = 70_000;

/** LAWA, EMA and SWA as the paper's scripts have them; its EMA is nearly the raw model. */
const paperPolicies = (every: number): PolicyConfig[] => [
  { kind: 'lawa', id: 'lawa', k: 5, spacing: every, start: null },
  { kind: 'ema', id: 'ema-paper', decay: 0.9, every: 1, start: 0, warmup: true },
  { kind: 'swa', id: 'swa', every: 10, start: 52_500 },
];

/** Mean age a of a LAWA window: ν(k−1)/2; β = a/(a + every) has the same. */
const emaLike = (k: number, spacing: number, every: number): PolicyConfig => {
  const age = (spacing * (k - 1)) / 2;
  return { kind: 'ema', id: 'ema', decay: age / (age + every), every, start: null, warmup: true };
};

const paper = (
  size: 'small' | 'medium' | 'large',
  shape: { layers: number; heads: number; width: number },
  numbers: { peak: number; min: number; micro: number; every: number },
): Preset => ({
  id: `paper-${size}`,
  title: `GPT-2 ${size}, LAWA paper`,
  source: 'Early Weight Averaging meets High Learning Rates (arXiv 2306.03241), released training script',
  note:
    `Peak learning rate ${numbers.peak}, cosine over 70,000 steps; three GPUs folded into accumulation. ` +
    'Clip 0.125 and epsilon 1.25e-9 equal the script’s 1.0 and 1e-8 on its undivided sum of 8 micro-batches.',
  tokenizer: 'gpt2',
  recipe: {
    steps: paperSteps,
    model: { ...paperModel, ...shape },
    batch: { microBatch: numbers.micro, accumulation: 24 },
    optimizer: paperOptimizer,
    schedule: {
      kind: 'cosine',
      peak: numbers.peak,
      min: numbers.min,
      warmupSteps: 2000,
      warmupForm: 'plain',
      cooldownSteps: 0,
      cooldownForm: '1-sqrt',
      rewarm: null,
    },
    policies: paperPolicies(numbers.every),
    evaluation: { every: numbers.every, blocks: 200 },
    checkpoints: { every: numbers.every, keepLast: 2, keepEvery: 0, keepBest: true, diskBudget: null },
    logEvery: 10,
  },
});

/** LAWA window of the quickstart: T/75 between snapshots. */
export const quickstartUnits = 75;

export const presets: readonly Preset[] = [
  {
    id: 'quickstart',
    title: 'Quickstart',
    source: 'Meander',
    note: 'A 0.8 M-parameter model at a constant, high learning rate: minutes on a laptop, and averaging shows.',
    tokenizer: 'characters',
    recipe: {
      steps: 1500,
      model: { ...nanoModel, blockSize: 64, layers: 4, heads: 4, width: 128 },
      batch: { microBatch: 12, accumulation: 1 },
      optimizer: { ...gpt2Optimizer, beta2: 0.99 },
      schedule: {
        kind: 'constant',
        peak: 3e-3,
        min: 0,
        warmupSteps: 100,
        warmupForm: 'shifted',
        cooldownSteps: 0,
        cooldownForm: '1-sqrt',
        rewarm: null,
      },
      policies: [
        { kind: 'lawa', id: 'lawa', k: 5, spacing: 20, start: null },
        emaLike(5, 20, 1),
        { kind: 'swa', id: 'swa', every: 10, start: null },
      ],
      evaluation: { every: 60, blocks: 256 },
      checkpoints: { every: 300, keepLast: 2, keepEvery: 0, keepBest: true, diskBudget: null },
      logEvery: 1,
    },
  },
  {
    id: 'shakespeare-char',
    title: 'Shakespeare, characters',
    source: 'nanoGPT, config/train_shakespeare_char.py',
    note: 'Known to reach a best validation loss of 1.4697 on a contiguous 90/10 split (tail).',
    tokenizer: 'characters',
    recipe: {
      steps: 5000,
      model: { ...nanoModel, blockSize: 256, layers: 6, heads: 6, width: 384, dropout: 0.2 },
      batch: { microBatch: 64, accumulation: 1 },
      optimizer: { ...gpt2Optimizer, beta2: 0.99 },
      schedule: {
        kind: 'cosine',
        peak: 1e-3,
        min: 1e-4,
        warmupSteps: 100,
        warmupForm: 'shifted',
        cooldownSteps: 0,
        cooldownForm: '1-sqrt',
        rewarm: null,
      },
      policies: [{ kind: 'lawa', id: 'lawa', k: 5, spacing: 10, start: null }, emaLike(5, 10, 1)],
      evaluation: { every: 250, blocks: 400 },
      checkpoints: { every: 250, keepLast: 2, keepEvery: 0, keepBest: true, diskBudget: null },
      logEvery: 10,
    },
  },
  {
    id: 'gpt2-small',
    title: 'GPT-2 small, nanoGPT',
    source: 'nanoGPT, config/train_gpt2.py',
    note: 'About 2.85 validation loss after 600,000 steps of 491,520 tokens of OpenWebText; days on eight A100.',
    tokenizer: 'gpt2',
    recipe: {
      steps: 600_000,
      model: { ...nanoModel, blockSize: 1024, layers: 12, heads: 12, width: 768 },
      batch: { microBatch: 12, accumulation: 40 },
      optimizer: gpt2Optimizer,
      schedule: {
        kind: 'cosine',
        peak: 6e-4,
        min: 6e-5,
        warmupSteps: 2000,
        warmupForm: 'shifted',
        cooldownSteps: 0,
        cooldownForm: '1-sqrt',
        rewarm: null,
      },
      policies: [{ kind: 'lawa', id: 'lawa', k: 5, spacing: 1200, start: null }, emaLike(5, 1200, 10)],
      evaluation: { every: 1000, blocks: 200 },
      checkpoints: { every: 1000, keepLast: 2, keepEvery: 0, keepBest: true, diskBudget: null },
      logEvery: 10,
    },
  },
  paper('small', { layers: 12, heads: 12, width: 768 }, { peak: 6e-3, min: 6e-4, micro: 16, every: 200 }),
  paper('medium', { layers: 24, heads: 16, width: 1024 }, { peak: 3e-3, min: 3e-4, micro: 6, every: 2000 }),
  paper('large', { layers: 36, heads: 20, width: 1280 }, { peak: 2e-3, min: 1e-5, micro: 2, every: 1000 }),
];

/** Rows of GPT-2's embedding as nanoGPT pads them: the next multiple of 64. */
const gpt2Vocabulary = 50_257;
const gpt2PaddedVocabulary = 50_304;

/** @throws Error when there is no preset of that name. */
export function findPreset(id: string): Preset {
  const preset = presets.find((p) => p.id === id);
  if (!preset) throw new Error(`There is no preset "${id}". Presets: ${presets.map((p) => p.id).join(', ')}.`);
  return preset;
}

/** The whole configuration that a preset makes for a dataset, every value filled in. */
export function presetConfig(
  id: string,
  run: {
    name: string;
    dataset: { folder: string; tokenizer: Pick<DatasetMeta['tokenizer'], 'vocabSize'> };
    seed?: number;
  },
): RunConfig {
  const { recipe } = findPreset(id);
  const { vocabSize } = run.dataset.tokenizer;
  return runConfig.parse({
    ...structuredClone(recipe),
    name: run.name,
    preset: id,
    dataset: run.dataset.folder,
    ...(run.seed === undefined ? {} : { seed: run.seed }),
    model: { ...recipe.model, vocabSize, paddedVocabSize: vocabSize === gpt2Vocabulary ? gpt2PaddedVocabulary : null },
  });
}
