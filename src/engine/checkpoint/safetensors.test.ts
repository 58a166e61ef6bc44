import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SafetensorsReader, type TensorToWrite, writeSafetensors } from './safetensors.ts';
import { readSafetensorsHeader } from './safetensors-header.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meander-safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

const bytesOf = (data: Float32Array | Uint16Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const tensor = (
  name: string,
  shape: number[],
  data: Float32Array | Uint16Array,
  dtype: TensorToWrite['dtype'] = 'F32',
) => ({
  name,
  dtype,
  shape,
  chunks: [bytesOf(data)],
});

test('what is written is read, by range and with metadata', async () => {
  const path = join(folder, 'good.safetensors');
  const a = Float32Array.from({ length: 12 }, (_, i) => i / 3);
  const written = await writeSafetensors(
    path,
    [
      tensor('a', [3, 4], a),
      tensor('halves', [2], Uint16Array.of(0x3c00, 0xc000), 'F16'),
      tensor('none', [0, 5], new Float32Array()),
    ],
    { format: 'pt', note: 'ü "quoted"' },
  );
  const reader = await SafetensorsReader.open(path);
  expect(reader.metadata).toEqual({ format: 'pt', note: 'ü "quoted"' });
  expect(reader.bytes).toBe(written.bytes);
  expect([...(await reader.floats('a', 5, 3))]).toEqual([...a.slice(5, 8)]);
  expect([...(await reader.floats('halves', 0, 2))]).toEqual([1, -2]);
  expect(await reader.floats('none', 0, 0)).toHaveLength(0);
  expect(reader.info('a').position % 8).toBe(0);
  await expect(reader.floats('a', 10, 3)).rejects.toThrow(RangeError);
  await expect(reader.floats('b', 0, 1)).rejects.toThrow('has no tensor "b"');
  await reader.close();
  const { createHash } = await import('node:crypto');
  expect(
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  ).toBe(written.sha256);
});

test('a writer that gives too few or too many bytes leaves no file', async () => {
  const path = join(folder, 'short.safetensors');
  for (const length of [3, 5])
    await expect(writeSafetensors(path, [tensor('a', [4], new Float32Array(length))], {})).rejects.toThrow(
      'instead of 16',
    );
  expect((await readdir(folder)).filter((name) => name.includes('short'))).toEqual([]);
});

describe('hostile files', () => {
  const file = (header: string | Uint8Array, data = new Uint8Array(), length?: bigint) => {
    const json = typeof header === 'string' ? Buffer.from(header) : header;
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(length ?? BigInt(json.length));
    return Buffer.concat([head, json, data]);
  };
  const entry = (from: number, to: number, shape: number[] = [(to - from) / 4], dtype = 'F32') =>
    JSON.stringify({ dtype, shape, data_offsets: [from, to] });
  const data = new Uint8Array(16);
  test.each<[string, Buffer, RegExp]>([
    ['empty', Buffer.alloc(0), /0 bytes/],
    ['shorter than its length field', Buffer.alloc(7), /7 bytes/],
    ['a header beyond the limit', file('{}', data, 100_000_001n), /claims 100000001 bytes, the format allows/],
    ['a header of 2⁶⁴ − 1', file('{}', data, 2n ** 64n - 1n), /the format allows/],
    ['a header past the end', file('{}', data, 1000n), /only 18 more/],
    ['a header that is no JSON', file('{"a":'), /not JSON/],
    ['a header that is no UTF-8', file(Uint8Array.of(0x7b, 0xff, 0x7d)), /not JSON in UTF-8/],
    ['a header that is an array', file('[]'), /not a JSON object/],
    ['a key twice', file(`{"a":${entry(0, 8)},"\\u0061":${entry(8, 16)}}`, data), /key "a" twice/],
    [
      'a key twice inside',
      file('{"a":{"dtype":"F32","shape":[4],"shape":[2],"data_offsets":[0,16]}}', data),
      /"shape" twice/,
    ],
    ['overlap', file(`{"a":${entry(0, 12)},"b":${entry(8, 16)}}`, data), /"b" overlaps/],
    ['the same bytes twice', file(`{"a":${entry(0, 16)},"b":${entry(0, 16)}}`, data), /overlaps/],
    ['a hole', file(`{"a":${entry(0, 4)},"b":${entry(8, 16)}}`, data), /hole before tensor "b"/],
    ['a hole at the start', file(`{"a":${entry(8, 16)}}`, data), /hole/],
    ['bytes behind the last', file(`{"a":${entry(0, 12)}}`, data), /4 bytes follow/],
    ['truncated data', file(`{"a":${entry(0, 32)}}`, data), /truncated: 16 bytes missing/],
    [
      'huge offsets',
      file('{"a":{"dtype":"F32","shape":[4],"data_offsets":[9007199254740990,9007199254740991]}}', data),
      /"a"/,
    ],
    ['offsets beyond integers', file('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,1e300]}}', data), /offsets/],
    ['negative offsets', file('{"a":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}}', data), /offsets/],
    ['offsets backwards', file('{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}', data), /before it begins/],
    ['a shape that overflows', file(`{"a":${entry(0, 16, [4294967296, 4294967296, 4294967296])}}`, data), /its shape/],
    ['a shape that does not fit', file(`{"a":${entry(0, 16, [5])}}`, data), /needs 20/],
    ['a fractional shape', file(`{"a":${entry(0, 16, [1.5])}}`, data), /natural numbers/],
    ['an unknown dtype', file(`{"a":${entry(0, 16, [4], 'toString')}}`, data), /unknown dtype "toString"/],
    ['an unknown key', file('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"x":1}}', data), /unknown key "x"/],
    ['an entry that is no object', file('{"a":[1]}', data), /not described by an object/],
    ['metadata that is no strings', file('{"__metadata__":{"a":1}}'), /not a string/],
  ])('%s', async (_, content, reason) => {
    const path = join(folder, 'hostile.safetensors');
    await writeFile(path, content);
    const error = await readSafetensorsHeader(path).catch((e) => e);
    expect(error).toMatchObject({ name: 'UserError', code: 'file-damaged' });
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(path);
  });

  test('a file that shrinks while it is open', async () => {
    const path = join(folder, 'shrinks.safetensors');
    await writeSafetensors(path, [tensor('a', [4], new Float32Array(4))], {});
    const reader = await SafetensorsReader.open(path);
    await truncate(path, reader.bytes - 4);
    await expect(reader.floats('a', 0, 4)).rejects.toMatchObject({ code: 'file-damaged' });
    await reader.close();
  });
});
