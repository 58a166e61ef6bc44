/** Architectures other than GPT-2: what each needs beside the fields that all share. Names are those of transformers' model_type. */
import { z } from 'zod';

const positive = z.number().int().positive();
const epsilon = z.number().positive();
const shared = {
  /** Channels between the two halves of the MLP. */
  inner: positive,
  /** θ of the rotary frequencies θ^(−2i/R). */
  rotaryBase: z.number().positive(),
  /** ε of the norms. */
  epsilon,
  /** Whether the classifier is the token embedding. */
  tied: z.boolean(),
};

/** Llama 3.1's stretch of frequencies for contexts longer than those it was trained on. */
export const rotaryStretch = z.strictObject({
  factor: z.number().positive(),
  lowFactor: z.number().positive(),
  highFactor: z.number().positive(),
  trainedPositions: positive,
});

export const architectureConfig = z.discriminatedUnion('kind', [
  /** GPT-NeoX (Black et al. 2022), Pythia's architecture: partial rotary positions, parallel residual. */
  z.strictObject({
    kind: z.literal('gpt_neox'),
    ...shared,
    /** Channels of a head that turn; even. */
    rotary: positive.multipleOf(2),
    /** Whether attention and MLP read the same x; else the MLP reads what attention left. */
    parallelResidual: z.boolean(),
  }),
  /** Llama (Touvron et al. 2023): RMSNorm, SwiGLU, rotary positions, grouped queries; no biases. */
  z.strictObject({
    kind: z.literal('llama'),
    ...shared,
    /** Heads of keys and values; they divide the query heads. */
    keyHeads: positive,
    /** Channels of a head; even. Usually width / heads. */
    headWidth: positive.multipleOf(2),
    rotaryStretch: rotaryStretch.nullable(),
  }),
]);
export type ArchitectureConfig = z.infer<typeof architectureConfig>;
export type NeoxConfig = Extract<ArchitectureConfig, { kind: 'gpt_neox' }>;
export type LlamaConfig = Extract<ArchitectureConfig, { kind: 'llama' }>;

/** Of all that tells an architecture, what does not fit; null where it does. */
export function architectureProblem(
  { heads, width }: { heads: number; width: number },
  architecture: ArchitectureConfig,
): string | null {
  if (architecture.kind === 'llama')
    return heads % architecture.keyHeads === 0
      ? null
      : `${architecture.keyHeads} key heads do not divide ${heads} query heads`;
  return architecture.rotary <= width / heads
    ? null
    : `${architecture.rotary} channels turn, but a head has only ${width / heads}`;
}

/** For pages and cards. */
export const architectureNames = { gpt2: 'GPT-2', gpt_neox: 'GPT-NeoX', llama: 'Llama' } as const;
export type ArchitectureKind = keyof typeof architectureNames;

export function kindOf(model: { architecture?: ArchitectureConfig }): ArchitectureKind {
  return model.architecture?.kind ?? 'gpt2';
}

/** Channels of an attention head. */
export function headWidth(model: { heads: number; width: number; architecture?: ArchitectureConfig }): number {
  return model.architecture?.kind === 'llama' ? model.architecture.headWidth : model.width / model.heads;
}

interface Shape {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly vocabSize: number;
  readonly architecture?: ArchitectureConfig;
}

/** Weights of one layer's matrices. */
function layerMatrices({ heads, width, architecture }: Shape): number {
  if (architecture?.kind === 'llama') {
    const { keyHeads, headWidth: depth, inner } = architecture;
    return width * depth * 2 * (heads + keyHeads) + 3 * width * inner;
  }
  return 4 * width ** 2 + 2 * width * (architecture?.inner ?? 4 * width);
}

/** Weights that matrix products take: of linear layers and the classifier. */
export function matrixElements(model: Shape): number {
  return model.layers * layerMatrices(model) + model.vocabSize * model.width;
}

/** Weights proper: tied embeddings counted once, padded rows not at all. */
export function parameterCount(model: Shape & { readonly blockSize: number; readonly bias: boolean }): number {
  const { width: c, layers, vocabSize, blockSize, bias, architecture } = model;
  const matrices = layers * layerMatrices(model);
  if (!architecture)
    return vocabSize * c + blockSize * c + matrices + layers * (2 * c + (bias ? 11 * c : 0)) + c + (bias ? c : 0);
  const embeddings = vocabSize * c * (architecture.tied ? 1 : 2);
  if (architecture.kind === 'llama') return embeddings + matrices + layers * 2 * c + c;
  const vectors = 2 * c + (bias ? 2 * c + 3 * c + c + architecture.inner + c : 0);
  return embeddings + matrices + layers * vectors + c + (bias ? c : 0);
}
