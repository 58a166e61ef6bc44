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
import type { ParameterEntry } from '../../program/types.ts';
import { elements } from '../foreign.ts';
import { isNanoGptLinear } from '../import/gpt2.ts';
import { encodedFloats, type WeightDType } from '../vector.ts';
import { type StoredTensor, type Writable, writePickle } from './pickle-writer.ts';
import { foldedReader, type ModelContent, storedFloats } from './stored.ts';
import { ZipWriter } from './zip-writer.ts';

export interface NanoGptContent extends ModelContent {
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
  const read = foldedReader(content);
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
      const { name } = entry;
      const stored = { entry, name, count: elements(shapes[i]), turned: isNanoGptLinear(name) };
      await zip.add(`ckpt/data/${i}`, encodedFloats(storedFloats(read, stored), dtype, name));
    }
    await zip.add('ckpt/version', [Buffer.from('3\n')]);
    return { bytes: await zip.finish() };
  };
  return writeThrough(path, (handle) => write(new ZipWriter(handle)), size);
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
