import { expect, test } from 'vitest';
import { folderOf, isPlainName, relativeSegments } from './names.ts';

test.each([
  '..',
  '.',
  '',
  ' a',
  '.hidden',
  'a/b',
  'a\\b',
  'C:',
  'nul',
  'COM1.txt',
  'a.',
  'a ',
  'a\u0000b',
  'x'.repeat(101),
])('not a folder name: %j', (name) => {
  expect(isPlainName(name)).toBe(false);
  expect(() => folderOf('/home', name)).toThrow(/cannot be a folder's name/);
});

test.each(['run', 'State of the Union 2', 'größer', '会', "it's (2) [new]"])('a folder name: %j', (name) => {
  expect(isPlainName(name)).toBe(true);
});

test.each([
  '',
  '/etc/passwd',
  '../x',
  'a/../../x',
  'a//b',
  'a/./b',
  'a/',
  'a\\..\\b',
  'C:/x',
  'a/con',
  'a/LPT1.txt',
  'a\u0000',
  'a\nb',
  'a/ b ',
  'x'.repeat(256),
  'a/'.repeat(600),
])('not a relative path: %j', (path) => expect(relativeSegments(path)).toBeNull());

test('relative paths come apart', () => {
  expect(relativeSegments('speeches/1790 – Washington.txt')).toEqual(['speeches', '1790 – Washington.txt']);
  expect(relativeSegments('.hidden/file')).toEqual(['.hidden', 'file']);
});
