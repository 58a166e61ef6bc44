/** Records of tables and archives as documents, and what the report says of them. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { scanSources } from './index.ts';
import { decoded, fails, jsonLines, packedRecords, recordTexts, workplace } from './testing.ts';

const { at: inside, put, prepare, splitOf } = workplace();
describe('records', () => {
  it('are documents: the tokens are those of the same texts as files', async () => {
    await put(Object.fromEntries(recordTexts.map((text, i) => [`files/${String(i).padStart(2, '0')}.txt`, text])));
    await put(packedRecords());
    for (const by of ['document', 'tail'] as const) {
      const part = { tokenizer: 'gpt2', split: splitOf(by) } as const;
      const files = await prepare({ ...part, sources: [inside('files')] });
      const records = await prepare(part);
      expect(records.meta.fingerprint).toBe(files.meta.fingerprint);
      expect([records.meta.train, records.meta.val]).toEqual([files.meta.train, files.meta.val]);
      expect(records.meta.report?.skipped).toEqual([
        { name: 'f.tar: ../x.txt', reason: 'its name leads out of the archive' },
      ]);
      expect(records.meta.report?.files).toEqual([
        expect.objectContaining({ name: 'a.jsonl.gz', format: 'jsonl', documents: 20, textField: 'text' }),
        expect.objectContaining({ name: 'b.jsonl', documents: 20, note: expect.stringMatching(/^2 records left out/) }),
        expect.objectContaining({ name: 'c.jsonl.zst', documents: 8, textFieldGuessed: true }),
        expect.objectContaining({ name: 'd.json', format: 'json', documents: 6 }),
        expect.objectContaining({ name: 'e.csv.gz', format: 'csv', documents: 3 }),
        expect.objectContaining({ name: 'f.tar', format: 'archive', documents: 3 }),
      ]);
    }
  });

  it('of a file that breaks off, or unpacks without end, are kept up to there, or not at all', async () => {
    const whole = gzipSync(jsonLines(0, 60));
    await put({
      'in/a.jsonl': jsonLines(0, 5),
      'in/b.jsonl.gz': whole.subarray(0, whole.length - 2000),
      'in/c.txt.zst': zstdCompressSync(Buffer.alloc(80 << 20, 'x')),
    });
    const part = { tokenizer: 'bytes', split: splitOf('tail') } as const;
    const { meta, folder: at } = await prepare(part);
    expect(meta.report?.files.map(({ name }) => name)).toEqual(['a.jsonl', 'b.jsonl.gz']);
    expect(meta.report?.skipped).toEqual([
      {
        name: 'b.jsonl.gz',
        reason: expect.stringMatching(/^what comes after document \d+: its gzip stream is broken/),
      },
      { name: 'c.txt.zst', reason: expect.stringMatching(/unpacks to more than 250 times its size/) },
    ]);
    expect((await prepare(part, at)).meta).toEqual(meta);
  });

  it('take the field that is named', async () => {
    await put({ 'in/a.jsonl': '{"text":"no","other":"yes, this"}\n' });
    const { folder: at } = await prepare({ tokenizer: 'bytes', split: splitOf('tail'), textField: 'other' });
    const { train, val } = await decoded(at);
    expect(train.text + val.text).toBe('yes, this');
    await fails(prepare({ textField: 'nothing' }), 'no-text-found', /no text in a field "nothing"; its fields: text/);
  });
});

describe('the report', () => {
  it('lists documents by length, the shortest and the longest by name, records by their line', async () => {
    await put({
      'in/a.txt': 'x'.repeat(700),
      'in/b.jsonl': Array.from({ length: 30 }, (_, i) => `{"text":"${'y'.repeat(i + 1)}"}\n`).join(''),
    });
    const { meta } = await prepare({ tokenizer: 'bytes' });
    const { shortest, longest, histogram } = meta.report?.lengths ?? { shortest: [], longest: [], histogram: [] };
    expect(shortest.map(({ bytes }) => bytes)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(shortest[0].name).toBe('b.jsonl, line 1');
    expect(longest.slice(0, 2)).toEqual([
      { name: 'a.txt', bytes: 700 },
      { name: 'b.jsonl, line 30', bytes: 30 },
    ]);
    expect(histogram).toEqual([1, 2, 4, 8, 15, 0, 0, 0, 0, 1]);
    expect(meta.report?.formats?.map(({ format, files }) => [format, files])).toEqual([
      ['text', 1],
      ['jsonl', 1],
    ]);
  });

  it('of a scan shows how documents begin, with the field that is asked for', async () => {
    await put({ 'in/a.jsonl': '{"text":"the text","title":"the title","n":1}\n{"text":"more","title":"two"}\n' });
    const [guessed] = (await scanSources([inside('in')])).files;
    expect(guessed).toMatchObject({ textField: 'text', textFieldGuessed: true, beginnings: ['the text', 'more'] });
    expect(guessed.textFields).toEqual(['text', 'title']);
    // Many texts before the records do not take their place.
    for (let i = 0; i < 25; i++) await put({ [`in/0 ${i}.txt`]: 'text' });
    const many = (await scanSources([inside('in')])).files;
    expect(many.find(({ format }) => format === 'jsonl')?.beginnings).toEqual(['the text', 'more']);
    expect(many.filter(({ beginnings }) => beginnings !== undefined)).toHaveLength(21);
    const [named] = (await scanSources([inside('in/a.jsonl')], 'title')).files;
    expect(named).toMatchObject({ textField: 'title', textFieldGuessed: false, beginnings: ['the title', 'two'] });
  });
});
