import { expect, it } from 'vitest';
import type { SourceReport } from '../../../../shared/dataset.ts';
import { beginningsOf, hasRecords, textFieldsOf } from './text-fields.ts';

const report = (part: Partial<SourceReport>): SourceReport => ({
  files: [],
  fileCount: 0,
  bytes: 0,
  skipped: [],
  skippedCount: 0,
  ...part,
});
const text = { name: 'a.txt', bytes: 1, format: 'text', invalidUtf8: 0, beginnings: ['plain'] } as const;
const records = {
  ...{ name: 'b.jsonl', bytes: 1, format: 'jsonl', invalidUtf8: 0, textField: 'body', textFieldGuessed: true },
  ...{ textFields: ['title', 'body'], beginnings: ['one', 'two'] },
} as const;

it('knows records, which fields they have, and which one was guessed', () => {
  const both = report({ files: [text, records] as unknown as SourceReport['files'] });
  expect(hasRecords(both)).toBe(true);
  expect(textFieldsOf(both)).toEqual({ names: ['title', 'body'], guessed: 'body' });
  expect(beginningsOf(both)).toEqual(['one', 'two', 'plain']);
  expect(hasRecords(report({ files: [text] as unknown as SourceReport['files'] }))).toBe(false);
});

it('knows records whose field was asked for in vain, so that another can be chosen', () => {
  const reason = 'it has no text in a field "x"; its fields: title, body';
  expect(hasRecords(report({ skipped: [{ name: 'b.jsonl', reason }], skippedCount: 1 }))).toBe(true);
});
