/** Runs of several datasets: the same bits whatever happens, losses of each, and what is refused. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunConfig } from '../../shared/config.ts';
import { cooldownConfig } from '../../shared/fork.ts';
import type { Report } from '../../shared/jobs.ts';
import { mixLoss } from '../../shared/mix.ts';
import type { Backend } from '../backends/backend.ts';
import { openBackend } from '../backends/select.ts';
import { RunFolder } from '../checkpoint/index.ts';
import { fingerprintsOf } from '../data/index.ts';
import type { Dataset } from '../data/source.ts';
import { Evaluator, mean } from '../evaluate/index.ts';
import { microConfig, microDataset, microTokenizer, sourceOf } from './fixture.ts';
import { Trainer } from './trainer.ts';

let home: string;
let backend: Backend;
let folders = 0;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'meander-mix-'));
  ({ backend } = await openBackend('auto', {}));
});
afterAll(async () => {
  await backend.close();
  await rm(home, { recursive: true, force: true });
});

/** Another text than the nursery rhyme of the fixture. */
function other(name: string, text: string, letters = { train: 900, val: 300 }): Dataset {
  const made = microDataset(letters);
  const ids = (count: number) => microTokenizer.encode(text.repeat(Math.ceil(count / text.length)).slice(0, count));
  const fingerprint = createHash('sha256').update(name).digest('hex');
  return {
    ...made,
    meta: { ...made.meta, name, fingerprint },
    train: sourceOf(ids(letters.train)),
    val: sourceOf(ids(letters.val)),
  };
}

const dataset = microDataset();
const others: Record<string, Dataset> = {
  dog: other('dog', 'a dog dug up a big bad bug\n'),
  pig: other('pig', 'six pigs sing in a wig shop\n', { train: 200, val: 90 }),
};
const mix = {
  weight: 6,
  others: [
    { id: 'dog', dataset: '/nowhere/dog', weight: 3 },
    { id: 'pig', dataset: '/nowhere/pig', weight: 1 },
  ],
};
const config = microConfig({ mix, sampling: { kind: 'epochs' } });

const membersOf = (run: RunConfig, data = others) =>
  run.mix.others.map((member) => ({ ...member, data: data[member.id] }));

async function sit(path: string, run: RunConfig, watch?: (report: Report, trainer: Trainer) => void) {
  const members = membersOf(run);
  const folder = await RunFolder.open(path).catch(() =>
    RunFolder.create(path, run, fingerprintsOf({ dataset, others: members })),
  );
  await folder.lock();
  await folder.sweep();
  try {
    const trainer: Trainer = new Trainer({
      folder,
      dataset,
      others: members,
      backend,
      emit: (report) => watch?.(report, trainer),
    });
    return await trainer.run();
  } finally {
    await folder.close();
  }
}

async function bits(path: string): Promise<string> {
  const folder = await RunFolder.open(path);
  const checkpoint = await folder.openCheckpoint(null);
  const hash = createHash('sha256');
  for (const of of ['raw', 'lawa', 'ema', 'swa']) {
    const data = await (await checkpoint.weights(of))(0, folder.table.elements);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  await checkpoint.close();
  return hash.digest('hex');
}

const newFolder = () => join(home, `run-${folders++}`);
const evaluationsOf = async (path: string) =>
  (await (await RunFolder.open(path)).readMetrics()).filter((line) => line.type === 'evaluation');

it.each(['epochs', 'blocks'] as const)('ends with the same bits after stops, drawing %s', async (kind) => {
  const run = { ...config, sampling: { kind } };
  const whole = newFolder();
  await sit(whole, run);
  const stopped = newFolder();
  for (const step of [3, 10, 17])
    await sit(stopped, run, (report, trainer) => {
      if (report.type === 'metrics' && report.line.type === 'train' && report.line.step === step) trainer.stop();
    });
  await sit(stopped, run);
  expect(await bits(stopped)).toBe(await bits(whole));
  const alone = newFolder();
  await sit(alone, { ...run, mix: { weight: 1, others: [] } });
  expect(await bits(alone)).not.toBe(await bits(whole));
});

it('measures every dataset on its own blocks, raw weights and averages, and the mix by its shares', async () => {
  const path = newFolder();
  await sit(path, config);
  const folder = await RunFolder.open(path);
  const checkpoint = await folder.openCheckpoint(null);
  const last = (await evaluationsOf(path)).at(-1)!;
  expect(Object.keys(last.others!)).toEqual(['dog', 'pig']);
  for (const of of ['raw', 'lawa']) {
    const read = await checkpoint.weights(of);
    const store = backend.store('f32', folder.table.elements);
    store.write(0, await read(0, store.elements));
    const losses: Record<string, number> = {};
    for (const [id, data] of Object.entries({ own: dataset, ...others })) {
      const evaluator = new Evaluator(backend, { model: config.model, source: data.val, blocks: 8, batch: 2 });
      losses[id] = mean(await evaluator.losses(store));
      evaluator.free();
    }
    expect({ ...last.others!, own: { [of]: of === 'raw' ? last.raw : last.averages[of].loss } }).toMatchObject(
      Object.fromEntries(Object.entries(losses).map(([id, loss]) => [id, { [of]: loss }])),
    );
    expect(mixLoss(config, last, of)).toBeCloseTo(0.6 * losses.own + 0.3 * losses.dog + 0.1 * losses.pig, 12);
    store.free();
  }
  await checkpoint.close();
  // Training on them made them likelier than training on the first alone.
  const alone = newFolder();
  const own = { ...config, mix: { weight: 1, others: [{ ...mix.others[0], weight: 1e-5 }] } };
  await sit(alone, own);
  expect(last.others!.dog.raw!).toBeLessThan((await evaluationsOf(alone)).at(-1)!.others!.dog.raw! - 0.2);
});

it('gives a cooldown the batches of its parent, and refuses one of another mix', async () => {
  const constant = microConfig({
    mix,
    schedule: { kind: 'constant', peak: 1e-2, warmupSteps: 5 },
    checkpoints: { every: 16, keepLast: 5 },
  });
  const trunk = newFolder();
  await sit(trunk, constant);
  const child = cooldownConfig(constant, { name: 'cooldown', run: trunk, step: 16, end: 24 });
  const path = newFolder();
  await sit(path, child);
  const lossAt = async (folder: string) =>
    (await (await RunFolder.open(folder)).readMetrics()).find((line) => line.type === 'train' && line.step === 16);
  expect(await lossAt(path)).toMatchObject({ loss: ((await lossAt(trunk)) as { loss: number }).loss });
  const heavier = { ...child, mix: { ...mix, weight: 7 } };
  await expect(sit(newFolder(), heavier)).rejects.toMatchObject({ code: 'fork-mismatch' });
});

it.each([
  ['a member that changed', { ...others, dog: other('wolf', 'a wolf\n') }, 'dataset-changed', /dog|nowhere/],
  [
    'a member shorter than a block',
    { ...others, dog: other('dog', 'a dog\n', { train: 16, val: 90 }) },
    'dataset-too-short',
    /"dog"/,
  ],
  ['the same data twice', { ...others, pig: others.dog }, 'mix-mismatch', /"dog" holds the same tokens as "dog"/],
  [
    'another vocabulary',
    { ...others, dog: withTokenizer({ kind: 'bytes', vocabSize: 27 }) },
    'mix-mismatch',
    /"micro" has characters with 28 ids and "dog" bytes with 27 ids/,
  ],
  [
    'another alphabet of the same size',
    { ...others, dog: { ...others.dog, tokenizer: { ...microTokenizer, huggingFaceFiles: () => ({ a: 'b' }) } } },
    'mix-mismatch',
    /"micro" and "dog" mean other tokens/,
  ],
  [
    'ids without a tokenizer',
    { ...others, dog: withTokenizer({ kind: 'unknown', vocabSize: 28 }) },
    'mix-mismatch',
    /ids of "dog" mean/,
  ],
])('refuses %s by name, before anything is written', async (what, data, code, message) => {
  const made = what === 'a member that changed' ? others : data;
  const folder = await RunFolder.create(
    newFolder(),
    config,
    fingerprintsOf({ dataset, others: membersOf(config, made) }),
  );
  const start = () => new Trainer({ folder, dataset, others: membersOf(config, data), backend });
  expect(start).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  expect(await folder.readMetrics()).toEqual([]);
});

function withTokenizer(tokenizer: Pick<Dataset['meta']['tokenizer'], 'kind' | 'vocabSize'>): Dataset {
  const { dog } = others;
  return { ...dog, meta: { ...dog.meta, tokenizer: { ...tokenizer, endOfText: null } } };
}
