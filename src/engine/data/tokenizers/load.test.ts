import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesTokenizer } from './bytes.ts';
import { charactersTokenizer } from './characters.ts';
import type { Encoder } from './encoder.ts';
import { utf8 } from './encoder.ts';
import { gpt2Tokenizer } from './gpt2.ts';
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

  const refused = async (content: unknown, code: string) => {
    await writeFile(join(folder, 'tokenizer.json'), typeof content === 'string' ? content : JSON.stringify(content));
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ name: 'UserError', code });
  };
  const file = (vocab: Record<string, number>, merges: string[] = [], before: object | null = null) => ({
    pre_tokenizer: before,
    model: { type: 'BPE', vocab, merges },
  });

  it('refuses files that are cut short or lie', async () => {
    const gpt2 = JSON.parse((await gpt2Tokenizer()).huggingFaceFiles()['tokenizer.json']);
    await refused('{"model":{"type":"BP', 'tokenizer-broken');
    await refused(file({ a: 0, b: 0 }), 'tokenizer-broken');
    await refused(file({ a: 0, b: 7 }), 'tokenizer-broken');
    await refused(file({ ab: 0, b: 1 }), 'tokenizer-unsupported');
    await refused(file({ b: 0, a: 1 }), 'tokenizer-unsupported');
    await refused(file({ a: -1 }), 'tokenizer-unsupported');
    await refused(file({}), 'tokenizer-unsupported');
    await refused({ model: { type: 'WordPiece', vocab: {} } }, 'tokenizer-unsupported');
    [gpt2.model.merges[0], gpt2.model.merges[1]] = [gpt2.model.merges[1], gpt2.model.merges[0]];
    await refused(gpt2, 'tokenizer-unsupported');
  });
});
