/** Texts for tests of tokenizers. */
import { repairUtf8 } from '../utf8.ts';
import type { Encoder } from './encoder.ts';

export const hostileTexts: readonly string[] = [
  '',
  ' ',
  '\n',
  'Hello world',
  "I'll don't we've it's you're I'm he'd 'S 'LL ''s '' 'sx '",
  ' leading and trailing  ',
  'tabs\t\tand\r\nlines\n\n\n  indented',
  'a \n b\n \nc  \n',
  '1234567890 3.14 1,000 x2y ²³ Ⅷ',
  '<|endoftext|> and <|endoftext|>',
  '🙂👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 \ufeffbom\ufeff',
  'nel\u0085nbsp\u00a0ideographic\u3000line\u2028zero\u200bwidth',
  '我们是中国人。他们說:「好」 日本語テキスト 한국어',
  'lone \ud800 surrogates \udc00!',
  `${'x'.repeat(300)} ${'ha'.repeat(200)}`,
  '!?!?...---***///'.repeat(20),
  "Unicode 17: \u088f's \u{323b0}'s",
  'العربية עברית हिन्दी ไทย',
  '\u0000\u0001\u007f control',
];

const pieces = [
  ' ', '  ', '\n', '\t', '\r\n', 'a', 'the', 'Zoë', "'", "'s", "'re", "'ll", '1', '23', '.', '!!', '…', '世', '界。', '🙂', '\u3000', '\u00a0', 'é', 'ß', '<|endoftext|>', '\ud83d', 'ﬁ', '²',
]; // biome-ignore format: a list to read across

/** A text of `count` pieces that meet in every combination. */
export function randomText(seed: number, count: number): string {
  let state = (seed * 2654435761) >>> 0;
  let text = '';
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += pieces[(state >>> 16) % pieces.length];
  }
  return text;
}

/** Ids of a text that is read in windows of a given size, as the text reader does it. */
export function joinChunks(encoder: Encoder, raw: Uint8Array, window: number): number[] {
  const ids: number[] = [];
  for (let at = 0; at < raw.length; ) {
    let length = Math.min(window, raw.length - at);
    let end = 0;
    for (;;) {
      end = at + length === raw.length ? length : encoder.safeCut(raw.subarray(at, at + length));
      if (end > 0) break;
      length = Math.min(length * 2, raw.length - at);
    }
    ids.push(...encoder.encodeBytes(repairUtf8(raw.subarray(at, at + end)).bytes));
    at += end;
  }
  return ids;
}
