import { expect, it } from 'vitest';
import { tokenizerError, tokenizerOf } from './tokenizer-choice.ts';

it('asks for what the fields say', () => {
  const settings = { path: ' /m/tokenizer.json ', vocabSize: 4096 };
  expect(tokenizerOf('gpt2', settings)).toBe('gpt2');
  expect(tokenizerOf('trained', settings)).toMatchObject({ kind: 'trained', vocabSize: 4096, specials: [] });
  expect(tokenizerOf('huggingface', settings)).toEqual({ kind: 'huggingface', path: '/m/tokenizer.json' });
});

it('says what is wrong with them', () => {
  const wrong = { path: 'tokenizer.json', vocabSize: Number.NaN };
  expect(tokenizerError('bytes', wrong)).toBeNull();
  expect(tokenizerError('trained', wrong)).toBe('vocabSizeBad');
  expect(tokenizerError('trained', { ...wrong, vocabSize: 12 })).toBe('vocabSizeBad');
  expect(tokenizerError('huggingface', wrong)).toBe('tokenizerPathBad');
  expect(tokenizerError('huggingface', { ...wrong, path: 'C:\\m\\tokenizer.json' })).toBeNull();
});
