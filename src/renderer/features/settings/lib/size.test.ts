import { expect, it } from 'vitest';
import { parseSize, sizeText } from './size.ts';

it.each([
  ['20 GB', 20e9],
  ['1.5tb', 1.5e12],
  ['0,5 g', 5e8],
  ['500 MB', 5e8],
  ['12345', 12_345],
  ['7 b', 7],
  ['', null],
  ['  ', null],
])('%j is %s bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

it.each(['many', '-3 GB', '0', '20 GiB', '1e9', 'GB', '99999999 TB'])('%j is no size', (text) => {
  expect(parseSize(text)).toBeNaN();
});

it.each([null, 20e9, 1_500_000_000, 123_456_789, 7])('%s bytes, written and read, are the same', (bytes) => {
  expect(parseSize(sizeText(bytes))).toBe(bytes);
});
