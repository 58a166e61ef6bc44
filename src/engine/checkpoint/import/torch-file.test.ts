import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../errors.ts';
import { parameterTable } from '../../model/table.ts';
import { temporaryFolder } from '../fixture.ts';
import { openModelFolder } from '../model-folder.ts';
import { TorchFile } from './torch-file.ts';

const fixtures = join(import.meta.dirname, '../../../../bench/goldens/fixtures');
type Wanted = Record<string, { shape: number[]; values: number[] }>;
const { wanted } = JSON.parse(await readFile(join(fixtures, 'torch.json'), 'utf8')) as {
  wanted: Record<string, Wanted>;
};

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => rm(root, { recursive: true }));

describe.each([2, 4, 5])('what torch.save writes with pickle protocol %i', (protocol) => {
  test('every dtype and shape, as PyTorch has it', async () => {
    const file = await TorchFile.open(join(fixtures, 'torch', `plain-${protocol}.pt`));
    expect([...file.tensors.keys()]).toEqual(Object.keys(wanted.plain));
    for (const [name, { shape, values }] of Object.entries(wanted.plain)) {
      const info = file.tensors.get(name)!;
      expect(info.shape, name).toEqual(shape);
      if (['mask', 'long'].includes(name)) continue;
      expect(Array.from(await file.floats(name, 0, info.elements)), name).toEqual(values.map(Math.fround));
    }
    expect([...(await file.raw('mask', 0, 3))]).toEqual([1, 0, 1]);
    expect([...new BigInt64Array((await file.raw('long', 0, 3)).buffer as ArrayBuffer)]).toEqual([1n, -2n, 3n]);
    expect(Array.from(await file.floats('rows', 3, 2))).toEqual(
      wanted.plain.base.values.slice(11, 13).map(Math.fround),
    );
    expect([file.sameBytes('base', 'tied'), file.sameBytes('base', 'rows')]).toEqual([true, false]);
    await expect(file.floats('mask', 0, 3)).rejects.toMatchObject({ code: 'file-damaged' });
    await expect(file.raw('rows', 7, 2)).rejects.toThrow(RangeError);
    await file.close();
  });
});

test('a training state: its model alone, without the prefixes of wrappers', async () => {
  const file = await TorchFile.open(join(fixtures, 'torch', 'training.pt'));
  expect([...file.tensors.keys()]).toEqual(Object.keys(wanted.training));
  for (const [name, { values }] of Object.entries(wanted.training))
    expect(Array.from(await file.floats(name, 0, values.length))).toEqual(values.map(Math.fround));
  expect(file.extra.get('iter_num')).toBe(2000);
  expect(file.extra.get('config')).toBeInstanceOf(Map);
  await file.close();
});

test('compressed entries are inflated', async () => {
  const file = await TorchFile.open(join(fixtures, 'torch', 'deflated.pt'));
  for (const name of ['base', 'half', 'base'])
    expect(Array.from(await file.floats(name, 1, 3))).toEqual(wanted.plain[name].values.slice(1, 4).map(Math.fround));
  await file.close();
});

test('what is no plain row after row is refused by its strides', async () => {
  const open = TorchFile.open(join(fixtures, 'torch', 'transposed.pt'));
  await expect(open).rejects.toMatchObject({ code: 'file-damaged', message: expect.stringContaining('strides [1,4]') });
});

test('the format from before PyTorch 1.6 is named', async () => {
  const open = TorchFile.open(join(fixtures, 'torch', 'legacy.pt'));
  await expect(open).rejects.toMatchObject({
    code: 'file-damaged',
    message: expect.stringContaining('before PyTorch 1.6'),
  });
});

test('containers that lie about a tensor are found when it is read', async () => {
  const attacks = join(import.meta.dirname, 'attacks');
  for (const name of ['zip-name-lies', 'zip-huge-size'])
    await expect(
      TorchFile.open(join(attacks, `${name}.pt`)).then((file) => file.raw('0', 0, 4)),
      name,
    ).rejects.toMatchObject({ code: 'file-damaged' });
});

test('every cut of a good file is refused, never half read', async () => {
  const bytes = await readFile(join(fixtures, 'torch', 'transposed.pt'));
  const path = join(root, 'cut.pt');
  for (let length = 0; length < bytes.length; length += 7) {
    await writeFile(path, bytes.subarray(0, length));
    await expect(TorchFile.open(path), String(length)).rejects.toMatchObject({ code: 'file-damaged' });
  }
});

test('a byte changed anywhere: opened and read, or refused in words, never a defect', async () => {
  const good = await readFile(join(fixtures, 'torch', 'nanogpt-2.pt'));
  const path = join(root, 'changed.pt');
  // The pickle at the start and the directory at the end; what lies between is weights.
  const places = Array.from(good.keys()).filter((i) => i < 3200 || i > good.length - 4000);
  for (const [n, i] of places.entries()) {
    if (n % 13 !== 0) continue;
    const bytes = Buffer.from(good);
    bytes[i] = [0, 255, 0x28, bytes[i] ^ 1, bytes[i] ^ 0x80][(n / 13) % 5];
    await writeFile(path, bytes);
    const failure = await readAll(path).then(
      () => null,
      (error: unknown) => error,
    );
    if (failure !== null && !(failure instanceof UserError)) throw new Error(`byte ${i}`, { cause: failure });
  }
});

async function readAll(path: string): Promise<void> {
  const model = await openModelFolder(path);
  try {
    const table = parameterTable(model.model);
    await model.loadInto(table, () => {});
  } finally {
    await model.close();
  }
}
