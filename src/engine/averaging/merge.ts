/**
 * Offline: the mean of model folders, tensor by tensor by name, in bounded memory.
 *   uniform:        θ̄ = (Σ_i θ_i) / n         summed in the order given in float32, divided once
 *   weights given:  θ̄ = Σ_i (w_i/Σw)·θ_i      each product and sum rounded to float32
 * Any architecture: averaging needs only names and shapes. Tensors that hold no floating-point numbers (masks,
 * counters) are taken from the newest folder.
 */
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { hashFile } from '../checkpoint/hash.ts';
import { mismatch, weightsFile } from '../checkpoint/model-folder.ts';
import { SafetensorsReader, type TensorToWrite, writeSafetensors } from '../checkpoint/safetensors.ts';
import type { SafetensorsDType, TensorInfo } from '../checkpoint/safetensors-header.ts';
import { allFinite, encode, pieceElements, pieces, safetensorsDType, type WeightDType } from '../checkpoint/vector.ts';
import { UserError } from '../errors.ts';
import {
  ensureSpace,
  replaceFolderAtomically,
  syncFile,
  temporaryPath,
  withFileErrors,
  writeFileAtomically,
} from '../files.ts';

export interface MergeOptions {
  /** One per folder, in the same order; absent: uniform. */
  readonly weights?: readonly number[];
  /** Absent: each tensor keeps the dtype that it has in the folders; float64 becomes float32. */
  readonly dtype?: WeightDType;
  readonly signal?: AbortSignal;
  /** Bytes of input read so far, and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Added to the provenance in the file's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Beside the weights, what makes a folder usable; taken from the newest. */
const companions =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^merges\.txt$/;
const floats: Partial<Record<SafetensorsDType, WeightDType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };
/** Keys of config.json that say nothing of the architecture. */
const incidental = new Set(['_name_or_path', 'transformers_version', 'torch_dtype', 'dtype', 'use_cache']);

/**
 * Averages model folders (config.json and model.safetensors) into a new one, under a temporary name that is
 * renamed when all is written.
 * @param inputs folders, oldest first: the order of addition, and the last gives config and tokenizer
 * @throws UserError 'nothing-to-average', 'bad-weights', 'target-in-input', 'model-mismatch' with the first three
 *   differences, 'not-finite' naming file and tensor, 'out-of-range', 'file-damaged', 'disk-full', 'not-writable'
 */
export async function mergeCheckpoints(
  inputs: readonly string[],
  target: string,
  options: MergeOptions = {},
): Promise<{ bytes: number; sha256: string }> {
  const sources = inputs.map((input) => resolve(input));
  const shares = checkedShares(sources, options.weights);
  for (const source of sources)
    if (`${resolve(target)}${sep}`.startsWith(`${source}${sep}`))
      throw new UserError(
        'target-in-input',
        `The output ${target} lies inside the input ${source}.`,
        'Choose another output folder.',
      );

  const files: SafetensorsReader[] = [];
  try {
    for (const source of sources) files.push(await openWeights(source));
    compareTensors(files);
    await compareConfigs(sources);
    const total = files.reduce((sum, file) => sum + file.bytes, 0);
    const hashes: Record<string, string> = {};
    for (const [i, file] of files.entries()) hashes[basename(sources[i])] = (await hashFile(file.path))!;
    const metadata = {
      format: 'pt',
      source: 'meander',
      policy: 'merge',
      recipe: recipe(sources, options.weights),
      sources: JSON.stringify(hashes),
      ...options.metadata,
    };
    return await write(target, sources, files, { shares, metadata, total, options });
  } finally {
    for (const file of files) await file.close();
  }
}

/** Null for the uniform mean. */
function checkedShares(sources: readonly string[], weights: readonly number[] | undefined): number[] | null {
  if (sources.length < 2)
    throw new UserError(
      'nothing-to-average',
      `A mean needs at least two model folders; ${sources.length === 1 ? 'one was' : 'none were'} given.`,
      'Add more checkpoints.',
    );
  if (!weights) return null;
  const sum = weights.reduce((a, b) => a + b, 0);
  if (weights.length !== sources.length || !weights.every(Number.isFinite) || sum === 0 || !Number.isFinite(sum))
    throw new UserError(
      'bad-weights',
      `${weights.length} weights for ${sources.length} folders: ${weights.join(', ')}.`,
      'Give one finite number per folder, with a sum that is not zero.',
    );
  return weights.map((weight) => weight / sum);
}

async function openWeights(folder: string): Promise<SafetensorsReader> {
  const names = await readdir(folder).catch(() => [] as string[]);
  for (const name of ['config.json', weightsFile])
    if (!names.includes(name))
      throw new UserError(
        'model-missing',
        `${folder} has no ${name}.`,
        'Choose folders of models in Hugging Face format.',
      );
  return SafetensorsReader.open(join(folder, weightsFile));
}

function compareTensors(files: readonly SafetensorsReader[]): void {
  const newest = files.at(-1)!;
  const describe = (info: TensorInfo) => `${info.dtype} [${info.shape.join(', ')}]`;
  for (const file of files.slice(0, -1)) {
    const wrong: string[] = [];
    for (const [name, info] of newest.tensors) {
      const other = file.tensors.get(name);
      if (!other) wrong.push(`${name} is missing`);
      else if (describe(other) !== describe(info))
        wrong.push(`${name} is ${describe(other)} and not ${describe(info)}`);
    }
    for (const name of file.tensors.keys()) if (!newest.tensors.has(name)) wrong.push(`${name} is extra`);
    if (wrong.length > 0) throw mismatch(`${file.path} does not fit ${newest.path}`, wrong);
  }
}

async function compareConfigs(sources: readonly string[]): Promise<void> {
  const read = async (folder: string): Promise<Record<string, unknown>> => {
    const path = join(folder, 'config.json');
    try {
      return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    } catch (error) {
      throw new UserError('model-config', `${path} is not JSON.`, 'Restore the file from a copy.', { cause: error });
    }
  };
  const newest = await read(sources.at(-1)!);
  for (const source of sources.slice(0, -1)) {
    const other = await read(source);
    const keys = [...new Set([...Object.keys(newest), ...Object.keys(other)])].filter((key) => !incidental.has(key));
    const wrong = keys
      .filter((key) => JSON.stringify(newest[key]) !== JSON.stringify(other[key]))
      .map(
        (key) =>
          `${key} is ${JSON.stringify(other[key]) ?? 'absent'} and not ${JSON.stringify(newest[key]) ?? 'absent'}`,
      );
    if (wrong.length > 0)
      throw mismatch(`${join(source, 'config.json')} does not fit that of ${sources.at(-1)}`, wrong);
  }
}

function recipe(sources: readonly string[], weights: readonly number[] | undefined): string {
  const names = sources.map((source) => basename(source)).join(', ');
  return weights ? `mean of ${names}, weighted ${weights.join(', ')}` : `uniform mean of ${names}`;
}

async function write(
  target: string,
  sources: readonly string[],
  files: readonly SafetensorsReader[],
  job: { shares: number[] | null; metadata: Record<string, string>; total: number; options: MergeOptions },
): Promise<{ bytes: number; sha256: string }> {
  const { dtype, signal, onProgress } = job.options;
  const newest = files.at(-1)!;
  const temporary = temporaryPath(resolve(target));
  await withFileErrors(target, async () => {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
  });
  try {
    await ensureSpace(temporary, newest.bytes);
    let done = 0;
    const count = (bytes: number) => {
      signal?.throwIfAborted();
      done += bytes;
      onProgress?.(done, job.total);
    };
    const tensors = [...newest.tensors.values()].map((info): TensorToWrite => {
      const { name, shape } = info;
      const isFloat = floats[info.dtype] ?? (info.dtype === 'F64' ? 'float32' : null);
      if (!isFloat) return { name, shape, dtype: info.dtype, chunks: copied(newest, info, count) };
      const to = dtype ?? isFloat;
      return { name, shape, dtype: safetensorsDType[to], chunks: averaged(files, info, job.shares, to, count) };
    });
    const { bytes, sha256 } = await writeSafetensors(join(temporary, weightsFile), tensors, job.metadata);
    await copyCompanions(sources.at(-1)!, temporary, dtype);
    await replaceFolderAtomically(temporary, resolve(target));
    return { bytes, sha256 };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

async function copyCompanions(from: string, to: string, dtype: WeightDType | undefined): Promise<void> {
  for (const name of await readdir(from)) {
    if (!companions.test(name)) continue;
    if (name === 'config.json' && dtype) {
      const config = JSON.parse(await readFile(join(from, name), 'utf8')) as object;
      await writeFileAtomically(join(to, name), `${JSON.stringify({ ...config, torch_dtype: dtype }, null, 2)}\n`);
      continue;
    }
    await withFileErrors(join(to, name), () => copyFile(join(from, name), join(to, name)));
    await syncFile(join(to, name));
  }
}

async function* copied(
  file: SafetensorsReader,
  { name, elements }: TensorInfo,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces(0, elements)) {
    const bytes = await file.raw(name, piece.offset, piece.count);
    count(bytes.length);
    yield bytes;
  }
}

/** One tensor's mean in pieces: memory is one accumulator and one input piece, whatever the number of files. */
async function* averaged(
  files: readonly SafetensorsReader[],
  { name, elements, bytes }: TensorInfo,
  shares: number[] | null,
  dtype: WeightDType,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const perElement = elements === 0 ? 0 : bytes / elements;
  const sum = new Float32Array(Math.min(elements, pieceElements));
  for (const piece of pieces(0, elements)) {
    const target = sum.subarray(0, piece.count);
    for (const [i, file] of files.entries()) {
      const next = await file.floats(name, piece.offset, piece.count);
      count(piece.count * perElement);
      if (!allFinite(next))
        throw new UserError(
          'not-finite',
          `${name} in ${file.path} holds NaN or infinity.`,
          'Leave that checkpoint out.',
        );
      accumulate(target, next, i === 0, shares ? Math.fround(shares[i]) : null);
    }
    if (!shares) for (let j = 0; j < target.length; j++) target[j] /= files.length;
    // A sum of finite weights can overflow; the mean of a usable model never does.
    if (!allFinite(target))
      throw new UserError('not-finite', `The mean of ${name} is beyond float32.`, 'Check the weights of the inputs.');
    // The writer is done with a piece before it asks for the next, so the sum is reused.
    yield encode(target, dtype, name);
  }
}

function accumulate(target: Float32Array, next: Float32Array, first: boolean, share: number | null): void {
  if (share !== null) for (let j = 0; j < next.length; j++) next[j] *= share;
  if (first) target.set(next);
  else for (let j = 0; j < next.length; j++) target[j] += next[j];
}
