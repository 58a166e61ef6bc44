/** First weights of a run. */
import type { ModelConfig } from '../../shared/config.ts';
import { Random, Streams } from '../random.ts';
import { parameterTable } from './table.ts';

const deviation = 0.02;
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
  for (const [index, { name, shape, offset }] of entries.entries()) {
    const size = shape.reduce((a, b) => a * b, 1);
    const random = new Random(seed, Streams.init, index, 0);
    const scale = name.endsWith('.c_proj.weight') ? deviation / Math.sqrt(2 * model.layers) : deviation;
    const drawn = name === 'transformer.wte.weight' ? model.vocabSize * model.width : size;
    for (let start = 0; start < size; start += pieceElements) {
      const data = new Float32Array(Math.min(pieceElements, size - start));
      if (shape.length === 1) data.fill(name.endsWith('.weight') ? 1 : 0);
      else for (let i = 0; i < data.length && start + i < drawn; i++) data[i] = scale * random.normal(start + i);
      yield { offset: offset + start, data };
    }
  }
}
