import { expect, test } from 'vitest';
import { encoderOfText } from '../../data/tokenizers/load.ts';
import { readJson } from '../../goldens/fixture.ts';
import { ggufTokenizer } from './gguf-tokenizer.ts';

interface File {
  added_tokens: { id: number; special: boolean }[];
  model: { vocab: Record<string, number>; ignore_merges: boolean };
}

/** A tokenizer of bench/goldens, changed. */
async function pairs(kind: string, change: (file: File) => void = () => {}) {
  const { file } = readJson<{ file: File }>(`tokenizer-${kind}`);
  change(file);
  const encoder = await encoderOfText('tokenizer.json', JSON.stringify(file));
  return ggufTokenizer(encoder, encoder.vocabSize + 1);
}
const withoutMarks = (file: File) => {
  file.added_tokens = file.added_tokens.filter((token) => token.special);
  const last = file.added_tokens[file.added_tokens.length - 1];
  // The ids stay without a gap.
  if (last.id > 0) last.id = Object.keys(file.model.vocab).length;
};

test('BPE that llama.cpp knows names its way to split, its special tokens and its merges', async () => {
  for (const [kind, pre] of [
    ['trained', 'gpt-2'],
    ['gpt2', 'gpt-2'],
    ['llama3', 'llama-bpe'],
    ['qwen', 'qwen2'],
  ]) {
    const found = await pairs(kind, withoutMarks);
    expect(found.get('tokenizer.ggml.pre')).toEqual({ string: pre });
    const { strings } = found.get('tokenizer.ggml.tokens') as { strings: string[] };
    const { int32s } = found.get('tokenizer.ggml.token_type') as { int32s: number[] };
    expect([strings[0], int32s[0], int32s[1], int32s.at(-1)]).toEqual(['<|endoftext|>', 3, 1, 5]);
    expect(found.get('tokenizer.ggml.eos_token_id')).toEqual({ uint32: 0 });
    const { strings: merges } = found.get('tokenizer.ggml.merges') as { strings: string[] };
    expect(merges[0]).toMatch(/^\S+ \S+$/);
  }
});

test('what llama.cpp would run in another way is refused by name', async () => {
  for (const [kind, change, reason] of [
    ['pythia', () => {}, /added tokens that are not special/],
    ['pythia', withoutMarks, /normalizes text by NFC/],
    [
      'llama3',
      (file: File) => {
        withoutMarks(file);
        file.model.ignore_merges = false;
      },
      /"llama-bpe" has it the other way/,
    ],
  ] as const)
    await expect(pairs(kind, change)).rejects.toMatchObject({
      code: 'layout-unsupported',
      message: expect.stringMatching(reason),
    });
});
