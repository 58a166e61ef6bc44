/** dataset.json and what preparation is asked for. */
import { z } from 'zod';

/** Tokenizers that need no file and no training. */
export const tokenizerKinds = ['gpt2', 'characters', 'bytes'] as const;
/** Byte-level BPE that is trained on the training text. */
export const trainedTokenizer = z
  .strictObject({
    kind: z.literal('trained'),
    /** Ids at most: the end of text, other special tokens, 256 bytes, and the merges. */
    vocabSize: z.number().int().min(300).max(262_144).default(8192),
    /** Special tokens beside the end of text, which comes first. No word of a text may look like one. */
    specials: z
      .array(
        z
          .string()
          .regex(/^<.*[A-Za-z].*>$/, 'a special token looks like <this> or <|this|>')
          .max(100),
      )
      .max(1000)
      .default([]),
    /** Bytes of text that are learnt from, about; of more, a part of it that its hashes choose. */
    sampleBytes: z.number().int().min(1000).default(1e9),
  })
  .refine((choice) => choice.vocabSize > 257 + choice.specials.length, {
    path: ['vocabSize'],
    message: 'more special tokens than the vocabulary has room for',
  });
export const tokenizerChoice = z.union([
  z.enum(tokenizerKinds),
  /** A tokenizer.json of Hugging Face's `tokenizers`: byte-level BPE. */
  z.strictObject({ kind: z.literal('huggingface'), path: z.string().min(1) }),
  trainedTokenizer,
]);
export type TokenizerChoice = z.infer<typeof tokenizerChoice>;
export const splitConfig = z.discriminatedUnion('by', [
  /** By a hash of each document's text: stable under reorder and growth. */
  z.strictObject({ by: z.literal('document'), fraction: z.number().gt(0).lt(1).default(0.1) }),
  /** The last part of the token stream, nanoGPT's way. */
  z.strictObject({ by: z.literal('tail'), fraction: z.number().gt(0).lt(1).default(0.1) }),
  z.strictObject({ by: z.literal('file'), path: z.string().min(1) }),
  /** The validation split that the sources bring: of Hugging Face's `datasets`, saved or as its files are named. */
  z.strictObject({ by: z.literal('given') }),
]);
const share = z.number().min(0).max(1).nullable().default(null);
const characters = z.number().int().min(1).nullable().default(null);
/** Which documents are prepared, by their text alone, whatever its language; null asks for nothing. */
export const documentFilters = z.strictObject({
  minCharacters: characters,
  maxCharacters: characters,
  /** Share of letters, marks and digits among the characters that are no white space, at least. */
  minLetters: share,
  /** Share of the lines, empty ones aside, that repeat an earlier line of their document, at most. */
  maxRepeatedLines: share,
});
export type DocumentFilters = z.infer<typeof documentFilters>;

export const prepareConfig = z.strictObject({
  name: z.string().regex(/^[^/\\:*?"<>|.\s][^/\\:*?"<>|]{0,99}$/, 'use a plain file name of at most 100 characters'),
  /** Files and folders, absolute paths. */
  sources: z.array(z.string().min(1)).min(1),
  /** null: GPT-2's for text. Token files have theirs already, and must not be given one. */
  tokenizer: tokenizerChoice.nullable().default(null),
  split: splitConfig.prefault({ by: 'document' }),
  /** What to do with bytes that are not UTF-8. */
  invalidUtf8: z.enum(['replace', 'skip']).default('replace'),
  /** The field of a record that holds its text; dots lead into objects. null: guessed, and said in the report. */
  textField: z.string().min(1).max(200).nullable().default(null),
  /** How often its own size a file may unpack to; past that (and 64 MiB) it is taken for a bomb and left out. */
  unpackRatio: z.number().int().min(1).max(1_000_000).default(250),
  /** Leaves out a document whose text is exactly that of another one; the validation part keeps its own. */
  dedup: z.boolean().default(false),
  /** Seed of a random order of the training documents; null: that of the sources. */
  shuffle: z.number().int().min(0).max(0xffffffff).nullable().default(null),
  filters: documentFilters.prefault({}),
});
export type PrepareConfig = z.infer<typeof prepareConfig>;
/** Threads that encode text: no part of what a dataset is, since what is written is the same with any number. */
export const prepareThreads = z.number().int().min(1).max(64);

/** Files of tokens that others made: nanoGPT's train.bin and val.bin, and llm.c's NAME_train_000001.bin. */
export const tokenFileName = /^(?<before>(?:.*[_.-])?)(?<side>train|val)(?<number>[_.-]\d+)?\.bin$/;

export const splitCounts = z.object({
  tokens: z.number().int(),
  documents: z.number().int(),
  /** UTF-8 bytes of the text behind the tokens, for bits per byte; 0 when unknown. */
  bytes: z.number().int(),
  files: z.array(
    z.object({
      name: z.string(),
      tokens: z.number().int(),
      /** Bytes before the first token: the header of llm.c's shards. */
      offset: z.number().int().nonnegative().optional(),
    }),
  ),
});
export const datasetMeta = z.object({
  schema: z.literal(1),
  name: z.string(),
  tokenizer: z.object({
    /** bpe: byte-level BPE of its own, in the tokenizer.json beside. */
    kind: z.enum([...tokenizerKinds, 'bpe', 'unknown']),
    vocabSize: z.number().int(),
    endOfText: z.number().int().nullable(),
  }),
  dtype: z.enum(['uint16', 'uint32']),
  /** SHA-256 over the token files' contents: names the data in run.json. */
  fingerprint: z.string(),
  /** SHA-256 over relative names, sizes and contents of the sources and the configuration. */
  sourceFingerprint: z.string(),
  split: splitConfig.nullable(),
  train: splitCounts,
  val: splitCounts,
  /** Of the sources, or null for token files taken as they are. */
  report: z.lazy(() => sourceReport).nullable(),
  createdAt: z.string(),
});
export type DatasetMeta = z.infer<typeof datasetMeta>;

/** What a source file is, packed or not. An archive holds files, each of which is one of the others. */
export const sourceFormats = [
  'text',
  'markdown',
  'jsonl',
  'json',
  'csv',
  'tsv',
  'parquet',
  'arrow',
  'archive',
  'tokens',
] as const;

/** `name`: the file, and where in it the document lies. */
const documentLength = z.object({ name: z.string(), bytes: z.number().int() });

/** What a scan of dropped files and folders found. */
export const sourceReport = z.object({
  files: z.array(
    z.object({
      /** Relative to the dropped item. */
      name: z.string(),
      bytes: z.number().int(),
      format: z.enum(sourceFormats),
      invalidUtf8: z.number().int().default(0),
      /** Of a file that holds many. Known after preparation. */
      documents: z.number().int().optional(),
      /** The field that its records' text was taken from, and whether that was guessed. */
      textField: z.string().optional(),
      textFieldGuessed: z.boolean().optional(),
      /** Fields of its first records that hold text, to choose from. */
      textFields: z.array(z.string()).optional(),
      /** How its first documents begin. Of a scan only. */
      beginnings: z.array(z.string()).optional(),
      /** What was left out of it. */
      note: z.string().optional(),
    }),
  ),
  /** Files in all; `files` may be cut to the first 1,000. */
  fileCount: z.number().int(),
  bytes: z.number().int(),
  /** All files, by what they are. */
  formats: z
    .array(z.object({ format: z.enum(sourceFormats), files: z.number().int(), bytes: z.number().int() }))
    .optional(),
  skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
  skippedCount: z.number().int(),
  /** The data brings a validation split of its own. */
  validation: z.boolean().optional(),
  /** Documents whose text is exactly that of another one, and whether they were left out. Known after preparation. */
  duplicates: z.number().int().optional(),
  deduplicated: z.boolean().optional(),
  /** Documents that each filter left out; the first that a document did not pass counts. */
  filtered: z.partialRecord(z.enum(documentFilters.keyof().options), z.number().int()).optional(),
  /** Characters left out because the training text, and so the vocabulary, does not hold them. */
  leftOut: z.number().int().optional(),
  /** Documents by the UTF-8 bytes of their text. Known after preparation. */
  lengths: z
    .object({
      /** At most ten of each, in order. */
      shortest: z.array(documentLength),
      longest: z.array(documentLength),
      /** Documents of 2^i up to 2^(i + 1) − 1 bytes, at i. */
      histogram: z.array(z.number().int()),
    })
    .optional(),
});
export type SourceReport = z.infer<typeof sourceReport>;
export type DocumentLengths = NonNullable<SourceReport['lengths']>;
