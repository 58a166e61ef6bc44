import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { presetConfig } from '../shared/presets.ts';
import { readArguments, UsageError } from './command.ts';
import { study } from './commands/study.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'meander-study-'));
  await writeFile(path.join(folder, 'train.bin'), '');
  const config = presetConfig('quickstart', { name: 's', dataset: { folder, tokenizer: { vocabSize: 65 } } });
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
});
afterAll(() => rm(folder, { recursive: true }));

const call = (...words: string[]): Promise<number> =>
  study.run(readArguments(study, ['--home', folder, '--config', path.join(folder, 'config.json'), ...words]));
const grid = ['--lr', '1e-3,3e-3', '--seeds', '1..3'];

test.each([
  [['--lr', '1e-3'], '--lr and --seeds are both needed'],
  [['--lr', '1e-3', '--seeds', '1,2'], 'wants at least 3'],
  [['--lr', 'fast', '--seeds', '1..3'], 'schedule.peak takes numbers, not "fast"'],
  [['--lr', '1e-3,1e-3', '--seeds', '1..3'], 'has 1e-3 twice'],
  [['--lr', '1e-3', '--seeds', '1..101'], 'at most 100'],
  [[...grid, '--spacing', '10,x'], '--spacing takes whole numbers from 1'],
  [[...grid, '--spacing', ''], '--spacing takes whole numbers from 1'],
  [[...grid, '--spacing', '10,10'], '--spacing names one twice'],
  [[...grid, '--cooldown', 'cosine'], '--cooldown is 1-sqrt or linear, not "cosine"'],
  [[...grid, '--set', 'steps=1009'], 'no whole fraction near a fifth'],
])('%j is a wrong call: %s', async (words, message) => {
  const answer = call(...words);
  await expect(answer).rejects.toThrow(UsageError);
  await expect(answer).rejects.toThrow(message);
});
