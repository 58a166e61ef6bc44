/** First weights of a run. */
import type { ModelConfig } from '../../shared/config.ts';
import { Random, Streams } from '../random.ts';
import { parameterTable, vocabularyNames } from './table.ts';

const deviation = 0.02;
/** Projections back into the residual stream, by any architecture's name. */
const intoStream = /\.(c_proj|dense|dense_4h_to_h|o_proj|down_proj)\.weight$/;
/** Elements per piece: about 10 ms of work, so that a caller can come up for air between pieces. */
const pieceElements = 1 << 17;

/**
 * nanoGPT's initialisation in slices of the parameter vector, ascending: N(0, 0.02²), projections into
 * the residual stream N(0, (0.02/√(2·layers))²), zero biases, unit LayerNorm weights, zero padded
 * vocabulary rows. Tensor i of the table draws at step i of the init stream, element by element.
 */
export function* initialWeights(
  model: ModelConfig,
  seed: number,
): Generator<{ offset: number; data: Float32Array<ArrayBuffer> }> {
  const { entries } = parameterTable(model);
  const { embedding, classifier } = vocabularyNames(model);
  for (const [index, { name, shape, offset }] of entries.entries()) {
    const size = shape.reduce((a, b) => a * b, 1);
    const random = new Random(seed, Streams.init, index, 0);
    const scale = intoStream.test(name) ? deviation / Math.sqrt(2 * model.layers) : deviation;
    const drawn = name === embedding || name === classifier ? model.vocabSize * model.width : size;
    for (let start = 0; start < size; start += pieceElements) {
      const data = new Float32Array(Math.min(pieceElements, size - start));
      if (shape.length === 1) data.fill(name.endsWith('.weight') ? 1 : 0);
      else for (let i = 0; i < data.length && start + i < drawn; i++) data[i] = scale * random.normal(start + i);
      yield { offset: offset + start, data };
    }
  }
}
