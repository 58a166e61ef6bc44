/**
 * The configuration of a run, as files, the command line and the window know it.
 * What each number means is defined in docs/conventions.md; defaults live here and nowhere else.
 */
import { z } from 'zod';
import { architectureConfig, architectureProblem } from './architecture.ts';
import { maxWidth, minWidth } from './power.ts';

const steps = z.number().int().nonnegative();
const positive = z.number().int().positive();
const finite = z.number().finite();

/** GPT-2 as nanoGPT and the LAWA paper's scripts have it, or one of the architectures of architecture.ts. */
export const modelConfig = z.strictObject({
  /** Longest context, in tokens. */
  blockSize: positive,
  /** Ids the tokenizer can produce. */
  vocabSize: positive,
  /** Rows of the embedding; ids from vocabSize up are masked in loss and sampling. Null: as vocabSize. */
  paddedVocabSize: positive.nullable().default(null),
  layers: positive,
  heads: positive,
  /** Channels of the residual stream; a multiple of heads. */
  width: positive,
  dropout: z.number().min(0).lt(1).default(0),
  /** Biases in linear layers and LayerNorms. */
  bias: z.boolean().default(false),
  gelu: z.enum(['exact', 'tanh']).default('exact'),
  /** Divide attention scores of layer i (from 0) by i + 1. */
  inverseLayerScaling: z.boolean().default(false),
  /** Absent: GPT-2. */
  architecture: architectureConfig.optional(),
});
export type ModelConfig = z.infer<typeof modelConfig>;

export const scheduleKinds = ['constant', 'cosine', 'linear', 'wsd', 'inverse-sqrt'] as const;

/** A learning-rate schedule: a pure function of the step. */
export const scheduleConfig = z.strictObject({
  kind: z.enum(scheduleKinds),
  peak: finite.nonnegative(),
  /** Floor of cosine and linear. */
  min: finite.nonnegative().default(0),
  warmupSteps: steps.default(0),
  /** 'shifted': peak · (s+1)/(W+1), nanoGPT. 'plain': peak · s/W, the LAWA paper and Sophia. */
  warmupForm: z.enum(['shifted', 'plain']).default('shifted'),
  /** wsd only: length of the cooldown that ends at the last step. */
  cooldownSteps: steps.default(0),
  cooldownForm: z.enum(['1-sqrt', 'linear']).default('1-sqrt'),
  /** A second warm-up, of a run that begins with fresh moments in the middle of its schedule. */
  rewarm: z.strictObject({ from: steps, steps: positive }).nullable().default(null),
});
export type ScheduleConfig = z.infer<typeof scheduleConfig>;

export const optimizerKinds = ['adamw', 'schedule-free'] as const;
export const optimizerConfig = z.strictObject({
  /** schedule-free: schedule-free AdamW (2405.15682), whose averaged point is what is evaluated and saved. */
  kind: z.enum(optimizerKinds).default('adamw'),
  /** schedule-free: how far gradients are taken from the newest point towards the average. */
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.95),
  epsilon: finite.positive().default(1e-8),
  weightDecay: finite.nonnegative().default(0.1),
  /** Whether weight decay applies to token and position embeddings. */
  decayEmbeddings: z.boolean().default(true),
  /** Bound on the global norm of the mean gradient; 0 turns clipping off. */
  clip: finite.nonnegative().default(1),
});
export type OptimizerConfig = z.infer<typeof optimizerConfig>;

const policyId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'use lower-case letters, digits and dashes, at most 40');
/** null: the first multiple of the policy's interval after warm-up. */
const policyStart = steps.nullable().default(null);

export const lawaConfig = z.strictObject({
  kind: z.literal('lawa'),
  id: policyId,
  /** Snapshots in the window. */
  k: positive,
  /** Steps between snapshots (ν). */
  spacing: positive,
  start: policyStart,
});
export const wmaWeights = ['uniform', 'linear', 'exponential'] as const;
export const wmaConfig = z.strictObject({
  kind: z.literal('wma'),
  id: policyId,
  /** Snapshots in the window. */
  k: positive,
  /** Steps between snapshots (ν). */
  spacing: positive,
  start: policyStart,
  /** How much the i-th oldest of n snapshots counts: 1, i, or a·(1 − a)^(n − i). */
  weights: z.enum(wmaWeights).default('linear'),
  /** exponential only: share of the newest snapshot (a). */
  a: z.number().gt(0).lte(1).default(0.2),
});
export const emaConfig = z.strictObject({
  kind: z.literal('ema'),
  id: policyId,
  /** β per update of the average. */
  decay: z.number().min(0).lt(1),
  every: positive.default(1),
  start: policyStart,
  /** Cap β at (1+n)/(10+n). */
  warmup: z.boolean().default(true),
});
export const swaConfig = z.strictObject({
  kind: z.literal('swa'),
  id: policyId,
  every: positive,
  /** null: 0.75 · T, rounded up to a multiple of every. */
  start: policyStart,
});
const powerWidth = z.number().min(minWidth).max(maxWidth);
export const powerConfig = z.strictObject({
  kind: z.literal('power'),
  id: policyId,
  /** Two widths, standard deviations of what is averaged as shares of the time since the start; the first is live. */
  widths: z
    .tuple([powerWidth, powerWidth])
    .refine(([a, b]) => a !== b, 'the two widths must differ')
    .default([0.05, 0.1]),
  every: positive.default(1),
  /** Steps between stored pairs, from which other widths are made after the run. */
  storeEvery: positive,
  start: policyStart,
});
export const tailConfig = z.strictObject({
  kind: z.literal('tail'),
  id: policyId,
  /** β per update of the average. */
  decay: z.number().min(0).lt(1),
  every: positive.default(1),
  /** null: 0.9 · T, rounded up to a multiple of every. */
  start: policyStart,
  /** Share of the average in the value; the rest is the newest weights. */
  blend: z.number().gt(0).lte(1).default(0.6),
});
/** An averaging policy: it watches a run and never steers it. */
export const policyConfig = z.discriminatedUnion('kind', [
  lawaConfig,
  wmaConfig,
  emaConfig,
  swaConfig,
  powerConfig,
  tailConfig,
]);
export type LawaConfig = z.infer<typeof lawaConfig>;
export type WmaConfig = z.infer<typeof wmaConfig>;
/** Policies over a window of snapshots. */
export type WindowConfig = LawaConfig | WmaConfig;
export type EmaConfig = z.infer<typeof emaConfig>;
export type SwaConfig = z.infer<typeof swaConfig>;
export type PowerConfig = z.infer<typeof powerConfig>;
export type TailConfig = z.infer<typeof tailConfig>;
export type PolicyConfig = z.infer<typeof policyConfig>;

export const batchConfig = z.strictObject({
  /** Sequences per micro-batch. */
  microBatch: positive,
  /** Micro-batches per update. */
  accumulation: positive.default(1),
});

/** Which tokens each micro-batch holds; see docs/conventions.md. */
export const samplingConfig = z.strictObject({
  /**
   * blocks: at random places, with replacement, nanoGPT's way. epochs: the text in blocks, each once before any comes
   * again, in an order of its own in every epoch.
   */
  kind: z.enum(['blocks', 'epochs']).default('blocks'),
});
export type SamplingConfig = z.infer<typeof samplingConfig>;

/** A dataset that training draws from beside the run's own. */
export const mixMember = z.strictObject({
  /** Names it in this configuration and in metrics. */
  id: policyId,
  /** Folder of a prepared dataset with the same tokenizer. */
  dataset: z.string().min(1),
  weight: finite.positive(),
});
export type MixMember = z.infer<typeof mixMember>;

/** Smallest share of a mix: less would hardly be drawn in the longest run. */
const leastShare = 1e-6;

/**
 * Several datasets in one run: each is drawn as often as its weight is of the sum of all weights. Losses are measured
 * on the run's own dataset, and beside it on each of the others.
 */
export const mixConfig = z.strictObject({
  /** Of the run's own dataset. */
  weight: finite.positive().default(1),
  others: z.array(mixMember).max(63).default([]),
});
export type MixConfig = z.infer<typeof mixConfig>;

export const evaluationConfig = z.strictObject({
  /** Steps between evaluations; the first and the last weights are always evaluated. */
  every: positive,
  /** Fixed validation blocks, evenly spaced, never overlapping; fewer where the set is shorter. */
  blocks: positive.default(64),
});

export const checkpointConfig = z.strictObject({
  /** Steps between checkpoints; 0 writes only the last. */
  every: steps,
  /** Newest checkpoints kept. */
  keepLast: positive.default(2),
  /** Keep every checkpoint whose step is a multiple of this; 0 keeps none for that reason. */
  keepEvery: steps.default(0),
  /** Keep the checkpoint with the lowest raw validation loss. */
  keepBest: z.boolean().default(true),
  /** Bytes that checkpoints and snapshots may take together, a power EMA's pairs aside; null: no budget but the disk's. */
  diskBudget: positive.nullable().default(null),
});

export const spikeConfig = z.strictObject({
  /** What a spike of the training loss does beside being noted: nothing, or end the run where a rescue can begin. */
  action: z.enum(['note', 'stop']).default('note'),
  /** Steps between snapshots held for a rescue; null: those that windows and checkpoints keep anyway. */
  snapshotEvery: positive.nullable().default(null),
});
export type SpikeConfig = z.infer<typeof spikeConfig>;

export const deviceConfig = z.strictObject({
  /** auto: the fastest that works here. */
  backend: z.enum(['auto', 'native', 'webgpu', 'tensorflow', 'reference']).default('auto'),
  /**
   * Of operands of matrix products. mixed: bfloat16, where this machine has it; auto: mixed where it is faster. Sums,
   * weights, gradients, moments and averages are float32 whatever this says.
   */
  precision: z.enum(['float32', 'mixed', 'auto']).default('float32'),
  /** null: one per physical core. */
  threads: positive.max(1024).nullable().default(null),
});

/** Where the first weights come from. */
export const initConfig = z.discriminatedUnion('from', [
  z.strictObject({ from: z.literal('random') }),
  /** A checkpoint of another run: weights, moments and counters; this run continues at its step. */
  z.strictObject({
    from: z.literal('checkpoint'),
    run: z.string(),
    step: steps,
    /** What the child is for; a cooldown is compared with its parent at its last step only. */
    purpose: z.enum(['continue', 'cooldown']).default('continue'),
  }),
  /**
   * The mean of another run's snapshots from before a spike, with fresh moments; this run begins at the step after
   * the spike's batches.
   */
  z.strictObject({
    from: z.literal('rescue'),
    run: z.string(),
    step: positive,
    /** Oldest first. */
    snapshots: z.array(steps).min(1).max(16),
  }),
  /** A model folder: weights only; steps count from 0. */
  z.strictObject({ from: z.literal('model'), path: z.string() }),
]);

export const runConfig = z
  .strictObject({
    schema: z.literal(1).default(1),
    name: z.string().regex(/^[^/\\:*?"<>|.\s][^/\\:*?"<>|]{0,99}$/, 'use a plain file name of at most 100 characters'),
    /** Preset that the values came from, for the count of what differs. */
    preset: z.string().nullable().default(null),
    /** Folder of a prepared dataset. */
    dataset: z.string().min(1),
    mix: mixConfig.prefault({}),
    seed: z.number().int().min(0).max(0xffffffff).default(1337),
    /** T: the run makes exactly T updates. */
    steps: positive,
    model: modelConfig,
    batch: batchConfig,
    sampling: samplingConfig.prefault({}),
    optimizer: optimizerConfig.prefault({}),
    schedule: scheduleConfig,
    policies: z.array(policyConfig).default([]),
    evaluation: evaluationConfig,
    checkpoints: checkpointConfig,
    spikes: spikeConfig.prefault({}),
    /** Steps between lines of training loss in metrics.jsonl. */
    logEvery: positive.default(1),
    device: deviceConfig.prefault({}),
    init: initConfig.prefault({ from: 'random' }),
  })
  .superRefine((config, ctx) => {
    const issue = (path: (string | number)[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    const { model, schedule, policies, steps: total } = config;
    const problem = model.architecture && architectureProblem(model, model.architecture);
    if (problem) issue(['model', 'architecture'], problem);
    if (model.architecture && model.inverseLayerScaling)
      issue(['model', 'inverseLayerScaling'], `is of GPT-2 only, this model is ${model.architecture.kind}`);
    if (model.architecture?.kind === 'llama' && model.bias) issue(['model', 'bias'], 'a Llama has no biases');
    if (model.architecture?.kind !== 'llama' && model.width % model.heads !== 0)
      issue(['model', 'width'], `width ${model.width} is not a multiple of heads ${model.heads}; change one of them`);
    if (model.paddedVocabSize !== null && model.paddedVocabSize < model.vocabSize)
      issue(['model', 'paddedVocabSize'], `must be at least vocabSize, ${model.vocabSize}`);
    if (schedule.warmupSteps > total)
      issue(['schedule', 'warmupSteps'], `warm-up of ${schedule.warmupSteps} steps is longer than the run of ${total}`);
    if (schedule.min > schedule.peak)
      issue(['schedule', 'min'], `floor ${schedule.min} is above the peak ${schedule.peak}`);
    if (schedule.kind === 'wsd' && schedule.warmupSteps + schedule.cooldownSteps > total)
      issue(['schedule', 'cooldownSteps'], `warm-up and cooldown together are longer than the run of ${total} steps`);
    const { mix } = config;
    const weights = mix.others.reduce((sum, { weight }) => sum + weight, mix.weight);
    mix.others.forEach(({ id, dataset, weight }, i) => {
      if (mix.others.findIndex((other) => other.id === id) !== i)
        issue(['mix', 'others', i, 'id'], `two datasets of the mix are called "${id}"; rename one`);
      if (dataset === config.dataset || mix.others.findIndex((other) => other.dataset === dataset) !== i)
        issue(['mix', 'others', i, 'dataset'], `${dataset} is in the mix twice; give it one weight`);
      if (weight > 0 && weight < leastShare * weights)
        issue(
          ['mix', 'others', i, 'weight'],
          `its share is below ${leastShare} of the whole; raise it or leave it out`,
        );
    });
    if (mix.weight > 0 && mix.weight < leastShare * weights)
      issue(['mix', 'weight'], `its share is below ${leastShare} of the whole; raise it`);
    policies.forEach((policy, i) => {
      if (policies.findIndex((p) => p.id === policy.id) !== i)
        issue(['policies', i, 'id'], `two policies are called "${policy.id}"; rename one`);
      if (policy.start !== null && policy.start > total)
        issue(
          ['policies', i, 'start'],
          `${policy.id} starts at step ${policy.start}, after the end of the run at ${total}`,
        );
    });
  });
export type RunConfig = z.infer<typeof runConfig>;
export type Precision = RunConfig['device']['precision'];
/** What a config file may hold: everything with a default may be left out. */
export type RunConfigInput = z.input<typeof runConfig>;
