/**
 * Offline: the mean of models, tensor by tensor by name, in bounded memory.
 *   uniform:        θ̄ = (Σ_i θ_i) / n         summed in the order given in float32, divided once
 *   weights given:  θ̄ = Σ_i (w_i/Σw)·θ_i      each product and sum rounded to float32
 * Any architecture: averaging needs only names and shapes. Tensors that hold no floating-point numbers (masks,
 * counters) are taken from the newest. What can be an input is said in merge-input.ts.
 */
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { hashFile } from '../checkpoint/hash.ts';
import type { SourceTensor, TensorSource } from '../checkpoint/import/tensors.ts';
import { weightsFile } from '../checkpoint/model-folder.ts';
import { type TensorToWrite, writeSafetensors } from '../checkpoint/safetensors.ts';
import type { SafetensorsDType } from '../checkpoint/safetensors-header.ts';
import { allFinite, encode, pieceElements, pieces, safetensorsDType, type WeightDType } from '../checkpoint/vector.ts';
import { UserError } from '../errors.ts';
import { replaceFolderAtomically, syncFile, temporaryPath, withFileErrors, writeFileAtomically } from '../files.ts';
import { closeInputs, fileLabels, type MergeInput, openInputs } from './merge-input.ts';

export interface MergeOptions {
  /** One per input, in the same order; absent: uniform. */
  readonly weights?: readonly number[];
  /** Absent: each tensor keeps the dtype that it has in the inputs; float64 becomes float32. */
  readonly dtype?: WeightDType;
  readonly signal?: AbortSignal;
  /** Bytes of input read so far, and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Added to the provenance in the file's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Beside weights and config.json, what makes a folder usable. */
const companions =
  /^(generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^merges\.txt$/;
const floats: Partial<Record<SafetensorsDType, WeightDType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F64: 'float32',
};

/**
 * Averages models into a new Hugging Face folder, under a temporary name that is renamed when all is written. Where
 * no input says what model it is, the folder holds weights alone.
 * @param inputs folders or files, oldest first: the order of addition, and the last gives config and tokenizer
 * @throws UserError 'nothing-to-average', 'bad-weights', 'target-in-input', 'model-missing', 'model-config',
 *   'model-mismatch' with the first three differences, 'not-finite' naming file and tensor, 'out-of-range',
 *   'file-damaged', 'pickle-refused', 'disk-full', 'not-writable'
 */
export async function mergeCheckpoints(
  inputs: readonly string[],
  target: string,
  options: MergeOptions = {},
): Promise<{ bytes: number; sha256: string }> {
  const paths = inputs.map((input) => resolve(input));
  const shares = checkedShares(paths, options.weights);
  for (const path of paths) checkApart(path, resolve(target));

  const opened = await openInputs(paths);
  try {
    const hashes: Record<string, string> = {};
    for (const [file, label] of fileLabels(opened)) hashes[label] = (await hashFile(file))!;
    const metadata = {
      format: 'pt',
      source: 'meander',
      policy: 'merge',
      recipe: recipe(paths, options.weights),
      sources: JSON.stringify(hashes),
      ...options.metadata,
    };
    return await write(target, opened, { shares, metadata, options });
  } finally {
    await closeInputs(opened);
  }
}

/** The output replaces what is there, so neither may lie in the other. */
function checkApart(input: string, target: string): void {
  const within = (inner: string, outer: string) =>
    `${inner}${sep}`.startsWith(outer.endsWith(sep) ? outer : outer + sep);
  const inside = within(target, input);
  if (inside || within(input, target))
    throw new UserError(
      'target-in-input',
      inside
        ? `The output ${target} lies inside the input ${input}.`
        : `The input ${input} lies inside the output ${target}.`,
      'Choose another output folder.',
    );
}

/** Null for the uniform mean. */
function checkedShares(sources: readonly string[], weights: readonly number[] | undefined): number[] | null {
  if (sources.length < 2)
    throw new UserError(
      'nothing-to-average',
      `A mean needs at least two models; ${sources.length === 1 ? 'one was' : 'none were'} given.`,
      'Add more checkpoints.',
    );
  if (!weights) return null;
  const sum = weights.reduce((a, b) => a + b, 0);
  if (weights.length !== sources.length || !weights.every(Number.isFinite) || sum === 0 || !Number.isFinite(sum))
    throw new UserError(
      'bad-weights',
      `${weights.length} weights for ${sources.length} models: ${weights.join(', ')}.`,
      'Give one finite number per model, with a sum that is not zero.',
    );
  return weights.map((weight) => weight / sum);
}

function recipe(sources: readonly string[], weights: readonly number[] | undefined): string {
  const names = sources.map((source) => basename(source)).join(', ');
  return weights ? `mean of ${names}, weighted ${weights.join(', ')}` : `uniform mean of ${names}`;
}

async function write(
  target: string,
  inputs: readonly MergeInput[],
  job: { shares: number[] | null; metadata: Record<string, string>; options: MergeOptions },
): Promise<{ bytes: number; sha256: string }> {
  const { dtype, signal, onProgress } = job.options;
  const sources = inputs.map(({ source }) => source);
  const newest = sources[sources.length - 1];
  const infos = [...newest.tensors.values()];
  const total = infos.reduce((sum, { dtype, bytes }) => sum + bytes * (floats[dtype] ? sources.length : 1), 0);
  const temporary = temporaryPath(resolve(target));
  await withFileErrors(target, async () => {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
  });
  try {
    let done = 0;
    const count = (bytes: number) => {
      signal?.throwIfAborted();
      done += bytes;
      onProgress?.(done, total);
    };
    const tensors = infos.map((info): TensorToWrite => {
      const { name, shape } = info;
      const own = floats[info.dtype];
      if (!own) return { name, shape, dtype: info.dtype, chunks: copied(newest, info, count) };
      const to = dtype ?? own;
      return { name, shape, dtype: safetensorsDType[to], chunks: averaged(sources, info, job.shares, to, count) };
    });
    const { bytes, sha256 } = await writeSafetensors(join(temporary, weightsFile), tensors, job.metadata);
    await writeCompanions(inputs, temporary, dtype);
    await replaceFolderAtomically(temporary, resolve(target));
    return { bytes, sha256 };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** config.json of the newest input, tokenizer of the newest that has a folder of its own. */
async function writeCompanions(
  inputs: readonly MergeInput[],
  to: string,
  dtype: WeightDType | undefined,
): Promise<void> {
  const { config } = inputs[inputs.length - 1];
  if (config) {
    const text = JSON.stringify(dtype ? { ...config, torch_dtype: dtype } : config, null, 2);
    await writeFileAtomically(join(to, 'config.json'), `${text}\n`);
  }
  const from = inputs.findLast(({ folder }) => folder !== null)?.folder;
  if (!from) return;
  for (const name of await readdir(from)) {
    if (!companions.test(name)) continue;
    await withFileErrors(join(to, name), () => copyFile(join(from, name), join(to, name)));
    await syncFile(join(to, name));
  }
}

async function* copied(
  source: TensorSource,
  { name, elements }: SourceTensor,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces(0, elements)) {
    const bytes = await source.raw(name, piece.offset, piece.count);
    count(bytes.length);
    yield bytes;
  }
}

/** One tensor's mean in pieces: memory is one accumulator and one input piece, whatever the number of files. */
async function* averaged(
  files: readonly TensorSource[],
  { name, elements, bytes }: SourceTensor,
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
          `${name} in ${file.fileOf(name)} holds NaN or infinity.`,
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
