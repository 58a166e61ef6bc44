import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fuzzSeeds, mutated, readHostile } from './fuzz.ts';

it('damaged files of every format end in words, the short form of fuzz:data', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meander-fuzz-'));
  const seeds = await fuzzSeeds();
  let refused = 0;
  for (const seed of seeds)
    expect(['whole', 'refused'], seed.name).toContain(await readHostile(folder, seed).catch(String));
  for (let number = 0; number < 80; number++) {
    const input = mutated(seeds, number);
    const outcome = await readHostile(folder, input).catch((error: Error) => `${input.name}: ${error.stack}`);
    expect([number, outcome]).toEqual([number, outcome === 'whole' ? 'whole' : 'refused']);
    if (outcome === 'refused') refused++;
  }
  await rm(folder, { recursive: true });
  expect(refused).toBeGreaterThan(20);
});
