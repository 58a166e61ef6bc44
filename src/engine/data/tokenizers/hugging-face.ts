/** The files that Hugging Face's `tokenizers` and `transformers` read. */

/**
 * GPT-2's printable stand-in for each byte (bytes_to_unicode in OpenAI's encoder.py): printable Latin-1
 * stands for itself, the other 68 bytes for U+0100 and up in order.
 */
export const byteLevelCharacters: readonly string[] = (() => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

export const endOfTextMark = '<|endoftext|>';

/** tokenizer.json: a BPE model. Without merges it maps symbols one by one, and drops unknown ones. */
export function tokenizerFile(options: {
  vocab: Readonly<Record<string, number>>;
  merges: readonly string[];
  /** Split with GPT-2's pattern before the model. */
  splitsWords: boolean;
  /** Symbols are stand-ins of bytes, not characters. */
  byteLevel: boolean;
  /** Special tokens by id; they are in the vocabulary too. */
  specials?: Readonly<Record<string, number>>;
}): string {
  const { vocab, merges, splitsWords, byteLevel, specials = {} } = options;
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Object.entries(specials).map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel ? { ...level, use_regex: splitsWords } : null,
    post_processor: byteLevel ? { ...level, use_regex: splitsWords } : null,
    decoder: byteLevel ? { ...level, use_regex: splitsWords } : { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  });
}

/**
 * tokenizer_config.json of a tokenizer that tokenizer.json defines alone.
 * @param end the token that ends a text, where there is one
 */
export function tokenizerSettings(end: string | null = null): string {
  const ends = end === null ? {} : { bos_token: end, eos_token: end };
  return JSON.stringify(
    { tokenizer_class: 'PreTrainedTokenizerFast', ...ends, clean_up_tokenization_spaces: false },
    null,
    2,
  );
}
