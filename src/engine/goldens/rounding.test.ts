/** 16-bit floats against PyTorch's (bench/goldens/rounding.py). */
import { expect, test } from 'vitest';
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from '../checkpoint/half.ts';
import { bits, readJson } from './fixture.ts';

const golden = readJson<{
  float32: number[];
  float16: number[];
  bfloat16: number[];
  nan: { float32: number[] };
  float16ToFloat32Checksum: number;
}>('rounding');

const floats = (patterns: number[]) => new Float32Array(Uint32Array.from(patterns).buffer);

test.each([
  ['float16', toHalf],
  ['bfloat16', toBfloat16],
] as const)('float32 to %s, ties, denormals and overflow included', (name, convert) => {
  const got = convert(floats(golden.float32));
  for (const [i, pattern] of golden.float32.entries())
    expect(got[i], `0x${pattern.toString(16)}`).toBe(golden[name][i]);
});

test('NaN stays NaN, whatever its payload', () => {
  const nan = floats(golden.nan.float32);
  for (const value of [...fromHalf(toHalf(nan)), ...fromBfloat16(toBfloat16(nan))]) expect(value).toBeNaN();
});

test('every float16 pattern widens to the value it stands for', () => {
  const patterns = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  const values = fromHalf(patterns);
  const wide = bits(values);
  let checksum = 0;
  for (let i = 0; i < patterns.length; i++) {
    const isNaNPattern = (i & 0x7c00) === 0x7c00 && (i & 0x3ff) !== 0;
    if (isNaNPattern) expect(values[i]).toBeNaN();
    else checksum ^= Math.imul(wide[i], i);
  }
  expect(checksum >>> 0).toBe(golden.float16ToFloat32Checksum);
});

test('bfloat16 widens by its bits', () => {
  const patterns = Uint16Array.from(golden.bfloat16);
  expect([...bits(fromBfloat16(patterns))]).toEqual(golden.bfloat16.map((p) => p * 65_536));
});
