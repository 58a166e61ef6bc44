/**
 * A model as a checkpoint of nanoGPT: a file of torch.save that torch.load(weights_only=True) opens, with `model`
 * (nanoGPT's names, linear weights [out, in], lm_head tied), `model_args`, `iter_num` and `best_val_loss`, as
 * nanoGPT's train.py writes them. Without `optimizer`: its sample.py opens it, its train.py cannot resume it.
 */

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ModelConfig } from '../../../shared/config.ts';
import { UserError } from '../../errors.ts';
import { ensureSpace, withFileErrors, writeThrough } from '../../files.ts';
import type { ParameterEntry, ParameterTable } from '../../program/types.ts';
import { elements } from '../foreign.ts';
import { isNanoGptLinear } from '../import/gpt2.ts';
import { encodedPieces, pieces, type WeightDType, type WeightReader } from '../vector.ts';
import { type StoredTensor, type Writable, writePickle } from './pickle-writer.ts';
import { ZipWriter } from './zip-writer.ts';

export interface NanoGptContent {
  readonly model: ModelConfig;
  /** Layout of the vector that `read` reads. */
  readonly table: ParameterTable;
  readonly read: WeightReader;
  readonly dtype: WeightDType;
  /** Updates made. */
  readonly step: number;
  /** Lowest validation loss, in nats; null where none is known (nanoGPT begins with 10⁹). */
  readonly bestLoss: number | null;
  /** Provenance, under `meander`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes the file through a temporary name and fsync. Rows past the vocabulary are cut off; attention that is
 * divided by its layer's number has that folded into the query weights.
 * @throws UserError 'layout-unsupported' for a model that nanoGPT cannot express, 'not-finite', 'out-of-range',
 *   'disk-full', 'not-writable'
 */
export async function writeNanoGpt(path: string, content: NanoGptContent): Promise<{ bytes: number }> {
  const { model, table, dtype } = content;
  if (model.gelu !== 'exact')
    throw new UserError(
      'layout-unsupported',
      'This model has the tanh form of GELU, and nanoGPT knows only the exact one.',
      'Export it as a Hugging Face folder.',
    );
  const read = nanoGptReader(content);
  const state = new Map<string, StoredTensor>();
  const shapes = table.entries.map((entry) => storedShape(model, entry));
  for (const [i, { name }] of table.entries.entries()) {
    const shape = isNanoGptLinear(name) ? shapes[i].toReversed() : shapes[i];
    state.set(name, { key: String(i), dtype, shape });
  }
  // The same storage: nanoGPT's classifier is tied.
  state.set('lm_head.weight', state.get('transformer.wte.weight')!);
  const size = shapes.reduce((sum, shape) => sum + elements(shape), 0) * (dtype === 'float32' ? 4 : 2);
  await withFileErrors(path, () => mkdir(dirname(path), { recursive: true }));
  await ensureSpace(dirname(path), size);
  const write = async (zip: ZipWriter) => {
    await zip.add('ckpt/data.pkl', [writePickle(checkpoint(content, state))]);
    await zip.add('ckpt/byteorder', [Buffer.from('little')]);
    for (const [i, entry] of table.entries.entries()) {
      const chunks = isNanoGptLinear(entry.name)
        ? transposedPieces(read, entry, dtype)
        : encodedPieces(read, entry.offset, elements(shapes[i]), dtype, entry.name);
      await zip.add(`ckpt/data/${i}`, chunks);
    }
    await zip.add('ckpt/version', [Buffer.from('3\n')]);
    return { bytes: await zip.finish() };
  };
  return writeThrough(path, (handle) => write(new ZipWriter(handle)), size);
}

/** What nanoGPT does not do is in the weights: softmax(q·k/(i + 1)) is softmax of the attention of q/(i + 1). */
export function nanoGptReader({ model, table, read }: Pick<NanoGptContent, 'model' | 'table' | 'read'>): WeightReader {
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

/** In the vector's orientation, without padded rows. */
const storedShape = (model: ModelConfig, { name, shape }: ParameterEntry): readonly number[] =>
  name === 'transformer.wte.weight' ? [model.vocabSize, shape[1]] : shape;

function checkpoint(content: NanoGptContent, state: ReadonlyMap<string, StoredTensor>): ReadonlyMap<string, Writable> {
  const { model, step, bestLoss, metadata } = content;
  const args = {
    n_layer: model.layers,
    n_head: model.heads,
    n_embd: model.width,
    block_size: model.blockSize,
    bias: model.bias,
    vocab_size: model.vocabSize,
    dropout: model.dropout,
  };
  return new Map<string, Writable>([
    ['model', state],
    ['model_args', new Map<string, Writable>(Object.entries(args))],
    ['iter_num', step],
    ['best_val_loss', bestLoss ?? 1e9],
    ['meander', new Map(Object.entries(metadata))],
  ]);
}

/** [in, out] as [out, in]; one tensor is in memory, twice. */
async function* transposedPieces(read: WeightReader, entry: ParameterEntry, dtype: WeightDType) {
  const [inputs, outputs] = entry.shape;
  const turned = new Float32Array(inputs * outputs);
  for (const { offset, count } of pieces(0, inputs * outputs)) {
    const data = await read(entry.offset + offset, count);
    for (let e = 0; e < count; e++)
      turned[((offset + e) % outputs) * inputs + Math.floor((offset + e) / outputs)] = data[e];
  }
  const from: WeightReader = async (offset, count) => turned.subarray(offset, offset + count);
  yield* encodedPieces(from, 0, turned.length, dtype, entry.name);
}
