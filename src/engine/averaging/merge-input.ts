/** What can be averaged: the weights behind a path, whatever their format, and the configuration that they come with. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { ModelConfig } from '../../shared/config.ts';
import { mismatch } from '../checkpoint/foreign.ts';
import { isWeightsName, openTensorFile } from '../checkpoint/import/file.ts';
import { Gpt2Source, ownModel } from '../checkpoint/import/gpt2.ts';
import { openTensors } from '../checkpoint/import/open.ts';
import type { SourceTensor, TensorSource } from '../checkpoint/import/tensors.ts';
import { listNames, readDone, runFileName, stepOf } from '../checkpoint/layout.ts';
import { fromHuggingFace, toHuggingFace } from '../checkpoint/model-config.ts';
import { readLimited } from '../checkpoint/text.ts';
import { UserError } from '../errors.ts';
import { compareTokenizers } from './merge-tokenizer.ts';
import { compareVariants } from './revisions.ts';

export interface MergeInput {
  /** As given, or of the checkpoint in the run that was given. */
  readonly path: string;
  /** Of the config.json and tokenizer beside the weights; null for a file alone. */
  readonly folder: string | null;
  /** Content of config.json, or what a checkpoint of nanoGPT or llm.c says of itself as one; null where there is neither. */
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly source: TensorSource;
}

const configLimit = 1_000_000;
/** Keys of config.json that say nothing of the architecture. */
const incidental = new Set(['_name_or_path', 'transformers_version', 'torch_dtype', 'dtype', 'use_cache']);

/**
 * Opens every input: runs (their newest complete checkpoint), Hugging Face folders with config.json (any
 * architecture), nanoGPT checkpoints and their out folders, llm.c's checkpoints, single files of safetensors or
 * torch.save. Where GPT-2s of nanoGPT or llm.c are among them, or GPT-2s that name their tensors differently, all are seen under Hugging Face's names and orientation. On an error all are closed.
 * @throws UserError 'model-missing', 'model-config', 'file-damaged', 'pickle-refused', 'model-mismatch' with the
 *   first three differences
 */
export async function openInputs(paths: readonly string[]): Promise<MergeInput[]> {
  let inputs: MergeInput[] = [];
  try {
    for (const path of paths) inputs.push(await openInput(path));
    inputs = alike(inputs);
    compareTensors(inputs);
    compareConfigs(inputs);
    compareVariants(inputs);
    await compareTokenizers(inputs.flatMap(({ folder }) => folder ?? []));
    return inputs;
  } catch (error) {
    await closeInputs(inputs);
    throw error;
  }
}

export async function closeInputs(inputs: readonly MergeInput[]): Promise<void> {
  for (const input of inputs) await input.source.close();
}

/** Every file of the inputs under a name short enough to read and different from all others. */
export function fileLabels(inputs: readonly MergeInput[]): Map<string, string> {
  const names = inputs.map(({ path }) => basename(path));
  const labels = new Map<string, string>();
  for (const [i, { path, source }] of inputs.entries()) {
    const unique = names.filter((name) => name === names[i]).length === 1;
    const label = unique ? names[i] : join(basename(dirname(path)), names[i]);
    for (const file of source.files)
      labels.set(file, source.files.length === 1 ? label : join(label, relative(resolve(path), file)));
  }
  return labels;
}

/** The newest complete checkpoint of a run; the folder itself where it is none. */
export async function checkpointOf(folder: string): Promise<string> {
  const names = await listNames(folder);
  if (!names.includes(runFileName)) return folder;
  const checkpoints = (await listNames(join(folder, 'checkpoints'))).filter((name) => stepOf(name) !== null);
  for (const name of checkpoints.reverse()) {
    const path = join(folder, 'checkpoints', name);
    if (await readDone(path)) return path;
  }
  throw new UserError(
    'model-missing',
    `The run ${folder} has no checkpoint yet.`,
    'Let it write one, or leave it out.',
  );
}

/** One input, as it is. @throws UserError as openInputs does */
export async function openInput(given: string): Promise<MergeInput> {
  const isFolder = (await stat(given).catch(() => null))?.isDirectory() ?? false;
  const path = isFolder ? await checkpointOf(given) : given;
  const isFile = (await stat(path).catch(() => null))?.isFile() ?? isWeightsName(path);
  if (isFile && !isWeightsName(path))
    throw new UserError(
      'model-missing',
      `${path} is no file of weights.`,
      'Name a folder, or a .safetensors or .pt file.',
    );
  const source = await (isFile ? openTensorFile(path) : openTensors(path));
  try {
    const own = ownModel(source);
    if (own) return { path, folder: null, config: ownConfig(own), source };
    if (isFile) return { path, folder: null, config: null, source };
    return { path, folder: path, config: await readConfig(path), source };
  } catch (error) {
    await source.close();
    throw error;
  }
}

const ownConfig = (model: ModelConfig) => toHuggingFace(model, 'float32', null) as Record<string, unknown>;

async function readConfig(folder: string): Promise<Record<string, unknown>> {
  const path = join(folder, 'config.json');
  const text = await readLimited(path, configLimit).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new UserError(
      'model-missing',
      `${folder} has no config.json.`,
      'Choose folders of models in Hugging Face format.',
    );
  });
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch {
    // Said below, as for JSON of another kind.
  }
  throw new UserError('model-config', `${path} is not a JSON object.`, 'Restore the file from a copy.');
}

/** A checkpoint of nanoGPT or llm.c, whose linear weights lie turned. */
const isTurned = ({ source }: MergeInput) => ownModel(source) !== null;

/**
 * GPT-2s under one set of names. A checkpoint of nanoGPT or llm.c makes it necessary, and its model is the one that all others
 * must have; Hugging Face folders alone are left as they are unless their names differ.
 */
function alike(inputs: MergeInput[]): MergeInput[] {
  const names = new Set(inputs.map(({ source }) => [...source.tensors.keys()].sort().join('\n')));
  const gpt2 = inputs.every(({ config }) => config?.model_type === 'gpt2');
  if (!inputs.some(isTurned) && !(gpt2 && names.size > 1)) return inputs;
  const models = inputs.map(({ path, config }) => {
    if (!config)
      throw mismatch(`${path} does not fit a checkpoint of nanoGPT or llm.c`, ['it does not say what model it is']);
    return fromHuggingFace(join(path, 'config.json'), JSON.stringify(config));
  });
  const newest = models[models.length - 1];
  // A mean with a model that has biases has biases.
  const bias = models.some((model) => model.bias);
  return inputs.map((input, i) => {
    const wrong = (['blockSize', 'vocabSize', 'layers', 'heads', 'width', 'gelu', 'inverseLayerScaling'] as const)
      .filter((key) => models[i][key] !== newest[key])
      .map((key) => `${key} is ${models[i][key]} and not ${newest[key]}`);
    if (wrong.length > 0)
      throw mismatch(`${input.path} is another GPT-2 than ${inputs[inputs.length - 1].path}`, wrong);
    const source = new Gpt2Source(input.source, models[i]);
    const { meander } = input.config as { meander?: { schema: number; model: ModelConfig } };
    const config = meander
      ? { ...input.config, meander: { ...meander, model: { ...meander.model, bias } } }
      : input.config;
    return { ...input, config, source };
  });
}

const describe = (info: SourceTensor) => `${info.dtype} [${info.shape.join(', ')}]`;

function compareTensors(inputs: readonly MergeInput[]): void {
  const newest = inputs[inputs.length - 1].source;
  for (const { source } of inputs.slice(0, -1)) {
    const wrong: string[] = [];
    for (const [name, info] of newest.tensors) {
      const other = source.tensors.get(name);
      if (!other) wrong.push(`${name} is missing`);
      else if (describe(other) !== describe(info))
        wrong.push(`${name} is ${describe(other)} and not ${describe(info)}`);
    }
    for (const name of source.tensors.keys()) if (!newest.tensors.has(name)) wrong.push(`${name} is extra`);
    if (wrong.length > 0) throw mismatch(`${source.path} does not fit ${newest.path}`, wrong);
  }
}

/** GPT-2s under one view were compared by what they are; all others key by key. */
function compareConfigs(inputs: readonly MergeInput[]): void {
  const newest = inputs[inputs.length - 1];
  if (newest.source instanceof Gpt2Source || !newest.config) return;
  const config = newest.config;
  for (const { path, config: other } of inputs.slice(0, -1)) {
    if (!other) continue;
    const keys = [...new Set([...Object.keys(config), ...Object.keys(other)])].filter((key) => !incidental.has(key));
    const wrong = keys
      .filter((key) => JSON.stringify(config[key]) !== JSON.stringify(other[key]))
      .map(
        (key) =>
          `${key} is ${JSON.stringify(other[key]) ?? 'absent'} and not ${JSON.stringify(config[key]) ?? 'absent'}`,
      );
    if (wrong.length > 0) throw mismatch(`${join(path, 'config.json')} does not fit that of ${newest.path}`, wrong);
  }
}
