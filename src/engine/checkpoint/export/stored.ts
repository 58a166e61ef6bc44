/** A model's tensors as other programs store them: folded, turned, checked, streamed. */
import type { ModelConfig } from '../../../shared/config.ts';
import type { ParameterEntry, ParameterTable } from '../../program/types.ts';
import { elements } from '../foreign.ts';
import { allFinite, notFinite, pieceElements, pieces, type WeightReader } from '../vector.ts';

export interface ModelContent {
  readonly model: ModelConfig;
  /** Layout of the vector that `read` reads. */
  readonly table: ParameterTable;
  readonly read: WeightReader;
}

/**
 * The weights of the same model without what most programs do not have: softmax(q·k/(i + 1)) of layer i is softmax of
 * the attention of q/(i + 1), so that division goes into the weights and biases that make queries.
 */
export function foldedReader({ model, table, read }: ModelContent): WeightReader {
  if (!model.inverseLayerScaling) return read;
  const projections = table.entries.filter(({ name }) => name.includes('.attn.c_attn.'));
  return async (offset, count) => {
    const data = await read(offset, count);
    for (const { name, shape, offset: start } of projections) {
      const layer = Number(/\.h\.(\d+)\./.exec(name)![1]);
      // Of every row, [in, 3·width], the first third makes queries.
      const [row, from] = [shape[shape.length - 1], Math.max(offset, start)];
      const to = Math.min(offset + count, start + elements(shape));
      for (let i = from; i < to; i++) if ((i - start) % row < row / 3) data[i - offset] /= layer + 1;
    }
    return data;
  };
}

export interface Stored {
  /** Ours; absent where the model has no such tensor and the format wants zeros. */
  readonly entry: ParameterEntry | undefined;
  /** For messages. */
  readonly name: string;
  /** Elements that the format stores; past the tensor's own they are zero. */
  readonly count: number;
  /** [in, out] as [out, in]; one tensor is in memory then, twice. */
  readonly turned: boolean;
}

/**
 * Its elements in the target's order, at most 8 MiB at a time.
 * @throws UserError 'not-finite' naming the tensor
 */
export async function* storedFloats(read: WeightReader, stored: Stored): AsyncGenerator<Float32Array> {
  const { entry, count } = stored;
  const own = entry ? Math.min(count, elements(entry.shape)) : 0;
  const source = entry && stored.turned ? await turnedReader(read, entry) : read;
  const start = entry && !stored.turned ? entry.offset : 0;
  for (const { offset, count: length } of pieces(start, start + own)) {
    const data = await source(offset, length);
    if (!allFinite(data)) throw notFinite(stored.name);
    yield data;
  }
  for (let left = count - own; left > 0; left -= pieceElements) yield new Float32Array(Math.min(left, pieceElements));
}

async function turnedReader(read: WeightReader, entry: ParameterEntry): Promise<WeightReader> {
  const [inputs, outputs] = entry.shape;
  const turned = new Float32Array(inputs * outputs);
  for (const { offset, count } of pieces(0, inputs * outputs)) {
    const data = await read(entry.offset + offset, count);
    let row = Math.floor(offset / outputs);
    let column = offset % outputs;
    for (let e = 0; e < count; e++) {
      turned[column * inputs + row] = data[e];
      if (++column === outputs) {
        column = 0;
        row++;
      }
    }
  }
  return async (offset, count) => turned.subarray(offset, offset + count);
}
