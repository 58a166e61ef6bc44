/** Programs nobody wrote: random compositions of operations, for properties that must hold for all of them. */
import type { ModelConfig } from '../../../shared/config.ts';
import { Recorder } from '../../program/recorder.ts';
import type { ParameterEntry, ParameterTable, Program, Tensor } from '../../program/types.ts';
import { dropoutStream, Random, Streams } from '../../random.ts';

/** Small draws from a seed. */
export class Dice {
  readonly #random: Random;
  #next = 0;

  constructor(seed: number, purpose = 0) {
    this.#random = new Random(seed, Streams.probe, purpose, 0);
  }

  /** Whole number in [low, high]. */
  between(low: number, high: number): number {
    return low + Math.floor(this.#random.uniform(this.#next++) * (high - low + 1));
  }

  pick<T>(...from: readonly T[]): T {
    return from[this.between(0, from.length - 1)];
  }
}

export interface Generated {
  readonly program: Program;
  readonly elements: number;
  /** Exclusive upper bounds of the i32 inputs. */
  readonly bounds: Readonly<Record<string, number>>;
}

/**
 * A forward program from tokens to losses: embedding, some operations on whatever exists so far (a
 * value may be read several times or never), a LayerNorm, the loss.
 */
export function generateForward(seed: number): Generated {
  const dice = new Dice(seed);
  const batch = dice.between(1, 3);
  const time = dice.between(1, 19);
  const heads = dice.between(1, 3);
  const width = heads * dice.pick(3, 5, 8, 17);
  const rows = dice.between(5, 40);
  const vocab = dice.between(3, rows);

  const entries: ParameterEntry[] = [];
  const table: { -readonly [K in keyof ParameterTable]: ParameterTable[K] } = { entries, elements: 0, count: 0 };
  const r = new Recorder(`generated ${seed}`, table);
  const parameter = (name: string, ...shape: number[]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    entries.push({ name, shape, offset: table.elements, decay: false });
    table.elements += Math.ceil(size / 64) * 64;
    return r.parameter(name);
  };
  const vector = (name: string, size: number) => (dice.pick(true, false) ? parameter(name, size) : undefined);

  const wte = parameter('wte', rows, width);
  const tokens = r.input('tokens', [batch, time], 'i32');
  const targets = r.input('targets', [batch * time], 'i32');
  const pool: Tensor[] = [r.embedding(tokens, wte, parameter('wpe', time + 2, width))];
  const any = () => (dice.pick(true, false) ? pool[pool.length - 1] : dice.pick(...pool));
  const steps = dice.between(2, 7);
  for (let i = 0; i < steps; i++) {
    const norm = () => [parameter(`norm.${i}`, width), vector(`norm.${i}.bias`, width)] as const;
    const project = (x: Tensor, to: number, name: string, activation: 'none' | 'gelu-exact' | 'gelu-tanh') =>
      r.linear(x, parameter(name, x.shape[2], to), vector(`${name}.bias`, to), activation);
    switch (dice.pick('norm', 'linear', 'attention', 'dropout', 'residual', 'residual')) {
      case 'norm':
        pool.push(r.layerNorm(any(), ...norm()));
        break;
      case 'linear': {
        const hidden = project(any(), dice.between(1, 35), `in.${i}`, dice.pick('none', 'gelu-exact', 'gelu-tanh'));
        pool.push(project(hidden, width, `out.${i}`, 'none'));
        break;
      }
      case 'attention': {
        const qkv = project(any(), 3 * width, `qkv.${i}`, 'none');
        const scale = 1 / Math.sqrt(width / heads);
        pool.push(r.attention(qkv, { heads, scale, dropout: dice.pick(0, 0.3), stream: dropoutStream(i) }));
        break;
      }
      case 'dropout':
        pool.push(r.dropout(any(), { rate: dice.pick(0.1, 0.5), stream: dropoutStream(i) }));
        break;
      case 'residual': {
        const { sum, y } = r.residualLayerNorm(any(), any(), ...norm());
        pool.push(sum, y);
        break;
      }
    }
  }
  const x = r.layerNorm(pool[pool.length - 1], parameter('norm.f', width), vector('norm.f.bias', width));
  const losses = r.classifierLoss(x, dice.pick(true, false) ? wte : parameter('head', rows, width), targets, vocab);
  return { program: r.program(losses), elements: table.elements, bounds: { tokens: rows, targets: vocab } };
}

/** Odd sizes, no multiple of any tile, with the options spread over the seeds. */
export function generateModel(seed: number): ModelConfig {
  const dice = new Dice(seed, 1);
  const heads = dice.between(1, 3);
  const vocabSize = dice.between(5, 70);
  return {
    blockSize: dice.between(3, 23),
    vocabSize,
    paddedVocabSize: dice.pick(null, vocabSize + dice.between(0, 9)),
    layers: dice.between(1, 3),
    heads,
    width: heads * dice.pick(3, 7, 13),
    dropout: dice.pick(0, 0.2),
    bias: dice.pick(true, false),
    gelu: dice.pick('exact', 'tanh'),
    inverseLayerScaling: dice.pick(true, false),
  };
}

/** GPT-NeoX for odd seeds, Llama for even ones, in odd sizes with the options spread over the seeds. */
export function generateArchitecture(seed: number): ModelConfig {
  const dice = new Dice(seed, 3);
  const groups = dice.between(1, 2);
  const heads = groups * dice.between(1, 3);
  const depth = dice.pick(4, 6, 10);
  const vocabSize = dice.between(5, 70);
  const shared = {
    inner: dice.between(3, 40),
    rotaryBase: dice.pick(100, 10_000),
    epsilon: dice.pick(1e-5, 1e-3),
    tied: dice.pick(true, false),
  };
  const neox = seed % 2 === 1;
  return {
    blockSize: dice.between(3, 23),
    vocabSize,
    paddedVocabSize: dice.pick(null, vocabSize + dice.between(0, 9)),
    layers: dice.between(1, 3),
    heads,
    width: neox ? heads * depth : dice.between(5, 40),
    dropout: dice.pick(0, 0.2),
    bias: neox && dice.pick(true, false),
    gelu: dice.pick('exact', 'tanh'),
    inverseLayerScaling: false,
    architecture: neox
      ? { kind: 'gpt_neox', ...shared, rotary: dice.pick(2, 4), parallelResidual: dice.pick(true, false) }
      : {
          kind: 'llama',
          ...shared,
          keyHeads: groups,
          headWidth: depth,
          rotaryStretch: dice.pick(null, { factor: 8, lowFactor: 1, highFactor: 4, trainedPositions: 16 }),
        },
  };
}
