/** A model as a Hugging Face folder: written from the parameter vector, and read back into it. */
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ModelConfig } from '../../shared/config.ts';
import type { Tokenizer } from '../data/source.ts';
import { UserError } from '../errors.ts';
import { replaceFolderAtomically, temporaryPath, withFileErrors, writeFileAtomically } from '../files.ts';
import type { ParameterTable } from '../program/types.ts';
import { elements, foreignEntries, isVocabulary, mismatch } from './foreign.ts';
import { isWeightsName, openTensorFile } from './import/file.ts';
import { Gpt2Source, ownModel } from './import/gpt2.ts';
import { openTensors } from './import/open.ts';
import { isFloat, type TensorSource } from './import/tensors.ts';
import { fromHuggingFace, toHuggingFace } from './model-config.ts';
import { type SafetensorsReader, type TensorToWrite, type WrittenFile, writeSafetensors } from './safetensors.ts';
import { readLimited } from './text.ts';
import {
  allFinite,
  encodedPieces,
  notFinite,
  pieces,
  safetensorsDType,
  tableReader,
  type WeightDType,
  type WeightReader,
  type WeightWriter,
  zeroPieces,
} from './vector.ts';

export const weightsFile = 'model.safetensors';
/** A config.json larger than this is none. */
const configLimit = 1_000_000;

export interface ModelFolderContent {
  readonly model: ModelConfig;
  /** Layout of the vector that `read` reads. */
  readonly table: ParameterTable;
  readonly read: WeightReader;
  readonly dtype: WeightDType;
  readonly tokenizer: Tokenizer | null;
  /** Provenance; goes into the safetensors file. Keys and values are strings. */
  readonly metadata: Readonly<Record<string, string>>;
  /** README.md; absent: none is written. */
  readonly card?: string;
}

/** File name → size and hash. */
export type WrittenFiles = Record<string, WrittenFile>;

/**
 * Writes a whole model folder under a temporary name and renames it into place, over an older one.
 * transformers' from_pretrained opens it: padded vocabulary rows are cut, absent biases are zeros.
 * @throws UserError 'not-finite', 'out-of-range', 'disk-full', 'not-writable'
 */
export async function writeModelFolder(
  folder: string,
  content: ModelFolderContent,
): Promise<{ bytes: number; sha256: string }> {
  const temporary = temporaryPath(folder);
  await withFileErrors(folder, async () => {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
  });
  try {
    const files = await writeModelFiles(temporary, content);
    await replaceFolderAtomically(temporary, folder);
    const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
    return { bytes, sha256: files[weightsFile].sha256 };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/**
 * Writes the files of a model folder into an existing folder. Weights are checked finite on the way.
 * @returns what was written, without README.md, which a user may edit
 */
export async function writeModelFiles(folder: string, content: ModelFolderContent): Promise<WrittenFiles> {
  const { model, dtype, tokenizer, card } = content;
  const files: WrittenFiles = { [weightsFile]: await writeWeights(join(folder, weightsFile), content) };
  const texts: Record<string, string> = {
    ...tokenizer?.huggingFaceFiles(),
    'config.json': `${JSON.stringify(toHuggingFace(model, dtype, tokenizer), null, 2)}\n`,
  };
  for (const [name, text] of Object.entries(texts)) {
    if (basename(name) !== name) throw new Error(`a tokenizer file may not be called ${name}`);
    files[name] = await writeText(join(folder, name), text);
  }
  if (card !== undefined) await writeFileAtomically(join(folder, 'README.md'), card);
  return files;
}

/** Writes a small file and says what DONE records of it. */
export async function writeText(path: string, text: string): Promise<WrittenFile> {
  await writeFileAtomically(path, text);
  return { bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
}

/** model.safetensors alone, under transformers' names; a tied classifier is not stored. */
export function writeWeights(
  path: string,
  { model, table, read, dtype, metadata }: Pick<ModelFolderContent, 'model' | 'table' | 'read' | 'dtype' | 'metadata'>,
): Promise<WrittenFile> {
  const entries = new Map(table.entries.map((entry) => [entry.name, entry]));
  const tensors = foreignEntries(model).map(({ name, shape }): TensorToWrite => {
    const count = elements(shape);
    const entry = entries.get(name);
    const chunks = entry
      ? encodedPieces(read, entry.offset, count, dtype, name)
      : zeroPieces(count * (dtype === 'float32' ? 4 : 2));
    return { name, dtype: safetensorsDType[dtype], shape, chunks };
  });
  return writeSafetensors(path, tensors, { format: 'pt', ...metadata });
}

/** A vector reader over an open weights file in that form; what the file lacks of the table reads as zero. */
export function weightsReader(model: ModelConfig, table: ParameterTable, file: SafetensorsReader): WeightReader {
  const stored = new Map(foreignEntries(model).map((entry) => [entry.name, elements(entry.shape)]));
  return tableReader(
    table,
    (name) => stored.get(name) ?? 0,
    (name, start, count) => file.floats(name, start, count),
  );
}

/** An open model, ours or a foreign one. */
export class ModelFolder {
  readonly path: string;
  readonly model: ModelConfig;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: TensorSource;
  /** Name in the file by the table's name. GPT-2's own release has no 'transformer.' before its names. */
  readonly #names: (name: string) => string;

  constructor(path: string, model: ModelConfig, file: TensorSource) {
    this.path = path;
    this.model = model;
    this.metadata = file.metadata;
    this.#file = file;
    this.#names = namesIn(file, model);
    this.#check();
  }

  /** A whole tensor under Hugging Face's name, e.g. transformer.wpe.weight. */
  read(name: string): Promise<Float32Array> {
    const stored = this.#stored(name);
    const info = this.#file.tensors.get(stored);
    if (!info) throw mismatch(`The weights in ${this.path} do not fit`, [`${name} is missing`]);
    return this.#file.floats(stored, 0, info.elements);
  }

  /**
   * Writes every weight of the table in pieces of at most 8 MiB. Rows of embedding and classifier from `vocabSize` on
   * are zero, as are those that the file does not have.
   * @throws UserError 'model-mismatch' naming the first three differences, 'not-finite' naming the tensor
   */
  async loadInto(table: ParameterTable, write: WeightWriter, vocabSize = this.model.vocabSize): Promise<void> {
    await this.#compare(table, vocabSize);
    for (const entry of table.entries) {
      const count = elements(entry.shape);
      const kept = isVocabulary(this.model, entry.name)
        ? Math.min(vocabSize, this.model.vocabSize) * entry.shape[1]
        : count;
      for (const piece of pieces(0, kept)) {
        const data = await this.#file.floats(this.#stored(entry.name), piece.offset, piece.count);
        if (!allFinite(data)) throw notFinite(`${entry.name} in ${this.#file.path}`);
        write(entry.offset + piece.offset, data);
      }
      for (const piece of pieces(kept, count)) write(entry.offset + piece.offset, new Float32Array(piece.count));
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #stored(name: string): string {
    return this.#names(name);
  }

  /** Every tensor that config.json promises is there, in the right shape. */
  #check(): void {
    const wrong: string[] = [];
    for (const { name, shape } of foreignEntries(this.model)) {
      const info = this.#file.tensors.get(this.#stored(name));
      if (!info) wrong.push(`${name} is missing`);
      else if (String(info.shape) !== String(shape))
        wrong.push(`${name} is [${info.shape.join(', ')}] and should be [${shape.join(', ')}]`);
      else if (!isFloat(info.dtype)) wrong.push(`${name} holds ${info.dtype}`);
    }
    if (wrong.length > 0) throw mismatch(`${this.#file.path} does not fit its config.json`, wrong);
  }

  async #compare(table: ParameterTable, vocabSize: number): Promise<void> {
    const wrong: string[] = [];
    const theirs = new Map(foreignEntries(this.model).map((entry) => [entry.name, entry.shape]));
    for (const { name, shape } of table.entries) {
      const found = theirs.get(name);
      const fits = isVocabulary(this.model, name)
        ? found?.[1] === shape[1] && vocabSize <= Math.min(found[0], shape[0])
        : String(found) === String(shape);
      if (!found) wrong.push(`the model has no ${name}`);
      else if (!fits) wrong.push(`${name} is [${found.join(', ')}] there and [${shape.join(', ')}] here`);
      theirs.delete(name);
    }
    for (const [name] of theirs) {
      if (name.endsWith('.bias')) {
        if ((await this.read(name)).some((x) => x !== 0))
          wrong.push(`${name} is not zero, but this model has no biases`);
      } else wrong.push(`this model has no ${name}`);
    }
    if (wrong.length > 0) throw mismatch(`The weights in ${this.path} do not fit this model`, wrong);
  }
}

/** The classifier of a GPT-NeoX is called embed_out in every release, and lm_head where newer code wrote its own names. */
function namesIn(file: TensorSource, { architecture }: ModelConfig): (name: string) => string {
  if (!architecture) {
    const prefix = file.tensors.has('transformer.wte.weight') ? '' : 'transformer.';
    return (name) => name.slice(prefix.length);
  }
  const newer = !file.tensors.has('embed_out.weight') && file.tensors.has('lm_head.weight');
  return (name) => (newer && name === 'embed_out.weight' ? 'lm_head.weight' : name);
}

/**
 * Opens a GPT-2, GPT-NeoX or Llama: a Hugging Face folder (safetensors or PyTorch's, in one file or in shards), a
 * nanoGPT checkpoint (.pt), or the out folder that holds one, a checkpoint of llm.c (.bin).
 * @throws UserError 'model-missing', 'model-config', 'model-mismatch', 'file-damaged', 'pickle-refused'
 */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  const source = await (isWeightsName(path) ? openTensorFile(path) : openTensors(path));
  try {
    const own = ownModel(source);
    if (own) return new ModelFolder(path, own, new Gpt2Source(source, own));
    const folder = isWeightsName(path) ? dirname(path) : path;
    return new ModelFolder(path, await readConfig(folder), source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function readConfig(folder: string): Promise<ModelConfig> {
  const path = join(folder, 'config.json');
  const text = await readLimited(path, configLimit).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new UserError(
      'model-missing',
      `${folder} has no config.json.`,
      'Choose the folder of a model in Hugging Face format, or a checkpoint of nanoGPT.',
    );
  });
  return fromHuggingFace(path, text);
}
