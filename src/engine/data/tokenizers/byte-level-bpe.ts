/**
 * Byte-level BPE of any vocabulary, as a tokenizer.json describes it; ids as those of Hugging Face's `tokenizers` with
 * `add_special_tokens=False` and `encode_special_tokens`: special tokens in a text are ordinary text.
 */
import { isUtf8 } from 'node:buffer';
import type { Tokenizer } from '../source.ts';
import { AddedTokens } from './added-tokens.ts';
import { Merges } from './byte-pair.ts';
import { gpt2Splits, gpt4Splits, lastCut, type SplitsBetween } from './cuts.ts';
import type { Encoder } from './encoder.ts';
import { decodeBytes, noBytes, Scratch, sumLengths, utf8 } from './encoder.ts';
import { gpt2WordEnd } from './gpt2-scanner.ts';
import { gpt4WordEnd } from './gpt4-scanner.ts';
import { byteLevelCharacters, endOfTextMark, tokenizerSettings } from './hugging-face.ts';
import type { TokenizerJson } from './json-file.ts';
import { broken, shown, unsupported } from './json-file.ts';
import type { WordEnd } from './word-encoder.ts';
import { WordEncoder } from './word-encoder.ts';

type Splitting = NonNullable<Tokenizer['splitting']>;

interface Pattern {
  readonly wordEnd: WordEnd;
  readonly splits: SplitsBetween;
}
const patterns: Readonly<Record<Splitting, Pattern>> = {
  'gpt-2': { wordEnd: gpt2WordEnd, splits: gpt2Splits },
  'llama-bpe': { wordEnd: gpt4WordEnd(3), splits: gpt4Splits },
  qwen2: { wordEnd: gpt4WordEnd(1), splits: gpt4Splits },
};
const gpt4Expression = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const expressions = new Map<string, Splitting>([
  ["'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", 'gpt-2'],
  [gpt4Expression('\\p{N}{1,3}'), 'llama-bpe'],
  [gpt4Expression('\\p{N}'), 'qwen2'],
]);
/** What ends a text, in the vocabularies that name one. */
const endMarks = [endOfTextMark, '<|end_of_text|>', '</s>', '<eos>'];

/**
 * @param path for messages
 * @param text of the file, which is handed on as it is
 * @throws UserError 'tokenizer-broken' where merges do not fit the vocabulary; 'tokenizer-unsupported' naming what
 *   this encoder does not do
 */
export function byteLevelBpe(path: string, text: string, json: TokenizerJson): Encoder {
  const splitting = splittingOf(path, json);
  const composes = composesOf(path, json);
  if (json.decoder !== null && json.decoder.type !== 'ByteLevel')
    throw unsupported(path, `its decoder is ${shown(json.decoder.type)}`);
  const { wordEnd, splits } = patterns[splitting];
  const vocab = new Map(Object.entries(json.vocab));
  const specials = new Set(json.added.filter((token) => token.special).map((token) => token.id));
  const added = new Set(json.added.map((token) => token.id));
  const content = json.tokens.map((token, id) => (added.has(id) ? utf8(token) : bytesOf(token)));
  const tokens = content.map((bytes, id) => (specials.has(id) ? noBytes : bytes));
  const lengths = Int32Array.from(tokens, (bytes) => bytes.length);
  const words = new WordEncoder({
    wordEnd,
    idOfByte: idsOfBytes(path, vocab),
    merges: mergesOf(path, json, vocab),
    whole: json.ignoreMerges ? wordsOf(vocab, added) : null,
  });
  const marks = (normalized: boolean) =>
    new AddedTokens(
      json.added
        .filter((token) => !token.special && token.normalized === normalized)
        .map((token) => {
          if (token.single_word || token.lstrip || token.rstrip)
            throw unsupported(path, `its added token ${shown(token.content)} takes in what stands around it`);
          return { id: token.id, bytes: content[token.id] };
        }),
    );
  const rawMarks = marks(false);
  const normalMarks = marks(true);

  const scratch = new Scratch();
  const encodeNormal = (part: Uint8Array, at: number, end: number, ids: Int32Array, count: number): number => {
    for (;;) {
      const found = normalMarks.none ? null : normalMarks.find(part, at, end);
      count = words.encode(part, at, found?.start ?? end, ids, count);
      if (found === null) return count;
      ids[count++] = found.token.id;
      at = found.start + found.token.bytes.length;
    }
  };
  const encodeBytes = (raw: Uint8Array): Int32Array => {
    // Composing makes a few characters longer, up to three times.
    const ids = scratch.atLeast(composes ? 3 * raw.length : raw.length);
    let count = 0;
    for (let at = 0; ; ) {
      const found = rawMarks.none ? null : rawMarks.find(raw, at, raw.length);
      const end = found?.start ?? raw.length;
      const part = composes ? composed(raw.subarray(at, end)) : raw.subarray(at, end);
      count = encodeNormal(part, 0, part.length, ids, count);
      if (found === null) return ids.subarray(0, count);
      ids[count++] = found.token.id;
      at = end + found.token.bytes.length;
    }
  };
  const end = endMarks.map((mark) => json.tokens.indexOf(mark)).find((id) => specials.has(id)) ?? null;
  const self: Encoder = {
    kind: 'bpe',
    splitting,
    vocabSize: json.tokens.length,
    endOfText: end,
    border: end === null ? 'empty-line' : 'end-of-text',
    encode: (given) => encodeBytes(utf8(given)).slice(),
    encodeBytes,
    decode: (ids) => decodeBytes(self, ids),
    bytes: (id) => tokens[id] ?? noBytes,
    safeCut: (window) =>
      lastCut(
        window,
        splits,
        (whole, at) =>
          (!composes || staysApart(whole, at)) && !rawMarks.mayCross(whole, at) && !normalMarks.mayCross(whole, at),
      ),
    textBytes: (ids) => sumLengths(lengths, ids),
    huggingFaceFiles: () => ({
      'tokenizer.json': text,
      'tokenizer_config.json': tokenizerSettings(end === null ? null : json.tokens[end]),
    }),
  };
  return self;
}

/** @throws UserError 'tokenizer-unsupported' */
function splittingOf(path: string, { before }: TokenizerJson): Splitting {
  if (before === null) throw unsupported(path, 'it has no pre-tokenizer, so it is not byte-level');
  const steps = before.type === 'Sequence' ? before.pretokenizers : [before];
  if (!Array.isArray(steps)) throw broken(path, 'its pre-tokenizer is a Sequence of nothing');
  const last = steps.at(-1) as { type?: unknown; add_prefix_space?: unknown; use_regex?: unknown } | undefined;
  if (last?.type !== 'ByteLevel')
    throw unsupported(path, `its pre-tokenizer is ${shown(String(last?.type ?? before.type))}, not ByteLevel`);
  if (last.add_prefix_space === true) throw unsupported(path, 'it puts a space before every text (add_prefix_space)');
  const usesPattern = last.use_regex !== false;
  if (steps.length === 1 && usesPattern) return 'gpt-2';
  const first = steps[0] as { type?: unknown; pattern?: { Regex?: unknown }; behavior?: unknown; invert?: unknown };
  if (steps.length !== 2 || usesPattern || first?.type !== 'Split')
    throw unsupported(
      path,
      `its pre-tokenizers are ${steps.map((one) => shown(String((one as { type?: unknown } | null)?.type))).join(', ')}`,
    );
  const expression = first.pattern?.Regex;
  const isolates = first.behavior === 'Isolated' || (first.behavior === 'Removed' && first.invert === true);
  const splitting = typeof expression === 'string' && isolates ? expressions.get(expression) : undefined;
  if (splitting === undefined)
    throw unsupported(path, `it splits text by a pattern that is not known, ${shown(String(expression))}`);
  return splitting;
}

/** Whether text is put into Unicode's composed form (NFC) first. @throws UserError 'tokenizer-unsupported' */
function composesOf(path: string, { normalizer }: TokenizerJson): boolean {
  if (normalizer === null) return false;
  const steps = normalizer.type === 'Sequence' ? normalizer.normalizers : [normalizer];
  if (!Array.isArray(steps)) throw broken(path, 'its normalizer is a Sequence of nothing');
  for (const step of steps as ({ type?: unknown } | null)[])
    if (step?.type !== 'NFC') throw unsupported(path, `it normalizes text by ${shown(String(step?.type))}`);
  return steps.length > 0;
}

const byteOf = new Map(byteLevelCharacters.map((character, byte) => [character, byte]));

/** What a token stands for; one with characters that stand for no byte stands for itself, as the decoder has it. */
function bytesOf(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = byteOf.get(token[i]);
    if (byte === undefined) return utf8(token);
    bytes[i] = byte;
  }
  return bytes;
}

/** @throws UserError 'tokenizer-unsupported' where a byte that UTF-8 uses has no token */
function idsOfBytes(path: string, vocab: ReadonlyMap<string, number>): Int32Array {
  return Int32Array.from(byteLevelCharacters, (character, byte) => {
    const id = vocab.get(character);
    if (id !== undefined) return id;
    if (byte === 0xc0 || byte === 0xc1 || byte > 0xf4) return 0;
    throw unsupported(path, `it has no token for the byte ${byte}, so it cannot write every text`);
  });
}

function mergesOf(path: string, json: TokenizerJson, vocab: ReadonlyMap<string, number>): Merges {
  const merges = new Merges(json.merges.length);
  for (const [rank, [left, right]] of json.merges.entries()) {
    const [a, b, both] = [vocab.get(left), vocab.get(right), vocab.get(left + right)];
    if (a === undefined || b === undefined || both === undefined)
      throw broken(path, `the merge of ${shown(left)} and ${shown(right)} is not in its vocabulary`);
    if (merges.get(a, b) >= 0) throw broken(path, `the merge of ${shown(left)} and ${shown(right)} is there twice`);
    merges.set(a, b, rank, both);
  }
  return merges;
}

/** Words that are tokens as they are: bytes as Latin-1 → id. */
function wordsOf(vocab: ReadonlyMap<string, number>, added: ReadonlySet<number>): Map<string, number> {
  const words = new Map<string, number>();
  for (const [token, id] of vocab) if (!added.has(id)) words.set(Buffer.from(bytesOf(token)).toString('latin1'), id);
  return words;
}

function composed(text: Uint8Array): Uint8Array {
  if (!text.some((byte) => byte >= 0x80) || !isUtf8(text)) return text;
  const before = Buffer.from(text.buffer, text.byteOffset, text.length).toString();
  const after = before.normalize('NFC');
  return after === before ? text : utf8(after);
}

/**
 * Whether the character at `at` surely stays as it is and is not composed with what comes before: ASCII, or of the
 * blocks of CJK punctuation (its combining marks excepted), ideographs, and full-width forms.
 */
function staysApart(window: Uint8Array, at: number): boolean {
  const [a, b, c] = [window[at], window[at + 1], window[at + 2]];
  if (a < 0x80) return true;
  const code = ((a & 0x0f) << 12) | ((b & 0x3f) << 6) | (c & 0x3f);
  if (a >= 0xf0 || a < 0xe0) return false;
  return (code >= 0x3000 && code < 0x302a) || (code >= 0x4e00 && code < 0xa000) || (code >= 0xff01 && code < 0xfff0);
}
