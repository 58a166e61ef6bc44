/**
 * Offline: means of models, tensor by tensor by name, in bounded memory (formulas: merge-methods.ts). Any architecture:
 * averaging needs only names and shapes. Tensors that hold no floating-point numbers (masks, counters) are taken from
 * the newest. What can be an input is said in merge-input.ts.
 */
import { createHash } from 'node:crypto';
import { copyFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { hashFile } from '../checkpoint/hash.ts';
import { safetensorsHead } from '../checkpoint/safetensors.ts';
import { safetensorsDType, type WeightDType } from '../checkpoint/vector.ts';
import { UserError } from '../errors.ts';
import { ensureSpace, replaceFolderAtomically, syncFile, withFileErrors, writeFileAtomically } from '../files.ts';
import { closeInputs, fileLabels, type MergeInput, openInputs } from './merge-input.ts';
import { combination, type PlainMethod, recipeOf } from './merge-methods.ts';
import { type MergeMark, MergeOutput } from './merge-output.ts';
import { floats, inputBytes, type StreamOutput, streamMerge } from './merge-stream.ts';

export interface MergeOptions {
  /** Absent: uniform. */
  readonly method?: PlainMethod;
  /** Of the sums; absent: float32. */
  readonly precision?: 'float32' | 'float64';
  /** Absent: each tensor keeps the dtype that it has in the inputs; float64 becomes float32. */
  readonly dtype?: WeightDType;
  /** False: the arithmetic is TypeScript's even where there are native kernels for it. The bits are the same. */
  readonly native?: boolean;
  /** Whether SHA-256 of every input file is taken for the provenance, which reads them once more; absent: yes. */
  readonly hashes?: boolean;
  readonly signal?: AbortSignal;
  /** Bytes of input read so far, and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Added to the provenance in the file's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** One mean to write. */
export interface MergeTarget {
  readonly target: string;
  /** Places in the list of inputs, ascending. */
  readonly members: readonly number[];
}
export interface WrittenMerge {
  readonly target: string;
  readonly bytes: number;
  /** With which `rereadMerge` tells whether it lies on the disk as it was written. */
  readonly marks: readonly MergeMark[];
}

/** Beside weights and config.json, what makes a folder usable. */
const companions =
  /^(generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^merges\.txt$/;

/** The one mean of all inputs. @see mergeWindowsOf */
export async function mergeCheckpoints(
  inputs: readonly string[],
  target: string,
  options: MergeOptions = {},
): Promise<WrittenMerge> {
  const [written] = await mergeInto(inputs, [{ target, members: inputs.map((_, i) => i) }], options);
  return written;
}

/**
 * Averages models into new Hugging Face folders, each under a temporary name that is renamed when all are written.
 * Every input is read once, in whatever number of outputs it is; each output has the bits that it would have alone.
 * Where no input says what model it is, a folder holds weights alone. An error or a stop leaves nothing behind; a kill
 * leaves the temporary folders, from which the same call goes on behind the last tensor that is as it was written.
 * @param inputs folders or files, oldest first: the order of addition; a member that is the newest of its output gives
 *   it config and tokenizer
 * @throws UserError 'nothing-to-average', 'bad-weights', 'two-needed', 'target-in-input', 'model-missing',
 *   'model-config', 'model-mismatch' with the first three differences, 'not-finite' naming file and tensor,
 *   'out-of-range', 'file-damaged', 'pickle-refused', 'disk-full' before the first byte, 'not-writable'
 */
export async function mergeInto(
  inputs: readonly string[],
  targets: readonly MergeTarget[],
  options: MergeOptions = {},
): Promise<WrittenMerge[]> {
  const paths = inputs.map((input) => resolve(input));
  const method = options.method ?? { kind: 'uniform' };
  if (paths.length < 2)
    throw new UserError(
      'nothing-to-average',
      `A mean needs at least two models; ${paths.length === 1 ? 'one was' : 'none were'} given.`,
      'Add more checkpoints.',
    );
  const hows = targets.map(({ members }) => combination(method, members.length));
  for (const { target } of targets) for (const path of paths) checkApart(path, resolve(target));

  const opened = await openInputs(paths);
  const outputs: StreamOutput[] = [];
  try {
    const sources = opened.map(({ source }) => source);
    // Every output lists its tensors as the newest input does.
    const tensors = [...sources[sources.length - 1].tensors.values()];
    const count = progress(options, opened, inputBytes({ sources, tensors, outputs: asked(targets, hows) }));
    const hashes = options.hashes === false ? null : await hashInputs(opened, count);
    const inputsKey = await stamp(opened);
    const { dtype } = options;
    for (const [i, { target, members }] of targets.entries()) {
      const metadata = {
        format: 'pt',
        source: 'meander',
        policy: 'merge',
        recipe:
          recipeOf(
            method,
            members.map((m) => basename(paths[m])),
          ) + wideWords(options),
        ...(hashes && { sources: JSON.stringify(Object.fromEntries(members.flatMap((m) => hashes[m]))) }),
        ...options.metadata,
      };
      const { head, sizes } = safetensorsHead(
        tensors.map(({ name, shape, dtype: own }) => {
          const to = floats[own] && (dtype ?? floats[own]);
          return { name, shape, dtype: to ? safetensorsDType[to] : own };
        }),
        metadata,
      );
      const how = JSON.stringify([hows[i], members, options.precision ?? 'float32', inputsKey]);
      const key = createHash('sha256').update(head).update(how).digest('hex');
      outputs.push({ file: await MergeOutput.open(target, head, sizes, key), members, how: hows[i] });
    }
    const parent = dirname(resolve(targets[0].target));
    await ensureSpace(
      parent,
      outputs.reduce((sum, { file }) => sum + file.missing, 0),
    );
    const finished = Math.min(...outputs.map(({ file }) => file.finished));
    for (const { file } of outputs) await file.startAfter(finished);
    const job = {
      sources,
      outputs,
      tensors,
      dtype,
      wide: options.precision === 'float64',
      native: options.native ?? true,
      count,
    };
    if (finished > 0) count(inputBytes({ ...job, tensors: tensors.slice(0, finished) }));
    await streamMerge(job, finished);
    const written: WrittenMerge[] = [];
    for (const { file, members } of outputs) {
      written.push({ target: file.target, ...(await file.end()) });
      await writeCompanions(
        members.map((m) => opened[m]),
        file.temporary,
        dtype,
      );
    }
    for (const { file } of outputs) await replaceFolderAtomically(file.temporary, file.target);
    return written;
  } catch (error) {
    for (const { file } of outputs) await file.drop();
    throw error;
  } finally {
    for (const { file } of outputs) await file.close();
    await closeInputs(opened);
  }
}

const asked = (targets: readonly MergeTarget[], hows: readonly StreamOutput['how'][]) =>
  targets.map(({ members }, i) => ({ members, how: hows[i] }) as unknown as StreamOutput);
const wideWords = ({ precision }: MergeOptions) => (precision === 'float64' ? ', summed in float64' : '');

/** Counts bytes of hashing and of reading as one, and ends the work where it was asked to. */
function progress(options: MergeOptions, inputs: readonly MergeInput[], reading: number): (bytes: number) => void {
  const { signal, onProgress, hashes } = options;
  const stored = (input: MergeInput) => [...input.source.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const total = reading + (hashes === false ? 0 : inputs.reduce((sum, input) => sum + stored(input), 0));
  let done = 0;
  return (bytes) => {
    signal?.throwIfAborted();
    done += bytes;
    onProgress?.(done, total);
  };
}

/** Label and SHA-256 of the files of every input. */
async function hashInputs(
  inputs: readonly MergeInput[],
  count: (bytes: number) => void,
): Promise<[label: string, sha256: string][][]> {
  const labels = fileLabels(inputs);
  const hashes: [string, string][][] = [];
  for (const { source } of inputs) {
    const own: [string, string][] = [];
    for (const file of source.files) own.push([labels.get(file)!, (await hashFile(file)) ?? '']);
    count([...source.tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0));
    hashes.push(own);
  }
  return hashes;
}

/** What tells that inputs are still what they were: names, sizes and times of their files. */
async function stamp(inputs: readonly MergeInput[]): Promise<string> {
  const files = inputs.flatMap(({ source }) => source.files);
  const stamps = await Promise.all(
    files.map(async (file) => {
      const { size, mtimeMs } = await stat(file);
      return [file, size, mtimeMs];
    }),
  );
  return JSON.stringify(stamps);
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
