/** Token streams as the trainer sees them. Files are read by range, never whole. */
import type { DatasetMeta } from '../../shared/dataset.ts';

export interface TokenSource {
  /** Tokens in this split. */
  readonly count: number;
  /** Copies tokens [start, start + target.length) into target. Throws RangeError past the end. */
  read(start: number, target: Int32Array): void;
  close(): void;
}

export interface Tokenizer {
  readonly kind: DatasetMeta['tokenizer']['kind'];
  readonly vocabSize: number;
  readonly endOfText: number | null;
  /** Of byte-level BPE with a vocabulary of its own: whose way it splits text into words, by llama.cpp's names. */
  readonly splitting?: 'gpt-2' | 'llama-bpe' | 'qwen2';
  /** Ids of a text; special tokens in the text are ordinary text. */
  encode(text: string): Int32Array;
  /** Text of ids; bytes that are no UTF-8 become U+FFFD. Unknown ids are left out. */
  decode(ids: ArrayLike<number>): string;
  /** The UTF-8 bytes of one id, for streaming decoders; empty for special tokens. */
  bytes(id: number): Uint8Array;
  /** Files of a Hugging Face tokenizer (tokenizer.json, tokenizer_config.json, …), name → content. */
  huggingFaceFiles(): Readonly<Record<string, string>>;
}

export interface Dataset {
  readonly folder: string;
  readonly meta: DatasetMeta;
  readonly train: TokenSource;
  readonly val: TokenSource;
  /** null when the ids' meaning is not known (a foreign .bin without tokenizer). */
  readonly tokenizer: Tokenizer | null;
  close(): void;
}

/** One micro-batch: `targets` are `tokens` shifted by one. Both row-major [B, T]. */
export interface Batch {
  readonly tokens: Int32Array;
  readonly targets: Int32Array;
}
