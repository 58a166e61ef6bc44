/** Text from weights, token by token, with a KV cache. */
import type { ModelConfig } from '../../shared/config.ts';
import type { SampleOptions } from '../../shared/jobs.ts';
import type { Backend, Executable, Floats, Store } from '../backends/backend.ts';
import type { Tokenizer } from '../data/source.ts';
import { UserError } from '../errors.ts';
import { cacheElements, decodeProgram } from '../model/gpt.ts';
import { Random, Streams } from '../random.ts';

/** Tokens per pass over a prompt, largest first; each size is compiled when first needed. */
const chunkSizes = [64, 8, 1];

/** Draws ids and text from any store of weights. Owns its KV cache; one sample at a time. */
export class Sampler {
  readonly #backend: Backend;
  readonly #model: ModelConfig;
  readonly #cache: Record<string, Floats> = {};
  readonly #passes = new Map<number, { program: Executable; tokens: Store<'i32'> }>();

  constructor(backend: Backend, model: ModelConfig) {
    this.#backend = backend;
    this.#model = model;
    for (let layer = 0; layer < model.layers; layer++) {
      this.#cache[`keys.${layer}`] = backend.store('f32', cacheElements(model));
      this.#cache[`values.${layer}`] = backend.store('f32', cacheElements(model));
    }
  }

  /**
   * Yields up to `options.tokens` ids after `prompt` (at least one id). A context that reaches the block size
   * slides: its last half is read again from position 0. Token n draws from Random(seed, sampling, n).
   */
  async *ids(
    weights: Floats,
    prompt: ArrayLike<number>,
    options: Omit<SampleOptions, 'prompt'>,
  ): AsyncGenerator<number> {
    if (prompt.length === 0) throw new RangeError('a sample needs at least one token to start from');
    const { blockSize } = this.#model;
    let context = Array.from(prompt).slice(-blockSize);
    let cached = 0;
    for (let n = 0; n < options.tokens; n++) {
      if (context.length > blockSize) {
        context = context.slice(-Math.max(1, blockSize >> 1));
        cached = 0;
      }
      const logits = await this.#extend(weights, context, cached);
      cached = context.length;
      const id = chooseToken(logits, options, new Random(options.seed, Streams.sampling, n, 0).uniform(0));
      yield id;
      context.push(id);
    }
  }

  /** Runs context[cached…] through the model in chunks; the logits after its last token. */
  async #extend(weights: Floats, context: readonly number[], cached: number): Promise<Float32Array> {
    let logits: Float32Array | null = null;
    let position = cached;
    while (position < context.length) {
      const size = chunkSizes.find((n) => n <= context.length - position)!;
      const pass = this.#pass(size);
      pass.tokens.write(0, Int32Array.from(context.slice(position, position + size)));
      pass.program.run({ parameters: weights, tokens: pass.tokens, ...this.#cache }, { position });
      position += size;
      if (position === context.length) logits = await pass.program.result('logits');
    }
    return logits!;
  }

  #pass(size: number): { program: Executable; tokens: Store<'i32'> } {
    let pass = this.#passes.get(size);
    if (!pass) {
      const program = this.#backend.compile(decodeProgram(this.#model, { batch: 1, tokens: size }));
      pass = { program, tokens: this.#backend.store('i32', size) };
      this.#passes.set(size, pass);
    }
    return pass;
  }

  /**
   * Yields pieces of text as they come; a character whose bytes span tokens comes whole. Ends early at the
   * tokenizer's end-of-text token. An empty prompt starts from end-of-text, or from a line break where there is
   * none. Throws UserError('prompt-empty') when nothing in the prompt is in the vocabulary.
   */
  async *text(weights: Floats, tokenizer: Tokenizer, options: SampleOptions): AsyncGenerator<string> {
    const prompt = this.#promptIds(tokenizer, options.prompt);
    const decoder = new TextDecoder('utf-8');
    for await (const id of this.ids(weights, prompt, options)) {
      if (id === tokenizer.endOfText) break;
      const piece = decoder.decode(tokenizer.bytes(id), { stream: true });
      if (piece !== '') yield piece;
    }
    const rest = decoder.decode();
    if (rest !== '') yield rest;
  }

  #promptIds(tokenizer: Tokenizer, prompt: string): ArrayLike<number> {
    if (prompt === '' && tokenizer.endOfText !== null) return [tokenizer.endOfText];
    const ids = tokenizer.encode(prompt === '' ? '\n' : prompt);
    if (ids.length > 0) return ids;
    throw new UserError(
      'prompt-empty',
      `Nothing in the prompt ${JSON.stringify(prompt)} is in the vocabulary of ${tokenizer.vocabSize}.`,
      'Start from text like the text that the model was trained on.',
    );
  }

  free(): void {
    for (const store of Object.values(this.#cache)) store.free();
    for (const { program, tokens } of this.#passes.values()) {
      program.free();
      tokens.free();
    }
    this.#passes.clear();
  }
}

/**
 * The id at `uniform` in [0, 1) of softmax(logits / temperature), cut to the topK likeliest (0: all) and then to
 * the smallest set whose probability reaches topP. Temperature 0 takes the likeliest; ties go to the lower id.
 */
export function chooseToken(
  logits: Float32Array,
  options: Pick<SampleOptions, 'temperature' | 'topK' | 'topP'>,
  uniform: number,
): number {
  const { temperature, topK, topP } = options;
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  if (temperature === 0 || topK === 1) return best;
  const ids = topK > 0 || topP < 1 ? likeliestFirst(logits, topK > 0 ? topK : logits.length) : null;
  const idAt = (i: number) => (ids ? ids[i] : i);
  // Plain loops: this is on the way from every token to the next, with a vocabulary of some fifty thousand.
  const weights = new Float64Array(ids ? ids.length : logits.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    weights[i] = Math.exp((logits[idAt(i)] - logits[best]) / temperature);
    total += weights[i];
  }
  let count = weights.length;
  if (topP < 1) {
    let kept = 0;
    for (let i = 0; i < count; i++) {
      kept += weights[i];
      if (kept >= topP * total) {
        count = i + 1;
        total = kept;
      }
    }
  }
  let left = uniform * total;
  for (let i = 0; i < count; i++) {
    left -= weights[i];
    if (left < 0) return idAt(i);
  }
  return idAt(count - 1);
}

/** Ids of the `count` highest logits, highest first; of equal ones the lower id first. */
function likeliestFirst(logits: Float32Array, count: number): Uint32Array {
  // One number for both, so that they sort without a comparison function: the float's bits made ascending, then the id.
  const idRange = 2 ** 21;
  const bits = new Uint32Array(Float32Array.from(logits, (x) => x + 0).buffer);
  const keys = Float64Array.from(bits, (b, id) => {
    const ascending = b >>> 31 ? ~b >>> 0 : (b | 0x80000000) >>> 0;
    return ascending * idRange + (idRange - 1 - id);
  });
  keys.sort().reverse();
  return Uint32Array.from(keys.subarray(0, count), (key) => idRange - 1 - (key % idRange));
}
