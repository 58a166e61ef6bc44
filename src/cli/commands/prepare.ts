import { stat } from 'node:fs/promises';
import path from 'node:path';
import { prepareConfig } from '../../shared/dataset.ts';
import { type Command, UsageError } from '../command.ts';
import { issuesText } from '../config-file.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { bytes, count, say, tell } from '../terminal.ts';

export const prepare: Command = {
  name: 'prepare',
  summary: 'turn files and folders of text into a dataset of tokens',
  usage: 'SOURCE… [options]',
  options: {
    name: { type: 'string', value: 'NAME', help: 'name of the dataset (default: the first source’s name)' },
    tokenizer: { type: 'string', value: 'KIND', help: 'gpt2, characters or bytes (default: gpt2)' },
    split: {
      type: 'string',
      value: 'HOW',
      help: 'document, tail or file: where validation text comes from (default: document; tail for a single file)',
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
  },
  notes: [
    'SOURCE is a .txt or .md file, a folder of them, or a folder with nanoGPT’s train.bin and val.bin.',
    'A preparation that was ended in the middle continues where it was when the same command is given again.',
  ],
  async run(args) {
    if (args.positionals.length === 0) throw new UsageError('name at least one file or folder');
    const sources = args.positionals.map((source) => path.resolve(source));
    const by = args.text('split') ?? ((await isOneFile(sources)) ? 'tail' : 'document');
    const fraction = args.number('fraction');
    const file = args.text('validation-file');
    const parsed = prepareConfig.safeParse({
      name: args.text('name') ?? path.parse(sources[0]).name,
      sources,
      tokenizer: args.text('tokenizer') ?? 'gpt2',
      split:
        by === 'file'
          ? { by, path: file === null ? '' : path.resolve(file) }
          : { by, ...(fraction === null ? {} : { fraction }) },
      invalidUtf8: args.text('invalid-utf8') ?? 'replace',
    });
    if (!parsed.success) throw new UsageError(`the options do not fit together:\n${issuesText(parsed.error.issues)}`);
    const folder = path.join(homeOf(args), 'datasets', parsed.data.name);
    const { dataset } = await jobWithProgress({ kind: 'prepare', folder, config: parsed.data }, 'Preparing');
    if (!dataset) {
      tell('Stopped. Give the same command again to continue.');
      return 130;
    }
    for (const { name, reason } of dataset.report?.skipped ?? []) tell(`skipped ${name}: ${reason}`);
    for (const { name, invalidUtf8 } of dataset.report?.files ?? [])
      if (invalidUtf8 > 0) tell(`${name}: ${invalidUtf8} sequences that are not UTF-8 were replaced by U+FFFD`);
    const part = (split: typeof dataset.train): string =>
      `${count(split.tokens)} tokens of ${split.documents} documents`;
    say(
      `${dataset.name}: train ${part(dataset.train)}, validation ${part(dataset.val)}, from ${bytes(dataset.train.bytes + dataset.val.bytes)} of text`,
    );
    say(folder);
    if (args.flag('json')) say(JSON.stringify({ folder, ...dataset, report: undefined }));
    return 0;
  },
};

/** One file is one document, which a split by document could not divide. */
async function isOneFile(sources: readonly string[]): Promise<boolean> {
  return sources.length === 1 && (await stat(sources[0]).catch(() => null))?.isFile() === true;
}
