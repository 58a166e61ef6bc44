import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesTokenizer } from './bytes.ts';
import { charactersTokenizer } from './characters.ts';
import type { Encoder } from './encoder.ts';
import { utf8 } from './encoder.ts';
import { gpt2Tokenizer } from './gpt2.ts';
import { byteLevelCharacters } from './hugging-face.ts';
import { loadTokenizer } from './load.ts';
import { hostileTexts, joinChunks, randomText } from './testing.ts';

const characters = charactersTokenizer([...'\n !abcdeé世🙂'].map((c) => c.codePointAt(0)!).sort((a, b) => a - b));

describe('characters', () => {
  it('numbers code points in order and leaves unknown ones out', () => {
    expect(Array.from(characters.encode('ba🙂x世'))).toEqual([4, 3, 10, 9]);
    expect(characters.decode(characters.encode('ba🙂x世'))).toBe('ba🙂世');
    expect(characters.textBytes(characters.encode('é世🙂z'))).toBe(2 + 3 + 4);
    expect(characters.decode([99, -1, 3])).toBe('a');
  });
});

describe.each([
  ['characters', characters],
  ['bytes', bytesTokenizer()],
])('%s', (_, encoder: Encoder) => {
  it('gives the same ids in chunks as whole, broken UTF-8 included', () => {
    for (const text of [...hostileTexts, randomText(7, 300)])
      expect(joinChunks(encoder, utf8(text), 7)).toEqual(Array.from(encoder.encode(text)));
  });
});

describe('bytes', () => {
  it('is UTF-8 and back', () => {
    const bytes = bytesTokenizer();
    for (const text of hostileTexts) expect(bytes.decode(bytes.encode(text))).toBe(text.toWellFormed());
    expect(bytes.decode([0xff, 0x41])).toBe('\ufffdA');
  });
});

describe('loadTokenizer', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meander-tokenizer-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each(['gpt2', 'characters', 'bytes'] as const)('reads back what %s writes', async (kind) => {
    const tokenizer = kind === 'gpt2' ? await gpt2Tokenizer() : kind === 'bytes' ? bytesTokenizer() : characters;
    const files = tokenizer.huggingFaceFiles();
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    const loaded = await loadTokenizer(folder);
    expect(loaded?.kind).toBe(kind);
    expect(loaded?.huggingFaceFiles()).toEqual(files);
    expect(loaded?.encode('abc é')).toEqual(tokenizer.encode('abc é'));
  });

  it('reads vocab.json and merges.txt of GPT-2', async () => {
    const files = (await gpt2Tokenizer()).huggingFaceFiles();
    for (const name of ['vocab.json', 'merges.txt']) await writeFile(join(folder, name), files[name]);
    expect((await loadTokenizer(folder))?.kind).toBe('gpt2');
  });

  it('is null for a folder without one', async () => {
    expect(await loadTokenizer(folder)).toBeNull();
  });

  const refused = async (content: unknown, code: string, reason = /./) => {
    await writeFile(join(folder, 'tokenizer.json'), typeof content === 'string' ? content : JSON.stringify(content));
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      name: 'UserError',
      code,
      message: expect.stringMatching(reason),
    });
  };
  const bytes = Object.fromEntries(byteLevelCharacters.toSorted().map((character, id) => [character, id]));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false };
  const file = (vocab: Record<string, number>, merges: string[] = [], before: object | null = null) => ({
    pre_tokenizer: before,
    model: { type: 'BPE', vocab, merges },
  });

  it('takes byte-level BPE of its own', async () => {
    const gpt2 = JSON.parse((await gpt2Tokenizer()).huggingFaceFiles()['tokenizer.json']);
    [gpt2.model.merges[0], gpt2.model.merges[1]] = [gpt2.model.merges[1], gpt2.model.merges[0]];
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(gpt2));
    const loaded = await loadTokenizer(folder);
    expect(loaded).toMatchObject({ kind: 'bpe', vocabSize: 50257, endOfText: 50256 });
    expect(loaded?.huggingFaceFiles()['tokenizer.json']).toBe(JSON.stringify(gpt2));
  });

  it('refuses files that are cut short or lie', async () => {
    await refused('{"model":{"type":"BP', 'tokenizer-broken');
    await refused('[]', 'tokenizer-broken');
    await refused({ model: { type: 'BPE', merges: [] } }, 'tokenizer-broken');
    await refused(file({ a: 0, b: 0 }), 'tokenizer-broken');
    await refused(file({ a: 0, b: 7 }), 'tokenizer-broken', /past the size/);
    await refused(file({ a: -1 }), 'tokenizer-broken');
    await refused(file({ a: 2 ** 40 }), 'tokenizer-broken');
    await refused(file(bytes, ['ab']), 'tokenizer-broken', /no pair/);
    await refused(file(bytes, ['a b'], byteLevel), 'tokenizer-broken', /not in its vocabulary/);
    await refused(file({ ...bytes, ab: 256 }, ['a b', 'a b'], byteLevel), 'tokenizer-broken', /twice/);
    const added = (id: number, content: string) => ({ ...file(bytes, [], byteLevel), added_tokens: [{ id, content }] });
    await refused(added(7, '<s>'), 'tokenizer-broken', /two tokens have the id 7/);
    await refused(added(300, '<s>'), 'tokenizer-broken', /past the size/);
    await refused(added(256, 'a'), 'tokenizer-broken', /has the ids/);
    await refused(' '.repeat(65 << 20), 'tokenizer-broken', /more than any tokenizer/);
  });

  it('refuses what it cannot do, by name', async () => {
    const { a: _, ...incomplete } = bytes;
    const bpe = (more: object) => ({ ...file(bytes, [], byteLevel), ...more });
    const model = (more: object) => bpe({ model: { type: 'BPE', vocab: bytes, merges: [], ...more } });
    const split = (pattern: object) =>
      bpe({
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'Split', pattern, behavior: 'Isolated', invert: false },
            { ...byteLevel, use_regex: false },
          ],
        },
      });
    for (const [content, reason] of [
      [{ model: { type: 'WordPiece', vocab: {} } }, /its model is WordPiece/],
      [{ model: { type: 'Unigram', vocab: [] } }, /its model is Unigram/],
      [file({ ab: 0, b: 1 }), /no pre-tokenizer/],
      [file({}), /no pre-tokenizer/],
      [file(bytes, [], { type: 'Whitespace' }), /"Whitespace", not ByteLevel/],
      [file(bytes, [], { ...byteLevel, add_prefix_space: true }), /add_prefix_space/],
      [model({ byte_fallback: true }), /byte_fallback/],
      [model({ dropout: 0.1 }), /dropout 0.1/],
      [model({ end_of_word_suffix: '</w>' }), /end_of_word_suffix/],
      [model({ continuing_subword_prefix: '##' }), /continuing_subword_prefix/],
      [
        file(Object.fromEntries(Object.keys(incomplete).map((c, i) => [c, i])), [], byteLevel),
        /no token for the byte 97/,
      ],
      [bpe({ normalizer: { type: 'Lowercase' } }), /normalizes text by "Lowercase"/],
      [bpe({ decoder: { type: 'Metaspace' } }), /decoder is "Metaspace"/],
      [split({ Regex: '\\s+' }), /pattern that is not known/],
      [split({ String: ' ' }), /pattern that is not known/],
      [bpe({ added_tokens: [{ id: 256, content: '<m>', lstrip: true }] }), /"<m>" takes in what stands around/],
    ] as const)
      await refused(content, 'tokenizer-unsupported', reason);
  });
});
