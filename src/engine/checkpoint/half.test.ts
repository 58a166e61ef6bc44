import { expect, test } from 'vitest';
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from './half.ts';

const reals = (bits: number[]) => new Float32Array(Uint32Array.from(bits).buffer);

test('every half comes back from float32 as it was', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const back = toHalf(fromHalf(all));
  const brain = toBfloat16(fromBfloat16(all));
  const wrong: number[] = [];
  for (let i = 0; i < 65536; i++) {
    const halfIsNaN = (i & 0x7c00) === 0x7c00 && (i & 0x3ff) !== 0;
    const brainIsNaN = (i & 0x7f80) === 0x7f80 && (i & 0x7f) !== 0;
    const half = halfIsNaN ? (back[i] & 0x7fff) === 0x7e00 : back[i] === i;
    const bfloat16 = brainIsNaN ? (brain[i] & 0x7fc0) === 0x7fc0 : brain[i] === i;
    if (!half || !bfloat16) wrong.push(i);
  }
  expect(wrong).toEqual([]);
});

test('rounding is to the nearest half, ties to even', () => {
  // Between every two neighbours: the middle goes to the even one, a bit to either side to the nearer.
  const grid = fromHalf(Uint16Array.from({ length: 0x7c00 }, (_, i) => i));
  const wrong: number[] = [];
  for (let i = 0; i + 1 < grid.length; i++) {
    const middle = (grid[i] + grid[i + 1]) / 2;
    const [below, at, above] = toHalf(Float32Array.of(middle * (1 - 2 ** -20), middle, middle * (1 + 2 ** -20)));
    if (below !== i || at !== i + (i & 1) || above !== i + 1) wrong.push(i);
  }
  expect(wrong).toEqual([]);
  expect([...toHalf(Float32Array.of(65519.996, 65520, 1e9, -65520, 2 ** -25, 2 ** -24, -0))]).toEqual([
    0x7bff, 0x7c00, 0x7c00, 0xfc00, 0, 1, 0x8000,
  ]);
});

test('bfloat16 takes the upper bits, ties to even', () => {
  const source = reals([
    0x3f800000, 0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x7f7fffff, 0x7f800001, 0x80000001,
  ]);
  expect([...toBfloat16(source)]).toEqual([0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x3f80, 0x7f80, 0x7fc0, 0x8000]);
});
