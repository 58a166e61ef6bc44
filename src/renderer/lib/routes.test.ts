import { expect, it } from 'vitest';
import { decodeSegment, decodeSegments, encodeSegment, encodeSegments, routes } from './routes.ts';

it.each([
  'plain',
  'with space',
  '50%',
  'a%2Fb',
  'ends with #',
  'a&b=c?',
  "it's (here)!",
  'tilde~7E',
  'Überraschung 模型',
  '~',
])('a run called %j has an address that only holds unreserved characters', (name) => {
  const segment = encodeSegment(name);
  expect(segment).toMatch(/^[A-Za-z0-9._~-]*$/);
  expect(decodeSegment(segment)).toBe(name);
});

it('an address that no name makes is shown as it is', () => {
  expect(decodeSegment('~zz')).toBe('~zz');
  expect(routes.run('a b')).toBe('/runs/a~20b');
});

it('several names share a segment, whatever they hold', () => {
  const names = ['plain', 'with, comma', '~', 'Überraschung'];
  expect(decodeSegments(encodeSegments(names))).toEqual(names);
  expect(decodeSegments('a,a,,b')).toEqual(['a', 'b']);
  expect(decodeSegments('')).toEqual([]);
});
