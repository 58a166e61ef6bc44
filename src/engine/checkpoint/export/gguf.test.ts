import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ModelConfig, modelConfig } from '../../../shared/config.ts';
import { charactersTokenizer } from '../../data/tokenizers/characters.ts';
import { gpt2Tokenizer } from '../../data/tokenizers/gpt2.ts';
import { parameterTable } from '../../model/table.ts';
import { reading, someWeights, temporaryFolder } from '../fixture.ts';
import { fromHalf } from '../half.ts';
import { type GgufDType, ggufFile } from './gguf.ts';
import { verifyStream, writeStream } from './stream-file.ts';

let root: string;
let path: string;
beforeEach(async () => {
  root = await temporaryFolder();
  path = join(root, 'model.gguf');
});
afterEach(() => rm(root, { recursive: true }));

const points = [...'\nabcdefé€'].map((c) => c.codePointAt(0)!).sort((a, b) => a - b);
const tokenizer = charactersTokenizer(points);
const small = { blockSize: 8, vocabSize: points.length, paddedVocabSize: 16, layers: 2, heads: 2, width: 32 };

function made(changes: Partial<ModelConfig> = {}, dtype: GgufDType = 'float32') {
  const model = modelConfig.parse({ ...small, ...changes });
  const table = parameterTable(model);
  const weights = someWeights(table, model.vocabSize, 3);
  const metadata = { run: 'tiny', step: '40', policy: 'lawa' };
  return {
    weights,
    table,
    file: ggufFile({ model, table, read: reading(weights), dtype, tokenizer, name: 'tiny', metadata }),
  };
}

/** Reads the file as ggml's docs/gguf.md describes it. */
function parse(bytes: Buffer) {
  let at = 0;
  /** Where the next `length` bytes begin. */
  const take = (length: number) => {
    at += length;
    return at - length;
  };
  const u32 = () => bytes.readUInt32LE(take(4));
  const u64 = () => Number(bytes.readBigUInt64LE(take(8)));
  const text = () => {
    const length = u64();
    const from = take(length);
    return bytes.toString('utf8', from, from + length);
  };
  const value = (type: number): unknown => {
    if (type === 4) return u32();
    if (type === 5) return bytes.readInt32LE(take(4));
    if (type === 6) return bytes.readFloatLE(take(4));
    if (type === 7) return bytes[take(1)] === 1;
    if (type === 8) return text();
    const inner = u32();
    return Array.from({ length: u64() }, () => value(inner));
  };
  expect(bytes.toString('latin1', 0, 4)).toBe('GGUF');
  at = 4;
  expect(u32()).toBe(3);
  const [count, pairCount] = [u64(), u64()];
  const pairs = Object.fromEntries(Array.from({ length: pairCount }, () => [text(), value(u32())]));
  const tensors = Array.from({ length: count }, () => {
    const name = text();
    const dimensions = Array.from({ length: u32() }, u64);
    return { name, dimensions, type: u32(), offset: u64() };
  });
  const start = Math.ceil(at / 32) * 32;
  const floats = (name: string): Float32Array => {
    const { dimensions, type, offset } = tensors.find((tensor) => tensor.name === name)!;
    const length = dimensions.reduce((a, b) => a * b, 1);
    const from = bytes.subarray(start + offset);
    if (type === 0) return new Float32Array(Uint8Array.from(from.subarray(0, 4 * length)).buffer);
    expect(type).toBe(1);
    return fromHalf(new Uint16Array(Uint8Array.from(from.subarray(0, 2 * length)).buffer));
  };
  return { pairs, tensors, floats };
}

test('names, orientation, folded attention and absent biases', async () => {
  const { weights, table, file } = made({ inverseLayerScaling: true });
  expect(await writeStream(path, file)).toEqual({ bytes: file.bytes });
  const { tensors, floats, pairs } = parse(await readFile(path));
  expect(tensors).toHaveLength(2 + 2 * 12 + 2);
  for (const { offset } of tensors) expect(offset % 32).toBe(0);
  expect(tensors.find(({ name }) => name === 'token_embd.weight')!.dimensions).toEqual([32, points.length]);
  expect(tensors.find(({ name }) => name === 'blk.1.ffn_up.weight')!.dimensions).toEqual([32, 128]);
  const offsetOf = (name: string) => table.entries.find((entry) => entry.name === name)!.offset;
  const at = offsetOf('transformer.h.1.attn.c_attn.weight');
  const projection = floats('blk.1.attn_qkv.weight');
  // Row 5 makes a query and is halved in layer 1; row 40 makes a key.
  for (const [row, scale] of [
    [5, 2],
    [40, 1],
  ] as const)
    for (let i = 0; i < 32; i++) expect(projection[row * 32 + i]).toBe(weights[at + i * 96 + row] / scale);
  expect(floats('blk.1.attn_qkv.bias')).toEqual(new Float32Array(96));
  const norm = offsetOf('transformer.ln_f.weight');
  expect(floats('output_norm.weight')).toEqual(weights.slice(norm, norm + 32));
  expect(pairs).toMatchObject({
    'general.architecture': 'gpt2',
    'gpt2.block_count': 2,
    'gpt2.attention.head_count': 2,
    'gpt2.context_length': 8,
    'meander.policy': 'lawa',
  });
});

test('symbols of several bytes are merged from theirs, and an end is named', async () => {
  await writeStream(path, made().file);
  const { pairs } = parse(await readFile(path));
  expect(pairs['tokenizer.ggml.tokens']).toEqual(['Ċ', ...'abcdef', 'Ã©', 'âĤ¬']);
  expect(pairs['tokenizer.ggml.merges']).toEqual(['Ã ©', 'â Ĥ', 'âĤ ¬']);
  expect(pairs['tokenizer.ggml.eos_token_id']).toBe(points.length - 1);
  expect(pairs['general.description']).toContain('sample with --ignore-eos');
});

test('GPT-2’s tokenizer comes whole, rows past it marked unused', async () => {
  const gpt2 = await gpt2Tokenizer();
  const model = modelConfig.parse({ ...small, vocabSize: 50_300, paddedVocabSize: null, layers: 1 });
  const table = parameterTable(model);
  const read = reading(new Float32Array(table.elements));
  const file = ggufFile({ model, table, read, dtype: 'q8_0', tokenizer: gpt2, name: 'g', metadata: {} });
  await writeStream(path, file);
  const { pairs, tensors } = parse(await readFile(path));
  const tokens = pairs['tokenizer.ggml.tokens'] as string[];
  expect(tokens).toHaveLength(50_300);
  expect([tokens[262], tokens[50_256], tokens[50_257]]).toEqual(['Ġthe', '<|endoftext|>', '[unused50257]']);
  expect((pairs['tokenizer.ggml.token_type'] as number[]).slice(50_255, 50_258)).toEqual([1, 3, 5]);
  expect(pairs['tokenizer.ggml.merges']).toHaveLength(50_000);
  expect(pairs['tokenizer.ggml.eos_token_id']).toBe(50_256);
  expect(tensors.find(({ name }) => name === 'token_embd.weight')!.type).toBe(8);
});

test('q8_0 keeps float16 where rows are no whole blocks, vectors and positions float32', async () => {
  const { weights, table, file } = made({ width: 36 }, 'q8_0');
  await writeStream(path, file);
  const { tensors, floats } = parse(await readFile(path));
  const type = (name: string) => tensors.find((tensor) => tensor.name === name)!.type;
  expect(['blk.0.attn_qkv.weight', 'position_embd.weight', 'output_norm.weight'].map(type)).toEqual([1, 0, 0]);
  const { offset } = table.entries.find(({ name }) => name === 'transformer.wte.weight')!;
  expect(floats('token_embd.weight')[7]).toBeCloseTo(weights[offset + 7], 3);
});

test('a file is read again: one changed byte is found, and so is a missing end', async () => {
  const { file } = made();
  await writeStream(path, file);
  await verifyStream(path, file);
  const handle = await open(path, 'r+');
  const position = file.bytes - 100;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, position);
  await handle.write(Buffer.from([buffer[0] ^ 1]), 0, 1, position);
  await handle.close();
  await expect(verifyStream(path, file)).rejects.toMatchObject({
    code: 'export-damaged',
    message: expect.stringContaining(`byte ${position}`),
  });
  await writeFile(path, (await readFile(path)).subarray(0, -1));
  await expect(verifyStream(path, file)).rejects.toThrow('its size');
});

test('a run without a tokenizer, weights that are not finite, weights that float16 cannot hold', async () => {
  const model = modelConfig.parse(small);
  const table = parameterTable(model);
  const content = { model, table, name: 'x', metadata: {}, tokenizer };
  const bad = (value: number) => reading(new Float32Array(table.elements).fill(value));
  expect(() => ggufFile({ ...content, read: bad(0), dtype: 'float32', tokenizer: null })).toThrow('without one');
  await expect(writeStream(path, ggufFile({ ...content, read: bad(Number.NaN), dtype: 'q8_0' }))).rejects.toMatchObject(
    {
      code: 'not-finite',
    },
  );
  await expect(writeStream(path, ggufFile({ ...content, read: bad(1e5), dtype: 'float16' }))).rejects.toMatchObject({
    code: 'out-of-range',
  });
  await expect(readFile(path)).rejects.toThrow('ENOENT');
});
