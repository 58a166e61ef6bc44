import { stat } from 'node:fs/promises';
import path from 'node:path';
import { prepareConfig, tokenizerKinds, trainedTokenizer } from '../../shared/dataset.ts';
import { optionIssuesText } from '../../shared/issues.ts';
import { type Arguments, type Command, UsageError } from '../command.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { bytes, count, say, tell } from '../terminal.ts';

export const prepare: Command = {
  name: 'prepare',
  summary: 'turn files and folders of text into a dataset of tokens',
  usage: 'SOURCE… [options]',
  operands: true,
  options: {
    name: { type: 'string', value: 'NAME', help: 'name of the dataset (default: the first source’s name)' },
    tokenizer: {
      type: 'string',
      value: 'KIND',
      help: 'gpt2, characters, bytes, bpe (byte-level BPE trained on this text), or the path of a Hugging Face tokenizer.json (default: gpt2); not with token files',
    },
    'vocab-size': { type: 'string', value: 'N', help: 'ids of --tokenizer bpe at most (default: 8192)' },
    special: {
      type: 'string',
      multiple: true,
      value: 'TOKEN',
      help: 'a special token of --tokenizer bpe beside <|endoftext|>, as <|user|>; may be given several times',
    },
    'tokenizer-sample': {
      type: 'string',
      value: 'BYTES',
      help: 'text that --tokenizer bpe learns from, about (default: 1e9); more is sampled',
    },
    split: {
      type: 'string',
      value: 'HOW',
      help: 'document, tail, file, or given (the validation split that a Hugging Face dataset brings): where validation text comes from (default: document; tail for a single text)',
    },
    fraction: {
      type: 'string',
      value: 'SHARE',
      help: 'share of the text that goes to validation, with document and tail (default: 0.1)',
    },
    'validation-file': { type: 'string', value: 'FILE', help: 'validation text, with --split file' },
    'invalid-utf8': {
      type: 'string',
      value: 'WHAT',
      help: 'replace broken bytes by U+FFFD, or skip such a document (default: replace)',
    },
    'text-field': {
      type: 'string',
      value: 'FIELD',
      help: 'field of a record that holds its text; dots lead into objects (default: guessed, and said)',
    },
    'unpack-ratio': {
      type: 'string',
      value: 'N',
      help: 'how often its own size a packed file may unpack to before it is taken for a bomb (default: 250)',
    },
    dedup: { type: 'boolean', help: 'leave out documents whose text is exactly that of another one' },
    shuffle: { type: 'string', value: 'SEED', help: 'put the training documents in a random order' },
    'min-characters': { type: 'string', value: 'N', help: 'leave out shorter documents' },
    'max-characters': { type: 'string', value: 'N', help: 'leave out longer documents' },
    'min-letters': {
      type: 'string',
      value: 'SHARE',
      help: 'leave out documents with a smaller share of letters and digits among what is no white space',
    },
    'max-repeated-lines': {
      type: 'string',
      value: 'SHARE',
      help: 'leave out documents of whose lines a larger share repeats an earlier one',
    },
    threads: {
      type: 'string',
      value: 'N',
      help: 'threads that make tokens (default: as many as pay, at most 3); the dataset is the same with any number',
    },
  },
  notes: [
    'SOURCE is a file that is read, a folder of them, or a folder with nanoGPT’s train.bin and val.bin or llm.c’s shards.',
    'Read are .txt, .md, and .jsonl, .json (an array), .csv, .tsv, .parquet, .arrow and .feather, each record of which is a document; plain or in .gz, .zst, .xz, .bz2, .tar and .zip, also nested; and folders that datasets saved.',
    'A preparation that was ended in the middle continues where it was when the same command is given again.',
  ],
  async run(args) {
    if (args.positionals.length === 0) throw new UsageError('name at least one file or folder');
    const sources = args.positionals.map((source) => path.resolve(source));
    const by = args.text('split') ?? ((await isOneDocument(sources)) ? 'tail' : 'document');
    if (by !== 'document' && by !== 'tail' && by !== 'file' && by !== 'given')
      throw new UsageError(`--split is document, tail, file or given, not "${by}"`);
    const fraction = args.number('fraction');
    const file = args.text('validation-file');
    if ((by === 'file' || by === 'given') && fraction !== null)
      throw new UsageError(`--split ${by} takes what is there whole, and no --fraction`);
    if ((by === 'file') !== (file !== null)) throw new UsageError('--split file and --validation-file go together');
    const options = {
      name: args.text('name') ?? path.parse(sources[0]).name,
      sources,
      tokenizer: tokenizerOf(args),
      split: file === null ? { by, ...(fraction === null ? {} : { fraction }) } : { by, path: path.resolve(file) },
      invalidUtf8: args.text('invalid-utf8') ?? 'replace',
      textField: args.text('text-field'),
      unpackRatio: args.number('unpack-ratio') ?? undefined,
      dedup: args.flag('dedup'),
      shuffle: args.number('shuffle'),
      filters: {
        minCharacters: args.number('min-characters'),
        maxCharacters: args.number('max-characters'),
        minLetters: args.number('min-letters'),
        maxRepeatedLines: args.number('max-repeated-lines'),
      },
    };
    const threads = args.number('threads', { min: 1, max: 64, integer: true });
    const parsed = prepareConfig.safeParse(options);
    if (!parsed.success)
      throw new UsageError(`these options do not work:\n${optionIssuesText(parsed.error.issues, options)}`);
    const folder = path.join(homeOf(args), 'datasets', parsed.data.name);
    const { dataset } = await jobWithProgress(
      { kind: 'prepare', folder, config: parsed.data, ...(threads === null ? {} : { threads }) },
      'Preparing',
    );
    if (!dataset) {
      tell('Stopped. Give the same command again to continue.');
      return 130;
    }
    for (const { name, reason } of dataset.report?.skipped ?? []) tell(`skipped ${name}: ${reason}`);
    for (const { name, textField, textFieldGuessed, note } of dataset.report?.files ?? []) {
      if (textFieldGuessed)
        tell(`${name}: the text is taken from the field "${textField}"; --text-field names another`);
      if (note !== undefined) tell(`${name}: ${note}`);
    }
    for (const { name, invalidUtf8 } of dataset.report?.files ?? [])
      if (invalidUtf8 > 0) tell(`${name}: ${invalidUtf8} sequences that are not UTF-8 were replaced by U+FFFD`);
    const { duplicates = 0, deduplicated, filtered } = dataset.report ?? {};
    if (duplicates > 0)
      tell(
        deduplicated
          ? `left out as copies of another document: ${duplicates}`
          : `copies of another document: ${duplicates}; --dedup leaves them out`,
      );
    for (const [filter, documents] of Object.entries(filtered ?? {}))
      tell(`left out by --${filter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}: ${documents}`);
    // Token files of nanoGPT say nothing of documents and text.
    const part = ({ tokens, documents }: typeof dataset.train): string =>
      `${count(tokens)} tokens${documents > 0 ? ` of ${documents} ${documents === 1 ? 'document' : 'documents'}` : ''}`;
    const text = dataset.train.bytes + dataset.val.bytes;
    say(
      `${dataset.name}: train ${part(dataset.train)}, validation ${part(dataset.val)}${text > 0 ? `, from ${bytes(text)} of text` : ''}`,
    );
    say(folder);
    if (args.flag('json')) say(JSON.stringify({ folder, ...dataset, report: undefined }));
    return 0;
  },
};

function tokenizerOf(args: Arguments): unknown {
  const given = args.text('tokenizer');
  const vocabSize = args.number('vocab-size', { min: 300, max: 262_144, integer: true }) ?? undefined;
  const sampleBytes = args.number('tokenizer-sample', { min: 1000, integer: true }) ?? undefined;
  const specials = [...args.texts('special')];
  if (given === 'bpe') {
    const parsed = trainedTokenizer.safeParse({ kind: 'trained', vocabSize, sampleBytes, specials });
    if (!parsed.success) throw new UsageError(`--tokenizer bpe: ${parsed.error.issues[0].message}`);
    return parsed.data;
  }
  if (vocabSize !== undefined || sampleBytes !== undefined || specials.length > 0)
    throw new UsageError('--vocab-size, --special and --tokenizer-sample go with --tokenizer bpe');
  if (given === null || (tokenizerKinds as readonly string[]).includes(given)) return given;
  if (!/[./\\]/.test(given))
    throw new UsageError(`--tokenizer is gpt2, characters, bytes, bpe or the path of a tokenizer.json, not "${given}"`);
  return { kind: 'huggingface', path: path.resolve(given) };
}

/** A single text file is one document, which a split by document could not divide; a file of records is many. */
async function isOneDocument(sources: readonly string[]): Promise<boolean> {
  if (sources.length !== 1 || !/\.(txt|md)(\.(gz|zst|xz|bz2))?$/i.test(sources[0])) return false;
  return (await stat(sources[0]).catch(() => null))?.isFile() === true;
}
