/** A run is a folder: everything of it lies here, in formats that other tools open. */
import { mkdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { RunConfig } from '../../shared/config.ts';
import type { MetricsLine } from '../../shared/metrics.ts';
import { type RunFile, type RunFingerprints, runFile } from '../../shared/run-file.ts';
import type { SnapshotFiles, SnapshotPool } from '../averaging/snapshots.ts';
import type { Floats } from '../backends/backend.ts';
import type { Tokenizer } from '../data/source.ts';
import { UserError } from '../errors.ts';
import { syncFolder, temporaryPath, withFileErrors, writeFileAtomically } from '../files.ts';
import { parameterTable } from '../model/table.ts';
import type { ParameterTable } from '../program/types.ts';
import { Checkpoint, damagedCheckpoint, writeCheckpointFolder } from './checkpoint.ts';
import {
  doneName,
  folders,
  listNames,
  metricsName,
  readDone,
  runFileName,
  stepName,
  stepOf,
  sweepFolder,
  trainerJson,
} from './layout.ts';
import { takeLock } from './lock.ts';
import { MetricsFile, readMetrics } from './metrics-file.ts';
import { modelCard } from './model-card.ts';
import { weightsFile } from './model-folder.ts';
import { type Held, planRetention } from './retention.ts';
import { RunPairs } from './run-pairs.ts';
import { RunSnapshots, weightsMetadata } from './run-snapshots.ts';
import { type TrainerInput, type TrainerState, trainerState, windowSteps } from './trainer-state.ts';
import type { WeightReader } from './vector.ts';

export interface CheckpointEntry {
  readonly step: number;
  readonly path: string;
  readonly bytes: number;
  /** Policies that have a value at it. */
  readonly averages: readonly string[];
}

export interface CheckpointContent {
  /** Of θ_step. */
  readonly step: number;
  readonly table: ParameterTable;
  /** Reads the raw weights. */
  readonly read: WeightReader;
  readonly tokenizer: Tokenizer | null;
  readonly trainer: TrainerInput;
  /** Adam's moments and the policies' accumulators. */
  readonly tensors: readonly { readonly name: string; readonly store: Floats }[];
  /** What the policies' windows hold; made durable before DONE. */
  readonly pool: SnapshotPool;
}

export class RunFolder {
  readonly path: string;
  readonly file: RunFile;
  readonly #metrics: MetricsFile;
  #release: (() => Promise<void>) | null = null;
  /** Steps that complete checkpoints' windows name; null: to be read anew. */
  #named: Set<number> | null = null;

  private constructor(path: string, file: RunFile) {
    this.path = path;
    this.file = file;
    this.#metrics = new MetricsFile(join(path, metricsName));
  }

  /**
   * Makes the folder and its run.json.
   * @throws UserError 'run-exists' when it holds a run already, 'not-writable', 'disk-full'
   */
  static async create(
    path: string,
    config: RunConfig,
    extra: Partial<RunFingerprints> & { appVersion?: string } = {},
  ): Promise<RunFolder> {
    const folder = resolve(path);
    if ((await listNames(folder)).includes(runFileName))
      throw new UserError('run-exists', `${folder} holds a run already.`, 'Choose another name, or resume that run.');
    const file = runFile.parse({ schema: 1, config, createdAt: new Date().toISOString(), ...extra });
    const made = await withFileErrors(folder, () => mkdir(folder, { recursive: true }));
    try {
      await writeFileAtomically(join(folder, runFileName), `${JSON.stringify(file, null, 2)}\n`);
    } catch (error) {
      // An empty folder would only stand in the way of another try.
      if (made !== undefined) await rmdir(folder).catch(() => {});
      throw error;
    }
    return new RunFolder(folder, file);
  }

  /** @throws UserError 'run-missing' or 'run-damaged' */
  static async open(path: string): Promise<RunFolder> {
    const folder = resolve(path);
    const name = join(folder, runFileName);
    let text: string;
    try {
      text = await readFile(name, 'utf8');
    } catch (error) {
      throw new UserError(
        'run-missing',
        `${folder} is not a run: it has no ${runFileName}.`,
        'Choose the folder of a run.',
        {
          cause: error,
        },
      );
    }
    try {
      return new RunFolder(folder, runFile.parse(JSON.parse(text)));
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
      throw new UserError('run-damaged', `${name} cannot be read: ${reason}`, 'Restore the file from a copy.', {
        cause: error,
      });
    }
  }

  get config(): RunConfig {
    return this.file.config;
  }

  get datasetFingerprint(): string | null {
    return this.file.datasetFingerprint;
  }

  /** Layout of its weight vector; decay flags as in its config. */
  get table(): ParameterTable {
    return parameterTable(this.config.model, this.config.optimizer.decayEmbeddings);
  }

  /** @throws UserError 'run-in-use' naming the process */
  async lock(): Promise<void> {
    this.#release ??= await takeLock(this.path);
  }

  async unlock(): Promise<void> {
    await this.#release?.();
    this.#release = null;
  }

  /** Removes what a killed process left unfinished. Call with the lock held. */
  async sweep(): Promise<string[]> {
    this.#named = null;
    for (const name of folders)
      await withFileErrors(this.path, () => mkdir(join(this.path, name), { recursive: true }));
    const removed = await sweepFolder(this.path);
    // Snapshots past the newest checkpoint are of steps that will be made again.
    const newest = (await this.#list()).at(-1)?.step ?? -1;
    for (const name of await listNames(join(this.path, 'snapshots'))) {
      if ((stepOf(name) ?? -1) <= newest) continue;
      await rm(join(this.path, 'snapshots', name), { force: true });
      removed.push(join('snapshots', name));
    }
    return [...removed, ...(await this.pairFiles().sweep(await this.#namedPairs()))];
  }

  /** Where power EMAs of this run store their pairs. */
  pairFiles(): RunPairs {
    return new RunPairs(this.path);
  }

  /** Appends to metrics.jsonl. @throws UserError 'disk-full': none of the lines is written then */
  appendMetrics(lines: readonly MetricsLine[]): Promise<void> {
    return this.#metrics.append(lines);
  }

  /** Lines as readers see them: resumes applied, a torn last line dropped. */
  readMetrics(): Promise<MetricsLine[]> {
    return readMetrics(this.#metrics.path);
  }

  /** Finished checkpoints, ascending. One with damaged contents is among them: opening it says what is wrong. */
  async checkpoints(): Promise<CheckpointEntry[]> {
    const entries: CheckpointEntry[] = [];
    for (const { step, path, bytes, state } of await this.#list()) {
      const policies = Object.entries(state?.policies ?? {});
      const averages = policies.filter(([, policy]) => policy.state.count > 0).map(([id]) => id);
      entries.push({ step, path, bytes, averages });
    }
    return entries;
  }

  /**
   * Opens the checkpoint of a step; null takes the newest.
   * @throws UserError 'checkpoint-missing', or 'checkpoint-damaged' naming file, reason and what to resume from
   */
  async openCheckpoint(step: number | null): Promise<Checkpoint> {
    const all = await this.#list();
    const entry = step === null ? all.at(-1) : all.find((c) => c.step === step);
    if (!entry) {
      const have =
        all.length > 0
          ? `It has ${all.map((c) => c.step).join(', ')}.`
          : 'Train it until it has written one: at its interval, when it is stopped, and at its end.';
      throw new UserError(
        'checkpoint-missing',
        `The run "${this.config.name}" has no ${step === null ? 'checkpoint' : `checkpoint of step ${step}`}.`,
        have,
      );
    }
    const instead = all.filter((c) => c.step < entry.step).at(-1)?.step ?? null;
    try {
      return await Checkpoint.open(entry.path, entry.step, {
        table: this.table,
        snapshots: this.snapshotFiles(),
        pairs: this.pairFiles(),
      });
    } catch (error) {
      throw this.#explain(error, entry.path, instead);
    }
  }

  /**
   * Opens the newest checkpoint and checks every byte, for a resume.
   * @throws UserError 'checkpoint-damaged' naming what to resume from instead
   */
  async openForResume(): Promise<Checkpoint> {
    const checkpoint = await this.openCheckpoint(null);
    try {
      await checkpoint.verify();
      return checkpoint;
    } catch (error) {
      await checkpoint.close();
      const earlier = (await this.#list()).filter((c) => c.step < checkpoint.step).at(-1)?.step ?? null;
      throw this.#explain(error, checkpoint.path, earlier);
    }
  }

  /**
   * Writes the checkpoint of a step, over an older one of that step: first the snapshots that windows name, then
   * the folder with DONE last; then lets go what the run's retention does not keep.
   * @returns bytes of the checkpoint; what retention removed; bytes above the disk budget that nothing can free
   * @throws UserError 'not-finite' naming the tensor (nothing is written then), 'disk-full', 'not-writable'
   */
  async writeCheckpoint(content: CheckpointContent): Promise<{ bytes: number; removed: number[]; overBudget: number }> {
    const { step, table, read, tokenizer, tensors, pool } = content;
    const folder = join(this.path, 'checkpoints', stepName(step));
    await withFileErrors(folder, () => mkdir(join(this.path, 'checkpoints'), { recursive: true }));
    await this.#metrics.sync();
    const snapshots = await pool.persist(step);
    const state: TrainerState = trainerState.parse({ ...content.trainer, schema: 1, step, snapshots });
    const metadata = weightsMetadata(this.config.name, step);
    const card = modelCard({ model: this.config.model, config: this.config, step, of: 'raw', state, sources: {} });
    const model = { model: this.config.model, table, read, tokenizer, metadata, card };
    const { bytes, sha256 } = await writeCheckpointFolder(folder, model, state, tensors);
    pool.covered(step, sha256);
    this.#named = null;
    return { bytes, ...(await this.retain(pool.steps)) };
  }

  /** Where the pool of this run keeps snapshots. @param parent of a child run that starts with its parent's window */
  snapshotFiles(parent: RunFolder | null = null): SnapshotFiles {
    return new RunSnapshots({
      run: this.path,
      name: this.config.name,
      model: this.config.model,
      table: this.table,
      parent: parent?.snapshotFiles() ?? null,
      isNamed: async (step) => (await this.#namedSteps()).has(step),
    });
  }

  /** Steps of stored pairs that some checkpoint names, by policy. */
  async #namedPairs(): Promise<Map<string, Set<number>>> {
    const named = new Map<string, Set<number>>();
    for (const { state } of await this.#list())
      for (const [id, policy] of Object.entries(state?.policies ?? {}))
        for (const { step } of policy.state.stored ?? []) named.set(id, (named.get(id) ?? new Set()).add(step));
    return named;
  }

  /** Steps whose weights are on disk, in a checkpoint or as a snapshot, ascending. */
  async keptSteps(): Promise<number[]> {
    const snapshots = (await listNames(join(this.path, 'snapshots'))).map(stepOf).filter((step) => step !== null);
    const checkpoints = (await this.#list()).map((c) => c.step);
    return [...new Set([...snapshots, ...checkpoints])].sort((a, b) => a - b);
  }

  /**
   * Lets go of checkpoints and snapshots that neither the run's settings nor any window needs.
   * @param living steps that policies hold now
   */
  async retain(living: readonly number[]): Promise<{ removed: number[]; overBudget: number }> {
    const all = await this.#list();
    const held = all.map(({ step, bytes, state }): Held => {
      return { step, bytes, validationLoss: state?.validationLoss ?? null, window: state ? windowSteps(state) : [] };
    });
    const limits = this.config.checkpoints;
    const snapshotBytes = all.at(-1)?.weightBytes ?? this.table.count * 4;
    const plan = planRetention(held, limits, living, snapshotBytes);
    await withFileErrors(this.path, async () => {
      for (const step of plan.demote) await this.#demote(step);
      for (const step of plan.remove) await this.#removeCheckpoint(step);
      for (const name of await listNames(join(this.path, 'snapshots'))) {
        const step = stepOf(name);
        if (step === null) continue;
        if (!plan.needed.has(step) || plan.keep.includes(step))
          await rm(join(this.path, 'snapshots', name), { force: true });
      }
    });
    this.#named = null;
    const removed = [...plan.demote, ...plan.remove].sort((a, b) => a - b);
    return { removed, overBudget: Math.max(0, plan.bytes - (limits.diskBudget ?? Number.POSITIVE_INFINITY)) };
  }

  /** Where a policy's saved averages and exports go: averages/<policy>/step-…, exports/<name>. */
  averagePath(policy: string, step: number): string {
    return join(this.path, 'averages', policy, stepName(step));
  }

  /** Closes files and gives back the lock. */
  async close(): Promise<void> {
    await this.#metrics.close();
    await this.unlock();
  }

  #explain(error: unknown, path: string, instead: number | null): unknown {
    if (!(error instanceof UserError)) return error;
    const reason = error.message.replace(/^The checkpoint \S+ cannot be used: /, '').replace(/\.$/, '');
    const codes = [
      'checkpoint-damaged',
      'file-damaged',
      'model-missing',
      'model-config',
      'model-mismatch',
      'not-finite',
    ];
    return codes.includes(error.code) ? damagedCheckpoint(path, reason, instead) : error;
  }

  /** Complete checkpoints, ascending; `state` is null where trainer.json is damaged. */
  async #list(): Promise<
    { step: number; path: string; bytes: number; weightBytes: number; state: TrainerState | null }[]
  > {
    const found = [];
    for (const name of await listNames(join(this.path, 'checkpoints'))) {
      const step = stepOf(name);
      const path = join(this.path, 'checkpoints', name);
      const done = step === null ? null : await readDone(path);
      if (step === null || !done) continue;
      const text = await readFile(join(path, trainerJson), 'utf8').catch(() => '');
      const bytes = Object.values(done.files).reduce((sum, file) => sum + file.bytes, 0);
      found.push({ step, path, bytes, weightBytes: done.files[weightsFile]?.bytes ?? 0, state: parseState(text) });
    }
    return found.sort((a, b) => a.step - b.step);
  }

  async #namedSteps(): Promise<Set<number>> {
    this.#named ??= new Set((await this.#list()).flatMap(({ state }) => (state ? windowSteps(state) : [])));
    return this.#named;
  }

  /** Only the weights of a checkpoint are still needed: they become a snapshot, without copying. */
  async #demote(step: number): Promise<void> {
    const folder = join(this.path, 'checkpoints', stepName(step));
    const snapshots = join(this.path, 'snapshots');
    const target = join(snapshots, `${stepName(step)}.safetensors`);
    await mkdir(snapshots, { recursive: true });
    const aside = temporaryPath(folder);
    await rm(aside, { recursive: true, force: true });
    // Under its temporary name the folder is still complete: a sweep after a crash puts it back.
    await rename(folder, aside);
    if (!(await stat(target).catch(() => null))) await rename(join(aside, weightsFile), target);
    await syncFolder(snapshots);
    await rm(aside, { recursive: true, force: true });
    await syncFolder(join(this.path, 'checkpoints'));
  }

  async #removeCheckpoint(step: number): Promise<void> {
    const folder = join(this.path, 'checkpoints', stepName(step));
    // DONE goes first, so that a crash leaves nothing that looks complete.
    await rm(join(folder, doneName), { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

function parseState(text: string): TrainerState | null {
  try {
    return trainerState.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
