import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareConfig } from '../../shared/dataset.ts';
import { openDataset } from './dataset.ts';
import { prepareDataset } from './prepare.ts';
import { scanSources } from './scan.ts';
import { pairTokenFiles } from './token-files.ts';
import { byteLevelCharacters, tokenizerFile } from './tokenizers/hugging-face.ts';
import { encoderOfFile } from './tokenizers/load.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-tokens-'));
  await mkdir(join(root, 'in'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const put = (name: string, content: Uint8Array | string) => writeFile(join(root, 'in', name), content);
const prepare = (more: object = {}) => {
  const config = prepareConfig.parse({ name: 'a', sources: [join(root, 'in')], ...more });
  return prepareDataset(join(root, 'out'), config, { onProgress: () => {}, signal: new AbortController().signal });
};

/** A file as llm.c's data_common.py writes it. */
function shard(ids: number[], { magic = 20240520, version = NaN, count = ids.length } = {}) {
  const head = new Int32Array(256);
  head.set([magic, Number.isNaN(version) ? (magic === 20240801 ? 7 : 1) : version, count]);
  const tokens = magic === 20240801 ? Uint32Array.from(ids) : Uint16Array.from(ids);
  return Buffer.concat([Buffer.from(head.buffer), Buffer.from(tokens.buffer)]);
}

async function readAll(folder: string) {
  const dataset = await openDataset(folder);
  const ids = (source: typeof dataset.train) => {
    const target = new Int32Array(source.count);
    source.read(0, target);
    return [...target];
  };
  const read = { meta: dataset.meta, train: ids(dataset.train), val: ids(dataset.val) };
  dataset.close();
  return read;
}

describe("llm.c's shards", () => {
  it('open as they are, several to a side, and are copied without their headers', async () => {
    await put('web_train_000001.bin', shard([1, 2, 3]));
    await put('web_train_000002.bin', shard([4, 50256]));
    await put('web_val_000000.bin', shard([6, 7]));
    const direct = await readAll(join(root, 'in'));
    expect(direct).toMatchObject({ train: [1, 2, 3, 4, 50256], val: [6, 7] });
    expect(direct.meta.tokenizer).toEqual({ kind: 'gpt2', vocabSize: 50257, endOfText: 50256 });
    const meta = await prepare();
    expect(meta.fingerprint).toBe(direct.meta.fingerprint);
    expect(meta.report?.files.map(({ format }) => format)).toEqual(['tokens', 'tokens', 'tokens']);
    const own = await readAll(join(root, 'out'));
    expect(own).toMatchObject({ train: direct.train, val: direct.val, meta });
    expect((await readdir(join(root, 'out'))).sort()).toEqual(
      ['dataset.json', 'tokenizer.json', 'train-00000.bin', 'train-00001.bin', 'val.bin'].sort(),
    );
    expect(await prepare()).toEqual(meta);
  });

  it('of Llama 3 hold 4 bytes a token, and their ids mean what a tokenizer.json beside them says, or nothing', async () => {
    await put('tiny_train.bin', shard([128_000, 70_000, 5], { magic: 20240801 }));
    await put('tiny_val.bin', shard([40_000, 127_999], { magic: 20240801 }));
    const { meta, train, val } = await readAll(join(root, 'in'));
    expect([train, val]).toEqual([
      [128_000, 70_000, 5],
      [40_000, 127_999],
    ]);
    expect(meta).toMatchObject({
      dtype: 'uint32',
      tokenizer: { kind: 'unknown', vocabSize: 128_256, endOfText: null },
    });
    expect((await prepare()).tokenizer.kind).toBe('unknown');
    expect((await readAll(join(root, 'out'))).train).toEqual(train);
  });

  it('with a header that does not fit are refused by name, here and in a scan', async () => {
    await put('a_val_0.bin', shard([1, 2]));
    for (const [content, reason] of [
      [shard([1, 2, 3], { count: 4 }), /says 4 tokens of uint16, 1032 bytes, and it has 1030/],
      [shard([1, 2, 3], { count: -1 }), /says that it holds -1 tokens/],
      [shard([1], { version: 2 }), /has the version 2, not 1/],
      [shard([1], { magic: 20240801, version: 1 }), /has the version 1, not 7/],
      [shard([1], { magic: 20240522 }), /questions for evaluation/],
      [shard([1], { magic: 7 }), /does not begin with llm\.c's header/],
      [shard([1]).subarray(0, 600), /header has 1024 bytes, and the file 600/],
      [shard([70_000 & 0xffff, 60_000]), /up to the id 60000, past the 50257/],
      [shard([1, 2], { magic: 20240801 }), /of another kind/],
    ] as const) {
      await put('a_train_0.bin', content);
      await expect(prepare(), String(reason)).rejects.toMatchObject({
        code: 'dataset-broken',
        message: expect.stringMatching(reason),
      });
      await expect(openDataset(join(root, 'in'))).rejects.toMatchObject({ code: 'dataset-broken' });
    }
    await put('a_train_0.bin', shard([1], { version: 9 }));
    const { skipped } = await scanSources([join(root, 'in')]);
    expect(skipped.map(({ name }) => name)).toEqual(['a_train_0.bin']);
    await put('a_train_0.bin', shard([1, 2]));
    await truncate(join(root, 'in/a_val_0.bin'), 1027);
    await expect(prepare()).rejects.toMatchObject({ message: expect.stringMatching(/a_val_0\.bin is broken/) });
  });

  it('go together by folder and name', () => {
    const pair = (...names: string[]) => pairTokenFiles(names, (name) => name);
    expect(pair('b/x_val.bin', 'a/x_train.bin')).toBeNull();
    expect(pair('x_train_2.bin', 'y_val.bin', 'x_train_1.bin', 'x_val_0.bin')).toEqual({
      train: ['x_train_1.bin', 'x_train_2.bin'],
      val: ['x_val_0.bin'],
    });
    // What an unfinished preparation leaves is none; neither are settings of a training.
    expect(pair('train-00000.bin', 'val.bin')).toBeNull();
    expect(pair('training_args.bin', 'val.bin')).toBeNull();
  });
});

describe('a tokenizer that a file or the text brings', () => {
  /** All pairs of bytes are tokens: 65,793 ids. */
  const wide = () => {
    const symbols = byteLevelCharacters.toSorted();
    const pairs = symbols.flatMap((left) => symbols.map((right) => [left, right]));
    const tokens = [...symbols, ...pairs.map((pair) => pair.join('')), '<|endoftext|>'];
    return tokenizerFile({
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: pairs.map((pair) => pair.join(' ')),
      splitsWords: true,
      byteLevel: true,
      specials: { '<|endoftext|>': tokens.length - 1 },
    });
  };

  it('with more than 65,536 ids is written in 4 bytes a token', async () => {
    const path = join(root, 'tokenizer.json');
    await writeFile(path, wide());
    await put('a.txt', 'first text ÿÿ');
    await put('b.txt', 'second text ÿÿ');
    const meta = await prepare({ tokenizer: { kind: 'huggingface', path } });
    expect(meta).toMatchObject({ dtype: 'uint32', tokenizer: { kind: 'bpe', vocabSize: 65_793, endOfText: 65_792 } });
    const encoder = await encoderOfFile(path);
    const { train, val } = await readAll(join(root, 'out'));
    const texts = [encoder.decode(train), encoder.decode(val)];
    expect(texts.sort()).toEqual(['first text ÿÿ', 'second text ÿÿ']);
    expect(train.at(-1)).toBe(65_792);
    await writeFile(path, wide().replaceAll('endoftext', 'end'));
    await expect(prepare({ tokenizer: { kind: 'huggingface', path } })).rejects.toMatchObject({
      code: 'dataset-exists',
    });
  });

  it('that is not there, or cannot be run, is an error before anything is written', async () => {
    await put('a.txt', 'text');
    const tokenizer = { kind: 'huggingface', path: join(root, 'tokenizer.json') };
    await expect(prepare({ tokenizer })).rejects.toMatchObject({ code: 'tokenizer-missing' });
    await writeFile(tokenizer.path, '{"model":{"type":"WordPiece"}}');
    await expect(prepare({ tokenizer })).rejects.toMatchObject({ code: 'tokenizer-unsupported' });
  });

  it('is trained on the training text alone, the same each time, and not again when a preparation goes on', async () => {
    await put('a.txt', 'the other the other the weather '.repeat(50));
    await put('b.txt', 'zebra zebra quagga quagga '.repeat(50));
    const more = {
      tokenizer: { kind: 'trained', vocabSize: 300 },
      split: { by: 'file', path: join(root, 'in/b.txt') },
    };
    const meta = await prepare(more);
    expect(meta.tokenizer).toEqual({ kind: 'bpe', vocabSize: meta.tokenizer.vocabSize, endOfText: 0 });
    expect(meta.tokenizer.vocabSize).toBeGreaterThan(257);
    expect(meta.tokenizer.vocabSize).toBeLessThanOrEqual(300);
    const encoder = await encoderOfFile(join(root, 'out/tokenizer.json'));
    expect(encoder.encode(' the other')).toHaveLength(2);
    expect(encoder.encode(' zebra').length).toBeGreaterThan(3);
    const { train, val } = await readAll(join(root, 'out'));
    expect(encoder.decode(val)).toBe('zebra zebra quagga quagga '.repeat(50));
    await rm(join(root, 'out'), { recursive: true });
    expect((await prepare(more)).fingerprint).toBe(meta.fingerprint);
    expect((await readAll(join(root, 'out'))).train).toEqual(train);
  });
});
