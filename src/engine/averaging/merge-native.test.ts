import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadAddon } from '../backends/native/addon.ts';
import { temporaryFolder } from '../checkpoint/fixture.ts';
import { toBfloat16, toHalf } from '../checkpoint/half.ts';
import { SafetensorsReader, writeSafetensors } from '../checkpoint/safetensors.ts';
import { Checksum } from './checksum.ts';
import { type MergeOptions, mergeInto } from './merge.ts';
import { NativeMerge } from './merge-native.ts';
import { rereadMerge } from './merge-output.ts';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => rm(root, { recursive: true }));

/** Every kind of number that weights can be: ordinary, tiny in a half, subnormal in a half and in float32, zeros. */
const weight = (i: number, seed: number) => {
  const x = Math.sin(i * 12.9898 + seed * 78.233);
  return x * [1, 1e-3, 3e-5, 2e-7, 1e-40, 0, -0, 900][i % 8];
};
const encoders = {
  F32: (x: Float64Array) => Float32Array.from(x),
  F16: (x: Float64Array) => toHalf(Float32Array.from(x)),
  BF16: (x: Float64Array) => toBfloat16(Float32Array.from(x)),
  F64: (x: Float64Array) => x,
};
type DType = keyof typeof encoders;
/** Some fill many pieces and end in the middle of one, and of a word. */
const sizes = { a: 3, b: 70_001, c: 1, d: 140_003, e: 4096 };

async function model(
  seed: number,
  dtype: DType,
  change = (_name: string, data: Float64Array) => data,
): Promise<string> {
  const path = join(root, `m${seed}.safetensors`);
  const floats = Object.entries(sizes).map(([name, size]) => {
    const data = change(
      name,
      Float64Array.from({ length: size }, (_, i) => weight(i, seed)),
    );
    return { name, dtype, shape: [size], chunks: [new Uint8Array(encoders[dtype](data).buffer)] };
  });
  const counter = { name: 'steps', dtype: 'I64', shape: [1], chunks: [new Uint8Array(8).fill(seed)] } as const;
  await writeSafetensors(path, [floats[0], counter, ...floats.slice(1)], {});
  return path;
}

/** The same windows by the kernels and by TypeScript have the same bytes. */
async function expectSame(inputs: string[], windows: number[][], options: MergeOptions): Promise<void> {
  const files = async (native: boolean) => {
    await mkdir(join(root, String(native)), { recursive: true });
    const targets = windows.map((members, i) => ({ target: join(root, String(native), `w${i}`), members }));
    const written = await mergeInto(inputs, targets, { hashes: false, ...options, native });
    for (const { target, marks } of written) expect(await rereadMerge(target, marks)).toMatch(/^[0-9a-f]{64}$/);
    return Promise.all(targets.map(({ target }) => readFile(join(target, 'model.safetensors'))));
  };
  const [kernels, own] = [await files(true), await files(false)];
  // Not toEqual, which takes its time over megabytes.
  expect(kernels.map((bytes, i) => bytes.equals(own[i]))).toEqual(windows.map(() => true));
}

describe.skipIf(!loadAddon().addon)('kernels and TypeScript write the same bytes', () => {
  for (const dtype of Object.keys(encoders) as DType[])
    test(`${dtype}: every method, several windows, every dtype written`, async () => {
      const inputs = [];
      for (let i = 1; i <= 4; i++) inputs.push(await model(i, dtype));
      const windows = [[0, 1], [0, 1, 2, 3], [3], [1, 3]];
      for (const options of [
        { method: { kind: 'uniform' } },
        { method: { kind: 'linear' }, dtype: 'float16' },
        { method: { kind: 'ema', beta: 0.7 }, dtype: 'bfloat16' },
        { method: { kind: 'uniform' }, dtype: 'float16' },
      ] satisfies MergeOptions[]) {
        await expectSame(inputs, windows, options);
      }
      await expectSame(inputs.slice(0, 2), [[0, 1]], { method: { kind: 'slerp', lambda: 0.3 } });
    });

  test('a result that is no number, or too large for a half, is named as TypeScript names it', async () => {
    const change = (name: string, data: Float64Array, x: number) => {
      if (name === 'd') data[100_000] = x;
      return data;
    };
    for (const [x, dtype, code] of [
      [Number.NaN, undefined, 'not-finite'],
      [Number.POSITIVE_INFINITY, 'bfloat16', 'not-finite'],
      [1e6, 'float16', 'out-of-range'],
      [3.4e38, undefined, 'not-finite'],
    ] as const) {
      const one = await model(1, 'F32', (name, data) => change(name, data, x));
      const two = await model(2, 'F32', (name, data) => change(name, data, x === 3.4e38 ? x : 0));
      const errors: unknown[] = [];
      for (const native of [true, false]) {
        const merging = mergeInto([one, two], [{ target: join(root, 'out'), members: [0, 1] }], { native, dtype });
        errors.push(await merging.catch((error) => error));
      }
      expect(errors[0]).toMatchObject({ code, message: (errors[1] as Error).message });
      expect(String(errors[0])).toContain('d');
    }
  });

  test('a file that shrinks while it is read', async () => {
    const inputs = [await model(1, 'F32'), await model(2, 'F32')];
    const merging = mergeInto(inputs, [{ target: join(root, 'out'), members: [0, 1] }], {
      onProgress: () => void truncate(inputs[0], 50_000),
      hashes: true,
    });
    await expect(merging).rejects.toMatchObject({ code: 'file-damaged' });
  });

  test('what the kernels cannot do is left to TypeScript', async () => {
    const source = await SafetensorsReader.open(await model(1, 'F32'));
    const job = {
      sources: [source],
      outputs: [],
      tensors: [],
      dtype: undefined,
      wide: false,
      native: true,
      count() {},
    };
    const merge = NativeMerge.open(job)!;
    expect(await merge.parts(source.tensors.get('steps')!)).toBe(null);
    expect(await merge.parts(source.tensors.get('a')!)).toHaveLength(1);
    merge.close();
    expect(NativeMerge.open({ ...job, wide: true })).toBe(null);
    await source.close();
  });
});

test('a checksum does not depend on how the bytes come, and finds one that changed or moved', () => {
  const bytes = Uint8Array.from({ length: 1003 }, (_, i) => (i * 37) % 251);
  const of = (data: Uint8Array, cuts: number[] = []) => {
    const sum = new Checksum();
    let at = 0;
    for (const cut of [...cuts, data.length]) {
      sum.update(data.subarray(at, cut));
      at = cut;
    }
    return sum.digest();
  };
  const whole = of(bytes);
  expect(whole).toMatch(/^[0-9a-f]{16}$/);
  for (const cuts of [[1], [4], [3, 5, 6, 7], [500, 501, 1002]]) expect(of(bytes, cuts)).toBe(whole);
  for (const at of [0, 500, 1002]) expect(of(Uint8Array.from(bytes, (b, i) => (i === at ? b ^ 1 : b)))).not.toBe(whole);
  const moved = Uint8Array.from([...bytes.subarray(4, 8), ...bytes.subarray(0, 4), ...bytes.subarray(8)]);
  expect(of(moved)).not.toBe(whole);
});

test('a merge that changed on the disk is found', async () => {
  const inputs = [await model(1, 'F32'), await model(2, 'F32')];
  const target = join(root, 'out');
  const [{ marks }] = await mergeInto(inputs, [{ target, members: [0, 1] }], { hashes: false });
  const file = join(target, 'model.safetensors');
  const bytes = await readFile(file);
  bytes[bytes.length - 9] ^= 4;
  await writeFile(file, bytes);
  expect(await rereadMerge(target, marks)).toBe(null);
});
