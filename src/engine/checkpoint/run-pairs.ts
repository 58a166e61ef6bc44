/** Pairs of averages that a power EMA stores: pairs/<policy>/step-….safetensors, both vectors in float32. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { originFolder } from '../../shared/origin.ts';
import type { PairFiles } from '../averaging/power.ts';
import { UserError } from '../errors.ts';
import { withFileErrors } from '../files.ts';
import { hashFile } from './hash.ts';
import { listNames, pairsFolder, stepName, stepOf } from './layout.ts';
import { SafetensorsReader, writeSafetensors } from './safetensors.ts';
import { encodedPieces, type WeightReader } from './vector.ts';

export interface OpenPair {
  readonly reads: readonly WeightReader[];
  close(): Promise<void>;
}

/** Vectors in a file. */
const names = ['1', '2'] as const;

export class RunPairs implements PairFiles {
  readonly #run: string;

  /** @param run folder of a run */
  constructor(run: string) {
    this.#run = run;
  }

  async write(policy: string, step: number, reads: readonly WeightReader[], elements: number): Promise<string> {
    const path = this.#path(policy, step);
    await withFileErrors(path, () => mkdir(join(this.#run, pairsFolder, policy), { recursive: true }));
    const tensors = reads.map((read, i) => ({
      name: names[i],
      dtype: 'F32' as const,
      shape: [elements],
      chunks: encodedPieces(read, 0, elements, 'float32', `${policy}, vector ${names[i]}`),
    }));
    return (await writeSafetensors(path, tensors, { source: 'meander', policy, step: String(step) })).sha256;
  }

  /**
   * A stored pair, checked against its hash; a child run finds its parent's in its origin.
   * @throws UserError 'pair-missing', 'pair-damaged'
   */
  async open(policy: string, step: number, sha256: string, elements: number): Promise<OpenPair> {
    const next = 'Restore the run’s folder from a copy, or use the widths that its checkpoints hold.';
    for (const path of [this.#path(policy, step), this.#path(policy, step, originFolder)]) {
      const found = await hashFile(path);
      if (found === null) continue;
      const reader = found === sha256 ? await SafetensorsReader.open(path) : null;
      if (reader && names.every((name) => reader.tensors.get(name)?.elements === elements)) {
        const reads = names.map(
          (name): WeightReader =>
            (offset, count) =>
              reader.floats(name, offset, count),
        );
        return { reads, close: () => reader.close() };
      }
      await reader?.close();
      throw new UserError('pair-damaged', `${path} has changed since "${policy}" stored it.`, next);
    }
    throw new UserError('pair-missing', `What "${policy}" stored at step ${step} is not in the run's folder.`, next);
  }

  /** Removes pairs that no checkpoint names: of lost steps, and of policies that are gone. */
  async sweep(named: ReadonlyMap<string, ReadonlySet<number>>): Promise<string[]> {
    const removed: string[] = [];
    for (const policy of await listNames(join(this.#run, pairsFolder)))
      for (const name of await listNames(join(this.#run, pairsFolder, policy)).catch(() => [])) {
        const step = stepOf(name);
        if (step === null || named.get(policy)?.has(step)) continue;
        await rm(join(this.#run, pairsFolder, policy, name), { force: true });
        removed.push(join(pairsFolder, policy, name));
      }
    return removed;
  }

  #path(policy: string, step: number, ...within: string[]): string {
    return join(this.#run, ...within, pairsFolder, policy, `${stepName(step)}.safetensors`);
  }
}
