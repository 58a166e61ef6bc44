import { totalmem } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freeDisk, totalMemory } from './machine.ts';

it('has no more memory than the machine', () => {
  expect(totalMemory()).toBeGreaterThan(0);
  expect(totalMemory()).toBeLessThanOrEqual(totalmem());
});

it('knows the disk of a folder that is yet to be made', async () => {
  const here = await freeDisk(import.meta.dirname);
  const later = await freeDisk(join(import.meta.dirname, 'not', 'there', 'yet'));
  expect(here).toBeGreaterThan(0);
  expect(Math.abs((later as number) - (here as number))).toBeLessThan(1e9);
});
