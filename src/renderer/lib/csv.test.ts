import { expect, it } from 'vitest';
import { csvPieces } from './csv.ts';

const line = (label: string, xs: number[], ys: ArrayLike<number>) => ({ label, xs, ys, length: xs.length });
const all = (...given: Parameters<typeof csvPieces>): string => [...csvPieces(...given)].join('');

it('has a row for every x, and empty cells where a line has nothing', () => {
  const lines = [line('train', [0, 1, 2], [5, Number.NaN, 3]), line('a, "b"', [1, 3], Float32Array.of(0.1, 2))];
  expect(all('step', lines, 0, 3)).toBe('step,train,"a, ""b"""\n0,5,\n1,,0.100000001\n2,3,\n3,,2\n');
});

it('is of what is in view', () => {
  const lines = [line('y', [0, 1, 2, 3], [9, 8, 7, 6])];
  expect(all('step', lines, 1, 2)).toBe('step,y\n1,8\n2,7\n');
  expect(all('step', [], 0, 1)).toBe('step\n');
});

it('keeps points of one line that share an x, as two moments of one second may', () => {
  expect(all('time', [line('y', [1, 1], [2, 3])], 0, 9)).toBe('time,y\n1,2\n1,3\n');
});

it('comes in pieces that hold every row once', () => {
  const xs = Array.from({ length: 50_001 }, (_, i) => i);
  const pieces = [...csvPieces('x', [line('y', xs, xs)], 0, 1e9)];
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.join('').split('\n')).toHaveLength(50_003);
});
