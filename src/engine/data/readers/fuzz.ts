/** For tests: readers against files that were damaged in every way a seed can think of. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { lastBoundary } from '../utf8.ts';
import { sourceReader } from './source-reader.ts';
import { fixtures, tar } from './testing.ts';

export interface Seed {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What other libraries wrote, as far as it is small, and some text formats. */
export async function fuzzSeeds(): Promise<Seed[]> {
  const seeds: Seed[] = [
    { name: 'a.jsonl', bytes: Buffer.from('{"text":"déjà vu 🙂","n":[1,{"a":null}]}\n'.repeat(20)) },
    {
      name: 'a.json',
      bytes: Buffer.from(JSON.stringify(Array.from({ length: 20 }, (_, i) => ({ id: i, text: 'text' })))),
    },
    { name: 'a.csv', bytes: Buffer.from('id,text\n1,"a ""quoted"" text"\n2,plain\n'.repeat(20)) },
    { name: 'a.tar', bytes: tar(['a.txt', 'one'], ['b/c.jsonl', '{"text":"two"}\n'], ['link', '', 'SymbolicLink']) },
  ];
  for (const folder of ['archives', 'tables'])
    for (const name of (await readdir(join(fixtures, folder))).sort()) {
      const path = join(fixtures, folder, name);
      if ((await stat(path)).isFile() && (await stat(path)).size < 1 << 15 && name !== 'runs.txt.xz')
        seeds.push({ name, bytes: await readFile(path) });
    }
  return seeds;
}

/** Threefry would do; this is shorter, and nothing depends on it. */
export function randomInts(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 2654435761) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const telling = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** Input `number`: one of the seeds with up to eight changes, the same every time. */
export function mutated(seeds: readonly Seed[], number: number): Seed {
  const random = randomInts(number);
  const { name, bytes } = seeds[random(seeds.length)];
  let out = Buffer.from(bytes);
  for (let changes = 1 + random(8); changes > 0 && out.length > 8; changes--) {
    // Lengths and offsets lie at the ends of most formats.
    const at =
      random(3) === 0
        ? random(out.length)
        : random(2) === 0
          ? random(Math.min(out.length, 200))
          : out.length - 1 - random(Math.min(out.length, 400));
    const kind = random(7);
    if (kind === 0) out[at] ^= 1 << random(8);
    else if (kind === 1) out[at] = random(256);
    else if (kind === 2) out.writeUInt32LE(telling[random(telling.length)], Math.min(at, out.length - 4));
    else if (kind === 3) out = out.subarray(0, at);
    else if (kind === 4)
      out = Buffer.concat([out.subarray(0, at), out.subarray(Math.min(out.length, at + random(64)))]);
    else if (kind === 5) out = Buffer.concat([out.subarray(0, at), out.subarray(random(at + 1), at), out.subarray(at)]);
    else {
      const other = seeds[random(seeds.length)].bytes;
      out = Buffer.concat([out.subarray(0, at), other.subarray(random(other.length), random(other.length))]);
    }
  }
  return { name, bytes: out };
}

/** Reads it to its end. @throws what is no UserError: a reader must fail in words */
export async function readHostile(folder: string, { name, bytes }: Seed): Promise<'whole' | 'refused'> {
  const path = join(folder, `fuzz-${name}`);
  await writeFile(path, bytes);
  const { size, mtimeMs } = await stat(path);
  const notes = { onBytes() {}, found() {}, leaveOut() {} };
  const file = { path, name, bytes: size, modifiedMs: mtimeMs, format: 'text' } as const;
  try {
    for await (const document of sourceReader(null).documents(file, notes))
      for await (const chunk of document.chunks(lastBoundary))
        if (chunk.bytes.length > 1 << 25) throw new Error('a chunk is too long');
    return 'whole';
  } catch (error) {
    if (error instanceof UserError) return 'refused';
    throw error;
  }
}
