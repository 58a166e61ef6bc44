/** One checkpoint: a model folder, the trainer's tensors and counters, and DONE. */
import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isWindow, windowShares } from '../../shared/policies.ts';
import { accumulatorName } from '../averaging/accumulator.ts';
import type { PolicyState } from '../averaging/policy.ts';
import { meanReader, type OpenSnapshot, type SnapshotFiles } from '../averaging/snapshots.ts';
import type { Floats } from '../backends/backend.ts';
import { UserError } from '../errors.ts';
import { ensureSpace, replaceFolderAtomically, temporaryPath, withFileErrors } from '../files.ts';
import type { ParameterTable } from '../program/types.ts';
import { hashFile } from './hash.ts';
import { doneName, readDone, sizeProblem, trainerJson, trainerTensors } from './layout.ts';
import {
  type ModelFolder,
  type ModelFolderContent,
  openModelFolder,
  weightsFile,
  writeModelFiles,
  writeText,
} from './model-folder.ts';
import type { OpenPair, RunPairs } from './run-pairs.ts';
import { SafetensorsReader, writeSafetensors } from './safetensors.ts';
import { readLimited } from './text.ts';
import { type DoneFile, type TrainerState, trainerState } from './trainer-state.ts';
import { encodedPieces, storeReader, type WeightReader, type WeightWriter } from './vector.ts';
import { pairsFor, widthAsked, widthReader } from './width.ts';

/** A trainer.json larger than this is none. */
const trainerLimit = 20_000_000;

/**
 * Writes a checkpoint folder under a temporary name, DONE last, and renames it into place. Every weight, moment
 * and accumulator is checked finite on the way.
 * @returns bytes of the folder and the SHA-256 of model.safetensors
 */
export async function writeCheckpointFolder(
  folder: string,
  model: Omit<ModelFolderContent, 'dtype'>,
  state: TrainerState,
  tensors: readonly { name: string; store: Floats }[],
): Promise<{ bytes: number; sha256: string }> {
  const vectors = [...tensors.map(({ store }) => store.elements), model.table.count];
  await ensureSpace(dirname(folder), 4 * vectors.reduce((a, b) => a + b, 0));
  const temporary = temporaryPath(folder);
  await withFileErrors(folder, async () => {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
  });
  try {
    const files = await writeModelFiles(temporary, { ...model, dtype: 'float32' });
    files[trainerTensors] = await writeSafetensors(
      join(temporary, trainerTensors),
      tensors.map(({ name, store }) => ({
        name,
        dtype: 'F32' as const,
        shape: [store.elements],
        chunks: encodedPieces(storeReader(store), 0, store.elements, 'float32', name),
      })),
      {},
    );
    files[trainerJson] = await writeText(join(temporary, trainerJson), `${JSON.stringify(state, null, 2)}\n`);
    const done: DoneFile = { schema: 1, files };
    await writeText(join(temporary, doneName), `${JSON.stringify(done, null, 2)}\n`);
    await replaceFolderAtomically(temporary, folder);
    return {
      bytes: Object.values(files).reduce((sum, file) => sum + file.bytes, 0),
      sha256: files[weightsFile].sha256,
    };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** What a checkpoint needs of its run. */
export interface CheckpointSource {
  readonly table: ParameterTable;
  readonly snapshots: SnapshotFiles;
  readonly pairs: RunPairs;
}

/** A checkpoint opened for reading. */
export class Checkpoint {
  readonly path: string;
  readonly step: number;
  readonly model: ModelFolder;
  readonly trainer: TrainerState;
  /** SHA-256 of model.safetensors. */
  readonly sha256: string;
  readonly #done: DoneFile;
  readonly #tensors: SafetensorsReader;
  readonly #snapshots: SnapshotFiles;
  readonly #table: ParameterTable;
  readonly #pairs: RunPairs;
  #open: (OpenSnapshot | OpenPair)[] = [];

  private constructor(
    path: string,
    done: DoneFile,
    model: ModelFolder,
    trainer: TrainerState,
    tensors: SafetensorsReader,
    source: CheckpointSource,
  ) {
    this.path = path;
    this.step = trainer.step;
    this.model = model;
    this.trainer = trainer;
    this.sha256 = done.files[weightsFile].sha256;
    this.#done = done;
    this.#tensors = tensors;
    this.#table = source.table;
    this.#snapshots = source.snapshots;
    this.#pairs = source.pairs;
  }

  /**
   * Checks structure and sizes; `verify` checks contents.
   * @throws UserError 'checkpoint-damaged' naming the file and the reason
   */
  static async open(path: string, step: number, source: CheckpointSource): Promise<Checkpoint> {
    const done = await readDone(path);
    if (!done) throw damagedCheckpoint(path, `${join(path, doneName)} is missing or damaged: it was never finished`);
    for (const name of [weightsFile, trainerTensors, trainerJson])
      if (!done.files[name]) throw damagedCheckpoint(path, `${join(path, doneName)} does not name ${name}`);
    const problem = await sizeProblem(path, done);
    if (problem) throw damagedCheckpoint(path, problem);
    const trainer = parseTrainer(join(path, trainerJson), await readLimited(join(path, trainerJson), trainerLimit));
    if (trainer.step !== step)
      throw damagedCheckpoint(
        path,
        `${join(path, trainerJson)} is of step ${trainer.step}, the folder of step ${step}`,
      );
    const model = await openModelFolder(path);
    try {
      const tensors = await SafetensorsReader.open(join(path, trainerTensors));
      return new Checkpoint(path, done, model, trainer, tensors, source);
    } catch (error) {
      await model.close();
      throw error;
    }
  }

  /**
   * Reads every file, the snapshots of its windows too, and compares hashes: finds what no size shows.
   * @throws UserError 'checkpoint-damaged'
   */
  async verify(): Promise<void> {
    for (const [name, { sha256 }] of Object.entries(this.#done.files))
      if ((await hashFile(join(this.path, name))) !== sha256)
        throw damagedCheckpoint(this.path, `the content of ${join(this.path, name)} has changed since it was written`);
    for (const [step, sha256] of Object.entries(this.trainer.snapshots)) {
      const found = await this.#snapshots.hash(Number(step));
      if (found === sha256) continue;
      const what = found === null ? 'are missing' : 'have changed since they were written';
      throw damagedCheckpoint(this.path, `the weights of step ${step}, which its averages need, ${what}`);
    }
  }

  /** Raw weights, in pieces of at most 8 MiB, padded rows as zeros. */
  loadWeights(write: WeightWriter): Promise<void> {
    return this.model.loadInto(this.#table, write);
  }

  /** Names in trainer.safetensors: m or z, v, and policies' accumulators. */
  get tensors(): string[] {
    return [...this.#tensors.tensors.keys()];
  }

  /**
   * A vector of trainer.safetensors by range.
   * @throws UserError 'checkpoint-damaged' when it is missing
   */
  tensor(name: string): WeightReader {
    if (!this.#tensors.tensors.has(name))
      throw damagedCheckpoint(this.path, `${this.#tensors.path} has no tensor "${name}"`);
    return (offset, count) => this.#tensors.floats(name, offset, count);
  }

  /**
   * Weights by range: 'raw', the average that a policy held at this step, or a power EMA of another width as
   * `id@width`; without any backend.
   * @throws UserError 'average-missing' for an unknown policy or one without a value yet, 'snapshot-missing',
   *   'bad-width', 'no-widths', 'width-out-of-reach', 'pair-missing', 'pair-damaged'
   */
  async weights(of: string): Promise<WeightReader> {
    if (of === 'raw') return this.#snapshot(this.step);
    const asked = widthAsked(of);
    if (asked) return this.#width(asked.id, asked.width);
    const policy = this.trainer.policies[of];
    if (!policy || policy.state.count === 0) throw this.#noAverage(of);
    if (!isWindow(policy.config)) return this.tensor(accumulatorName(of));
    const steps = policy.state.window ?? [];
    const readers: WeightReader[] = [];
    for (const step of steps) readers.push(await this.#snapshot(step));
    return meanReader(readers, windowShares(policy.config, steps.length));
  }

  /** step → SHA-256 of the weight files that `of` is made from. */
  sources(of: string): Record<string, string> {
    const asked = widthAsked(of);
    const pairs = asked ? pairsFor(this.trainer.policies[asked.id]?.state ?? { count: 0 }) : [];
    if (pairs.length > 0) {
      const hashes = pairs.map(({ step, sha256 }) => [step, sha256]);
      return Object.fromEntries([...hashes, [this.step, this.#done.files[trainerTensors].sha256]]);
    }
    const window = of === 'raw' ? [this.step] : this.trainer.policies[of]?.state.window;
    if (!window) return { [this.step]: this.#done.files[trainerTensors].sha256 };
    return Object.fromEntries(
      window.map((step) => [step, step === this.step ? this.sha256 : (this.trainer.snapshots[step] ?? '')]),
    );
  }

  async close(): Promise<void> {
    await this.model.close();
    await this.#tensors.close();
    for (const file of this.#open) await file.close();
    this.#open = [];
  }

  async #snapshot(step: number): Promise<WeightReader> {
    const file = await this.#snapshots.open(step);
    if (!file)
      throw new UserError(
        'snapshot-missing',
        `The weights of step ${step}, which this average is made from, are not in the run's folder.`,
        'Take the average of a newer checkpoint, or the raw weights.',
      );
    this.#open.push(file);
    return file.read;
  }

  async #width(id: string, width: number): Promise<WeightReader> {
    const policy = this.trainer.policies[id];
    if (!policy || policy.state.count === 0) throw this.#noAverage(id);
    const { config } = policy;
    if (config.kind !== 'power')
      throw new UserError(
        'no-widths',
        `The width of "${id}" cannot be chosen afterwards: it is no power EMA.`,
        `Take ${id} as it is, or add a policy of kind "power" to the next run.`,
      );
    const held = config.widths.map((_, i) => this.tensor(accumulatorName(id, i)));
    if (config.widths.includes(width)) return held[config.widths.indexOf(width)];
    const { elements } = this.#table;
    const pairs: { count: number; reads: readonly WeightReader[] }[] = [];
    for (const { step, count, sha256 } of pairsFor(policy.state as PolicyState)) {
      const pair = await this.#pairs.open(config.id, step, sha256, elements);
      this.#open.push(pair);
      pairs.push({ count, reads: pair.reads });
    }
    return widthReader(config, width, [...pairs, { count: policy.state.count, reads: held }]);
  }

  #noAverage(of: string): UserError {
    const { policies } = this.trainer;
    const known = Object.keys(policies).filter((id) => policies[id].state.count > 0);
    const reason = policies[of] ? 'has no value yet' : 'does not exist';
    return new UserError(
      'average-missing',
      `At step ${this.step} the average "${of}" ${reason}.`,
      known.length > 0 ? `Choose raw or one of: ${known.join(', ')}.` : 'Choose the raw weights or a later checkpoint.',
    );
  }
}

function parseTrainer(path: string, text: string): TrainerState {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw damagedCheckpoint(dirname(path), `${path} is not JSON`);
  }
  const parsed = trainerState.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path: key, message } = parsed.error.issues[0];
  throw damagedCheckpoint(dirname(path), `${path}: ${key.join('.') || 'the file'}: ${message}`);
}

/** The run folder adds which checkpoint to take instead. */
export function damagedCheckpoint(path: string, reason: string, instead: number | null = null): UserError {
  const next =
    instead === null
      ? 'Restore that folder from a copy, or start the run again.'
      : `Restore that folder from a copy, or delete it: the run then resumes from step ${instead} instead.`;
  return new UserError('checkpoint-damaged', `The checkpoint ${basename(path)} cannot be used: ${reason}.`, next);
}
