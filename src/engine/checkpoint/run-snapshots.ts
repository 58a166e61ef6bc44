/** Snapshots of a run on disk: files of their own, or the checkpoint that has the same weights. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelConfig } from '../../shared/config.ts';
import type { OpenSnapshot, SnapshotFiles } from '../averaging/snapshots.ts';
import { withFileErrors } from '../files.ts';
import type { ParameterTable } from '../program/types.ts';
import { hashFile } from './hash.ts';
import { readDone, stepName } from './layout.ts';
import { weightsFile, weightsReader, writeWeights } from './model-folder.ts';
import { SafetensorsReader } from './safetensors.ts';
import type { WeightReader } from './vector.ts';

/**
 * Metadata of a run's weight files, checkpoint or snapshot: a pure function of run and step, so that both files of
 * one step are the same to the last byte and one hash names them.
 */
export const weightsMetadata = (run: string, step: number): Record<string, string> => ({
  source: 'meander',
  run,
  step: String(step),
  policy: 'raw',
});

export class RunSnapshots implements SnapshotFiles {
  readonly #run: string;
  readonly #name: string;
  readonly #model: ModelConfig;
  readonly #table: ParameterTable;
  readonly #parent: SnapshotFiles | null;
  readonly #isNamed: (step: number) => Promise<boolean>;
  /** Hashes of files written or read in this process. */
  readonly #hashes = new Map<number, string>();

  constructor(options: {
    /** The run's folder and name. */
    run: string;
    name: string;
    model: ModelConfig;
    table: ParameterTable;
    /** Where a child run finds the window that it started with. */
    parent: SnapshotFiles | null;
    /** Whether a complete checkpoint's window names the step. */
    isNamed: (step: number) => Promise<boolean>;
  }) {
    this.#run = options.run;
    this.#name = options.name;
    this.#model = options.model;
    this.#table = options.table;
    this.#parent = options.parent;
    this.#isNamed = options.isNamed;
  }

  async open(step: number): Promise<OpenSnapshot | null> {
    let file = await openIfThere(this.#path(step));
    if (!file && (await this.#isComplete(step))) file = await openIfThere(this.#checkpoint(step));
    if (!file) return this.#parent ? this.#parent.open(step) : null;
    const opened = file;
    return { read: weightsReader(this.#model, this.#table, opened), close: () => opened.close() };
  }

  async write(step: number, read: WeightReader): Promise<string> {
    const path = this.#path(step);
    await withFileErrors(path, () => mkdir(join(this.#run, 'snapshots'), { recursive: true }));
    const metadata = weightsMetadata(this.#name, step);
    const content = { model: this.#model, table: this.#table, read, dtype: 'float32' as const, metadata };
    const { sha256 } = await writeWeights(path, content);
    this.#hashes.set(step, sha256);
    return sha256;
  }

  async hash(step: number): Promise<string | null> {
    const known = this.#hashes.get(step);
    if (known) return known;
    let hash = await hashFile(this.#path(step));
    if (hash === null && (await this.#isComplete(step))) hash = await hashFile(this.#checkpoint(step));
    if (hash !== null) this.#hashes.set(step, hash);
    return hash;
  }

  async discard(step: number): Promise<void> {
    if (await this.#isNamed(step)) return;
    this.#hashes.delete(step);
    await rm(this.#path(step), { force: true });
  }

  async #isComplete(step: number): Promise<boolean> {
    return (await readDone(join(this.#run, 'checkpoints', stepName(step)))) !== null;
  }

  #path(step: number): string {
    return join(this.#run, 'snapshots', `${stepName(step)}.safetensors`);
  }

  #checkpoint(step: number): string {
    return join(this.#run, 'checkpoints', stepName(step), weightsFile);
  }
}

async function openIfThere(path: string): Promise<SafetensorsReader | null> {
  try {
    return await SafetensorsReader.open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
