/** A model in several files with an index: Hugging Face's model.safetensors.index.json and pytorch_model.bin.index.json. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { readLimited } from '../text.ts';
import { openTensorFile } from './file.ts';
import { quote } from './refused.ts';
import type { SourceTensor, TensorPlace, TensorSource } from './tensors.ts';

/** An index larger than this describes no model. */
const indexLimit = 32 << 20;
const index = z.object({ weight_map: z.record(z.string(), z.string()) });

export class ShardedTensors implements TensorSource {
  readonly path: string;
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly metadata = {};
  readonly readInto?: NonNullable<TensorSource['readInto']>;
  readonly #shards: ReadonlyMap<string, TensorSource>;
  readonly #home: ReadonlyMap<string, TensorSource>;

  private constructor(
    path: string,
    shards: ReadonlyMap<string, TensorSource>,
    home: ReadonlyMap<string, TensorSource>,
  ) {
    this.path = path;
    this.files = [...shards.values()].flatMap((shard) => shard.files);
    this.#shards = shards;
    this.#home = home;
    if ([...shards.values()].every((shard) => shard.readInto))
      this.readInto = (name, start, count, target) => this.#of(name).readInto!(name, start, count, target);
    this.tensors = new Map([...home].map(([name, shard]) => [name, shard.tensors.get(name)!]));
  }

  /**
   * Opens every shard that the index names. Index and shards must agree on every tensor.
   * @throws UserError 'file-damaged' naming the index and the first three disagreements, 'model-missing' for a shard
   *   that is not there, and what the shards themselves throw
   */
  static async open(folder: string, indexName: string): Promise<ShardedTensors> {
    const path = join(folder, indexName);
    const map = new Map(Object.entries(await readIndex(path)));
    const shards = new Map<string, TensorSource>();
    try {
      for (const file of [...new Set(map.values())].sort()) {
        if (!(await stat(join(folder, file)).catch(() => null)))
          throw new UserError('model-missing', `${path} names the shard ${file}, which is not there.`, 'Download it.');
        shards.set(file, await openTensorFile(join(folder, file)));
      }
      const wrong: string[] = [];
      for (const [name, file] of map)
        if (!shards.get(file)!.tensors.has(name)) wrong.push(`${quote(name)} is not in ${file}`);
      for (const [file, shard] of shards)
        for (const name of shard.tensors.keys())
          if (map.get(name) !== file) wrong.push(`${quote(name)} is in ${file}, but not by the index`);
      if (wrong.length > 0) throw lies(path, wrong);
      return new ShardedTensors(path, shards, new Map([...map].map(([name, file]) => [name, shards.get(file)!])));
    } catch (error) {
      for (const shard of shards.values()) await shard.close();
      throw error;
    }
  }

  raw(name: string, start: number, count: number): Promise<Uint8Array> {
    return this.#of(name).raw(name, start, count);
  }

  async place(name: string): Promise<TensorPlace | null> {
    return (await this.#of(name).place?.(name)) ?? null;
  }

  floats(name: string, start: number, count: number): Promise<Float32Array> {
    return this.#of(name).floats(name, start, count);
  }

  fileOf(name: string): string {
    return this.#of(name).path;
  }

  async close(): Promise<void> {
    for (const shard of this.#shards.values()) await shard.close();
  }

  #of(name: string): TensorSource {
    const shard = this.#home.get(name);
    if (!shard) throw lies(this.path, [`it has no tensor ${quote(name)}`]);
    return shard;
  }
}

async function readIndex(path: string): Promise<Record<string, string>> {
  let json: unknown;
  try {
    json = JSON.parse(await readLimited(path, indexLimit));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw lies(path, ['it is not JSON']);
  }
  const parsed = index.safeParse(json);
  if (!parsed.success) throw lies(path, ['it has no weight_map of names and files']);
  const map = parsed.data.weight_map;
  if (Object.keys(map).length === 0) throw lies(path, ['its weight_map is empty']);
  for (const file of Object.values(map))
    if (basename(file) !== file || file.includes('\\') || !/\.(safetensors|bin)$/.test(file))
      throw lies(path, [`it names ${quote(file)}, which is no file of weights in its folder`]);
  return map;
}

function lies(path: string, wrong: readonly string[]): UserError {
  const more = wrong.length > 3 ? `; and ${wrong.length - 3} more` : '';
  return new UserError(
    'file-damaged',
    `${path} is not a usable index: ${wrong.slice(0, 3).join('; ')}${more}.`,
    'Download the index and all its shards again, from the same place.',
  );
}
