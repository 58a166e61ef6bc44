/** Q8_0 against llama.cpp's own quantiser (bench/goldens/q8.py). */
import { expect, test } from 'vitest';
import { blockBytes, toQ8 } from '../checkpoint/export/q8.ts';
import { readJson } from './fixture.ts';

const golden = readJson<{ float32: number[]; bytes: number[] }>('q8');

test('every block has the same bytes', () => {
  const got = toQ8(new Float32Array(Uint32Array.from(golden.float32).buffer));
  expect(got.length).toBe(golden.bytes.length);
  for (let at = 0; at < got.length; at += blockBytes)
    expect([...got.subarray(at, at + blockBytes)], `block ${at / blockBytes}`).toEqual(
      golden.bytes.slice(at, at + blockBytes),
    );
});
