import { expect, test } from 'vitest';
import { modelConfig } from '../../../../shared/config.ts';
import { type ExportLayout, exportLayout } from '../../../../shared/export-layouts.ts';
import { checkWords } from './check-words.ts';
import { exportBytes, layoutRefuses } from './export-size.ts';

const gpt2 = { blockSize: 1024, vocabSize: 50_257, layers: 12, heads: 12, width: 768 };

test('sizes are those of the files: GPT-2 small has 124,439,808 weights with its biases', () => {
  const whole = modelConfig.parse({ ...gpt2, bias: true });
  expect(exportBytes(whole, 'float32', 'huggingface')).toBe(4 * 124_439_808);
  const bare = modelConfig.parse({ ...gpt2, bias: false });
  // Zeros stand for the biases that it lacks, and nanoGPT needs none.
  expect(exportBytes(bare, 'float16', 'huggingface')).toBe(2 * 124_439_808);
  expect(exportBytes(bare, 'bfloat16', 'nanogpt')).toBe(2 * (124_439_808 - (12 * 11 + 1) * 768));
  // llm.c pads 50,257 words to 50,304; GGUF keeps vectors and positions in float32.
  expect(exportBytes(bare, 'float32', 'llmc')).toBe(4 * (124_439_808 + 47 * 768));
  const plain = 12 * 13 * 768 + 2 * 768 + 1024 * 768;
  expect(exportBytes(bare, 'q8_0', 'gguf')).toBe(4 * plain + (34 / 32) * (124_439_808 - plain));
  expect(
    ['huggingface', 'nanogpt', 'gguf', 'llmc'].map((layout) => layoutRefuses(bare, layout as ExportLayout)),
  ).toEqual([false, false, false, true]);
  expect(layoutRefuses({ gelu: 'tanh' }, 'nanogpt')).toBe(true);
});

test('ONNX keeps norms and biases in float32; other architectures have two layouts', () => {
  const whole = modelConfig.parse({ ...gpt2, bias: true });
  const vectors = 12 * 13 * 768 + 2 * 768;
  expect(exportBytes(whole, 'float32', 'onnx')).toBe(4 * 124_439_808);
  expect(exportBytes(whole, 'float16', 'onnx')).toBe(2 * (124_439_808 - vectors) + 4 * vectors);
  const shared = { inner: 2048, rotaryBase: 10_000, epsilon: 1e-5, tied: false };
  const pythia = modelConfig.parse({
    blockSize: 2048,
    vocabSize: 50_304,
    layers: 6,
    heads: 8,
    width: 512,
    bias: true,
    architecture: { kind: 'gpt_neox', ...shared, rotary: 16, parallelResidual: true },
  });
  // Pythia 70M, as its page counts it.
  expect(exportBytes(pythia, 'float32', 'huggingface')).toBe(4 * 70_426_624);
  expect(exportBytes(pythia, 'float16', 'onnx')).toBe(
    2 * 70_426_624 + 2 * (6 * (4 + 9 + 4) * 512 + 2 * 512 - 6 * 4 * 512),
  );
  expect(exportLayout.options.filter((layout) => !layoutRefuses(pythia, layout))).toEqual(['huggingface', 'onnx']);
});

test('a check says what was found, and warns of a loss that moved', () => {
  const check = { bytes: 10, sha256: 'ab', weights: 1234, loss: { source: 1.5, written: 1.5, blocks: 64 }, why: null };
  expect(checkWords(check, 'float32')).toMatchObject({ weights: '1,234', loss: 'same' });
  const moved = { ...check, loss: { source: 1.5, written: 1.5005, blocks: 64 } };
  expect(checkWords(moved, 'float16').loss).toBe('rounded');
  expect(checkWords(moved, 'float32').loss).toBe('moved');
  expect(checkWords({ ...check, weights: null, loss: null, why: 'gone' }, 'float32')).toMatchObject({
    weights: null,
    loss: null,
  });
});
