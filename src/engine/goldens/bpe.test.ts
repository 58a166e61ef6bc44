/** GPT-2's byte-pair ids against a plain encoder and tiktoken (bench/goldens/bpe.py). */
import { describe, expect, test } from 'vitest';
import { gpt2Tokenizer } from '../data/tokenizers/gpt2.ts';
import { repairUtf8 } from '../data/utf8.ts';
import { readJson } from './fixture.ts';

const golden = readJson<{
  texts: { name: string; text: string; ids: number[] }[];
  repeated: { name: string; text: string; times: number; ids: number[] }[];
  broken: { name: string; bytes: number[]; text: string; ids: number[] }[];
}>('bpe');

describe('ids and back', async () => {
  const tokenizer = await gpt2Tokenizer();
  const texts = [...golden.texts, ...golden.repeated.map((r) => ({ ...r, text: r.text.repeat(r.times) }))];

  test.each(texts)('$name', ({ text, ids }) => {
    expect([...tokenizer.encode(text)]).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
    const pieces = Buffer.concat(ids.map((id) => tokenizer.bytes(id)));
    expect(pieces.toString('utf8')).toBe(text);
  });

  test.each(golden.broken)('bytes that are no UTF-8: $name', ({ bytes, text, ids }) => {
    const repaired = repairUtf8(Uint8Array.from(bytes));
    expect(Buffer.from(repaired.bytes).toString('utf8')).toBe(text);
    expect(repaired.invalid).toBe([...text].filter((c) => c === '\ufffd').length);
    expect([...tokenizer.encode(text)]).toEqual(ids);
  });
});
