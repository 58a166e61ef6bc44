/**
 * Snapshots of the weights by step, shared by all policies of a run and counted by reference. Each lies in memory
 * while the budget allows, else on disk; all that a checkpoint names are made durable before its DONE.
 */
import type { Backend, Floats } from '../backends/backend.ts';
import { copyVector, pieces, storeReader, type WeightReader } from '../checkpoint/vector.ts';
import { UserError } from '../errors.ts';

export interface OpenSnapshot {
  readonly read: WeightReader;
  close(): Promise<void>;
}

/** Where snapshots go on disk; a run folder provides it. */
export interface SnapshotFiles {
  /** The weights of a step, from a snapshot or a checkpoint; null when neither is there. */
  open(step: number): Promise<OpenSnapshot | null>;
  /** Writes through a temporary name and fsync; returns the SHA-256 of the file. */
  write(step: number, read: WeightReader): Promise<string>;
  /** Whether the run's own folder holds the step, so that a checkpoint may name it. Null: not there. */
  hash(step: number): Promise<string | null>;
  /** Removes a snapshot unless a checkpoint names it. */
  discard(step: number): Promise<void>;
}

interface Snapshot {
  readonly step: number;
  references: number;
  store: Floats | null;
  /** SHA-256 of its file in the run's own folder, once it is durable there. */
  sha256: string | null;
}

export interface SnapshotPoolOptions {
  readonly backend: Backend;
  /** Length of the parameter vector. */
  readonly elements: number;
  /** null: everything stays in memory. */
  readonly files: SnapshotFiles | null;
  /** Bytes of snapshots in memory; beyond it they go to disk. Absent: a quarter of the memory available now. */
  readonly memoryBudget?: number;
}

export class SnapshotPool {
  readonly #backend: Backend;
  readonly #elements: number;
  readonly #files: SnapshotFiles | null;
  readonly #budget: number;
  readonly #snapshots = new Map<number, Snapshot>();
  #queue: Promise<void> = Promise.resolve();

  constructor({ backend, elements, files, memoryBudget }: SnapshotPoolOptions) {
    this.#backend = backend;
    this.#elements = elements;
    this.#files = files;
    this.#budget = memoryBudget ?? process.availableMemory() / 4;
  }

  /** Whether some policy holds the snapshot of this step. */
  has(step: number): boolean {
    return this.#snapshots.has(step);
  }

  /** Bytes in memory now. */
  get memoryBytes(): number {
    return [...this.#snapshots.values()].filter((s) => s.store).length * this.#elements * 4;
  }

  /** Steps held by any policy, ascending. */
  get steps(): number[] {
    return [...this.#snapshots.keys()].sort((a, b) => a - b);
  }

  /**
   * One more reference to the snapshot of `step`. The copy is enqueued before the call returns; await `settle`
   * before more weights are shown, so that memory stays within its budget.
   */
  acquire(step: number, weights: Floats): void {
    const known = this.#snapshots.get(step);
    if (known) {
      known.references++;
      return;
    }
    const store = this.#backend.store('f32', this.#elements);
    this.#backend.vectors.copy(store, weights);
    this.#snapshots.set(step, { step, references: 1, store, sha256: null });
  }

  /**
   * One more reference to a snapshot that lies on disk; it is loaded where the budget allows.
   * @throws UserError 'snapshot-missing'
   */
  async adopt(step: number): Promise<void> {
    const known = this.#snapshots.get(step);
    if (known) {
      known.references++;
      return;
    }
    const file = await this.#open(step);
    try {
      const snapshot: Snapshot = { step, references: 1, store: null, sha256: await this.#files!.hash(step) };
      if (this.memoryBytes + this.#elements * 4 <= this.#budget) {
        const store = this.#backend.store('f32', this.#elements);
        await copyVector(file.read, (offset, data) => store.write(offset, data), this.#elements);
        snapshot.store = store;
      }
      this.#snapshots.set(step, snapshot);
    } finally {
      await file.close();
    }
  }

  /** Gives up one reference; the last one frees the memory and, where no checkpoint names it, the file. */
  release(step: number): void {
    const snapshot = this.#snapshots.get(step);
    if (!snapshot) throw new Error(`no snapshot of step ${step} to release`);
    if (--snapshot.references > 0) return;
    this.#snapshots.delete(step);
    snapshot.store?.free();
    snapshot.store = null;
    // What cannot be removed now is removed with the next checkpoint's retention.
    if (snapshot.sha256 !== null) void this.#inOrder(() => this.#files!.discard(step)).catch(() => {});
  }

  /**
   * Moves snapshots to disk until the rest fits the budget: those that are durable already first, then the newest,
   * which its policy needs longest.
   * @throws UserError 'disk-full'; the snapshot then stays in memory
   */
  settle(): Promise<void> {
    return this.#inOrder(async () => {
      while (this.#files && this.memoryBytes > this.#budget) {
        const resident = [...this.#snapshots.values()].filter((s) => s.store).sort((a, b) => a.step - b.step);
        const snapshot = resident.find((s) => s.sha256 !== null) ?? resident.at(-1)!;
        await this.#makeDurable(snapshot);
        snapshot.store?.free();
        snapshot.store = null;
      }
    });
  }

  /**
   * Makes every snapshot durable, but for the one of `except`, which the checkpoint being written holds itself.
   * @returns step → SHA-256 of the file, for trainer.json
   */
  persist(except: number): Promise<Record<string, string>> {
    return this.secure(this.steps.filter((step) => step !== except));
  }

  /** Makes the snapshots of these steps, which it holds, durable. @returns step → SHA-256 of the file */
  async secure(steps: readonly number[]): Promise<Record<string, string>> {
    const hashes: Record<string, string> = {};
    await this.#inOrder(async () => {
      for (const step of steps) {
        // It may have been released while other work was waited for.
        const snapshot = this.#snapshots.get(step);
        if (!snapshot) continue;
        await this.#makeDurable(snapshot);
        if (snapshot.sha256 !== null) hashes[step] = snapshot.sha256;
      }
    });
    return hashes;
  }

  /** A checkpoint of this step is complete: it holds the same weights. */
  covered(step: number, sha256: string): void {
    const snapshot = this.#snapshots.get(step);
    if (snapshot) snapshot.sha256 = sha256;
  }

  /**
   * target = the mean of the snapshots in float32, from oldest to newest: summed and divided once by their number,
   * or with one share for each, Σ share·θ, shares rounded to float32 and every product and sum after that.
   * Each operation is rounded on its own, so memory and disk give the same bits.
   */
  async mean(steps: readonly number[], target: Floats, shares: readonly number[] | null = null): Promise<void> {
    const snapshots = steps.map((step) => {
      const snapshot = this.#snapshots.get(step);
      if (!snapshot) throw new Error(`the pool has no snapshot of step ${step}`);
      return snapshot;
    });
    if (snapshots.length === 0) throw new Error('a mean of no snapshots');
    if (snapshots.every((s) => s.store)) {
      const { vectors } = this.#backend;
      vectors.copy(target, snapshots[0].store!);
      if (shares) {
        vectors.scale(target, shares[0]);
        for (const [i, { store }] of snapshots.slice(1).entries()) vectors.addScaled(target, store!, shares[i + 1]);
        return;
      }
      for (const { store } of snapshots.slice(1)) vectors.add(target, store!);
      vectors.divide(target, snapshots.length);
      return;
    }
    const open = await this.#openAll(snapshots);
    try {
      const read = meanReader(
        open.map((snapshot) => snapshot.read),
        shares,
      );
      for (const { offset, count } of pieces(0, this.#elements)) target.write(offset, await read(offset, count));
    } finally {
      for (const file of open) await file.close();
    }
  }

  /** Waits for work on disk and frees all memory. */
  async close(): Promise<void> {
    await this.#queue;
    for (const snapshot of this.#snapshots.values()) snapshot.store?.free();
    this.#snapshots.clear();
  }

  async #makeDurable(snapshot: Snapshot): Promise<void> {
    if (snapshot.sha256 !== null || !this.#files) return;
    if (snapshot.store) snapshot.sha256 = await this.#files.write(snapshot.step, storeReader(snapshot.store));
    else {
      // It lies in another run's folder: a child takes its own copy.
      const file = await this.#open(snapshot.step);
      try {
        snapshot.sha256 = await this.#files.write(snapshot.step, file.read);
      } finally {
        await file.close();
      }
    }
  }

  async #open(step: number): Promise<OpenSnapshot> {
    const file = await this.#files?.open(step);
    if (file) return file;
    throw new UserError(
      'snapshot-missing',
      `The weights of step ${step}, which an average still needs, are not in the run's folder.`,
      'Restore the folder from a copy, or remove that average and start it anew.',
    );
  }

  async #openAll(snapshots: readonly Snapshot[]): Promise<OpenSnapshot[]> {
    const open: OpenSnapshot[] = [];
    try {
      for (const { store, step } of snapshots)
        open.push(store ? { read: storeReader(store), close: async () => {} } : await this.#open(step));
      return open;
    } catch (error) {
      for (const file of open) await file.close();
      throw error;
    }
  }

  /** One piece of disk work at a time; a failure reaches its caller and does not stop what follows. */
  #inOrder(work: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }
}

/** The mean by range, as `SnapshotPool.mean` takes it. */
export function meanReader(readers: readonly WeightReader[], shares: readonly number[] | null = null): WeightReader {
  const { fround } = Math;
  return async (offset, count) => {
    const sum = (await readers[0](offset, count)).slice();
    if (shares) for (let i = 0; i < sum.length; i++) sum[i] *= fround(shares[0]);
    for (const [r, read] of readers.slice(1).entries()) {
      const next = await read(offset, count);
      if (shares) {
        const share = fround(shares[r + 1]);
        for (let i = 0; i < sum.length; i++) sum[i] += fround(share * next[i]);
      } else for (let i = 0; i < sum.length; i++) sum[i] += next[i];
    }
    if (shares) return sum;
    for (let i = 0; i < sum.length; i++) sum[i] /= readers.length;
    return sum;
  };
}
