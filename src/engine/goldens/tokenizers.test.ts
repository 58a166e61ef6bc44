/** Byte-level BPE against Hugging Face's `tokenizers` (bench/goldens/hf_tokenizers.py). */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { trainedTokenizer } from '../../shared/dataset.ts';
import type { CorpusDocument } from '../data/corpus.ts';
import { utf8 } from '../data/tokenizers/encoder.ts';
import { encoderOfText } from '../data/tokenizers/load.ts';
import { joinChunks } from '../data/tokenizers/testing.ts';
import { trainBpe } from '../data/tokenizers/train-bpe.ts';
import { repairUtf8 } from '../data/utf8.ts';
import { readJson } from './fixture.ts';

interface File {
  readonly model: { vocab: Record<string, number>; merges: [string, string][] };
  readonly added_tokens: unknown[];
}
interface Golden {
  readonly file: File;
  readonly texts: { name: string; text: string; ids: number[] }[];
  readonly broken: { name: string; bytes: number[]; ids: number[] }[];
  readonly long: { name: string; text: string; times: number; count: number; sha256: string }[];
}

describe.each(['gpt2', 'llama3', 'qwen', 'pythia', 'trained'])('%s', async (kind) => {
  const golden = readJson<Golden>(`tokenizer-${kind}`);
  const encoder = await encoderOfText('tokenizer.json', JSON.stringify(golden.file));
  const composes = kind === 'qwen' || kind === 'pythia';

  test.each(golden.texts)('$name', ({ text, ids }) => {
    expect([...encoder.encode(text)]).toEqual(ids);
    expect(encoder.decode(ids)).toBe(composes ? text.normalize('NFC') : text);
    expect(encoder.textBytes(Int32Array.from(ids))).toBe(utf8(encoder.decode(ids)).length);
  });

  test.each(golden.broken)('bytes that are no UTF-8: $name', ({ bytes, ids }) => {
    expect([...encoder.encodeBytes(repairUtf8(Uint8Array.from(bytes)).bytes)]).toEqual(ids);
  });

  test.each(golden.long)('$name', ({ text, times, count, sha256 }) => {
    const ids = encoder.encode(text.repeat(times));
    expect(ids).toHaveLength(count);
    expect(createHash('sha256').update(ids.join(',')).digest('hex')).toBe(sha256);
  });

  test('in chunks as whole', () => {
    for (const { text, ids } of golden.texts)
      for (const window of [9, 33, 128]) expect(joinChunks(encoder, utf8(text), window), text).toEqual(ids);
    const all = golden.texts.map(({ text }) => text).join(' ');
    expect(joinChunks(encoder, utf8(all), 300)).toEqual([...encoder.encode(all)]);
  });

  test('special tokens in a text are text', () => {
    expect(encoder.endOfText).toBe(0);
    expect([...encoder.encode('<|endoftext|>')]).not.toContain(0);
    expect(encoder.decode([0])).toBe('');
  });
});

const letters = (i: number) => String.fromCharCode(97 + (i % 20), 97 + Math.floor(i / 20));

describe('training', async () => {
  const golden = readJson<Golden & { documents: string[] }>('tokenizer-trained');
  const text = (texts: readonly string[], tail: number | null = null) => ({
    documents: async function* () {
      for (const [index, one] of texts.entries())
        yield {
          index,
          document: {
            async *chunks() {
              yield { bytes: utf8(one), end: utf8(one).length };
            },
          },
        } as unknown as CorpusDocument;
    },
    sampleKey: (index: number) => createHash('sha256').update(texts[index]).digest().readUInt32BE(4),
    bytes: texts.reduce((sum, one) => sum + utf8(one).length, 0),
    tail,
  });
  const { signal } = new AbortController();
  const choice = (more: object = {}) => trainedTokenizer.parse({ kind: 'trained', vocabSize: 900, ...more });
  const train = async (texts: readonly string[], more: object = {}, tail: number | null = null) =>
    JSON.parse(await trainBpe(text(texts, tail), choice(more), signal)) as File;

  test('learns the merges of BpeTrainer, ties included', async () => {
    const { model, added_tokens } = await train(golden.documents);
    expect(model.merges).toEqual(golden.file.model.merges.map((pair) => pair.join(' ')));
    expect(model.vocab).toEqual(golden.file.model.vocab);
    expect(added_tokens).toEqual(golden.file.added_tokens);
  });

  test('puts special tokens first, and never into a merge', async () => {
    const { model } = await train(['a<|user|>b '.repeat(50)], { specials: ['<|user|>', '<|user|>'], vocabSize: 300 });
    expect(model.vocab['<|endoftext|>']).toBe(0);
    expect(model.vocab['<|user|>']).toBe(1);
    expect(model.merges.map((merge) => String(merge).replace(' ', ''))).not.toContain('<|user|>');
    expect(() => choice({ specials: ['the'] })).toThrow(/looks like/);
    expect(() => choice({ specials: Array.from({ length: 50 }, (_, i) => `<a${i}>`), vocabSize: 300 })).toThrow(/room/);
  });

  test('knows nothing of a tail that validates, and samples the same each time', async () => {
    const texts = ['abcd '.repeat(2000), 'wxyz '.repeat(2000)];
    expect((await train(texts)).model.vocab).toHaveProperty('Ġwxyz');
    expect((await train(texts, {}, 0.5)).model.vocab).not.toHaveProperty('Ġwxyz');
    const many = Array.from({ length: 400 }, (_, i) => ` q${letters(i)}q`.repeat(6));
    const sampled = await train(many, { sampleBytes: 2000, vocabSize: 2000 });
    const words = Object.keys(sampled.model.vocab).filter((token) => /^Ġq..q$/.test(token));
    expect(words.length).toBeGreaterThan(5);
    expect(words.length).toBeLessThan(150);
    expect(await train(many, { sampleBytes: 2000, vocabSize: 2000 })).toEqual(sampled);
  });

  test('of an empty text is 256 bytes and the end of text', async () => {
    const file = await train([]);
    expect(Object.keys(file.model.vocab)).toHaveLength(257);
    const encoder = await encoderOfText('tokenizer.json', JSON.stringify(file));
    expect(encoder.decode(encoder.encode('é🙂'))).toBe('é🙂');
  });

  test('can be ended', async () => {
    const ended = AbortSignal.abort(new Error('enough'));
    await expect(trainBpe(text(golden.documents), choice(), ended)).rejects.toThrow('enough');
  });
});
