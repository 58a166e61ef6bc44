/** Token files of nanoGPT or llm.c as a dataset: checked, described, and their tokens copied as they are. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DatasetMeta, PrepareConfig } from '../../shared/dataset.ts';
import { explainFileError, writeFileAtomically, writeThrough } from '../files.ts';
import { acceptFinished, TokenFingerprint, tokenChunks, tokenFilesMeta, tokenizerByIds } from './dataset.ts';
import { journalName } from './journal.ts';
import { sweepHalfWritten } from './prepare-folder.ts';
import type { PrepareHooks } from './prepare-hooks.ts';
import { ReportBuilder } from './scan.ts';
import type { ChosenSources } from './sources.ts';
import { commonHeader, inspectTokenFile } from './token-files.ts';
import { builtInTokenizer, loadEncoder } from './tokenizers/load.ts';
import { tokenBytes } from './tokens.ts';

/** Ids of real text in GPT-2's vocabulary reach nearly up to its end; those of characters do not. */
const surelyGpt2 = 32768;

/**
 * The folder gets copies, so that it stands by itself whatever becomes of the sources. Where nothing beside or in the
 * files says what the ids mean, they are GPT-2's if the largest lies in [32,768, 50,256].
 * @param earlier the finished dataset that the folder holds already: returned when it is the same one
 * @throws UserError 'dataset-broken' for files of odd length, headers that do not fit, or ids past their tokenizer, 'dataset-exists', 'disk-full'
 */
export async function importTokens(
  folder: string,
  config: PrepareConfig,
  chosen: ChosenSources & { readonly tokens: NonNullable<ChosenSources['tokens']> },
  earlier: DatasetMeta | null,
  hooks: PrepareHooks,
): Promise<DatasetMeta> {
  const report = new ReportBuilder(chosen.skipped);
  const total = chosen.files.reduce((sum, file) => sum + file.bytes, 0);
  const inspect = (files: typeof chosen.tokens.train) => Promise.all(files.map((file) => inspectTokenFile(file.path)));
  const sides = { train: await inspect(chosen.tokens.train), val: await inspect(chosen.tokens.val) };
  const { dtype, meaning: header } = commonHeader([...sides.train, ...sides.val]);
  const nameOf = (side: 'train' | 'val', index: number) =>
    sides[side].length === 1 ? `${side}.bin` : `${side}-${String(index).padStart(5, '0')}.bin`;
  const reading = new TokenFingerprint(dtype);
  let done = 0;
  try {
    for (const side of ['train', 'val'] as const) {
      for (const { name, bytes, format } of chosen.tokens[side]) report.add({ name, bytes, format, invalidUtf8: 0 });
      reading.begin(
        side,
        sides[side].reduce((sum, file) => sum + file.tokens, 0),
      );
      for (const [index, { path, offset, tokens }] of sides[side].entries()) {
        const bytes = tokens * tokenBytes(dtype);
        const read = async (take: (chunk: Uint8Array) => Promise<void>) => {
          for await (const chunk of tokenChunks(path, bytes, hooks.signal, offset)) {
            reading.add(chunk);
            await take(chunk);
            done += chunk.length;
            hooks.onProgress(done, total);
          }
        };
        done += offset;
        if (earlier !== null) await read(async () => {});
        else
          await writeThrough(
            join(folder, nameOf(side, index)),
            (handle) => read(async (chunk) => void (await handle.writeFile(chunk))),
            bytes,
          );
      }
    }
    const { fingerprint, largest } = reading.finish();
    if (earlier !== null) return acceptFinished(folder, earlier, fingerprint);

    const source = dirname(sides.train[0].path);
    let meaning = await tokenizerByIds(source, largest, header);
    if (header === null && meaning.kind === 'unknown' && largest >= surelyGpt2 && largest <= 50256)
      meaning = { kind: 'gpt2', vocabSize: 50257, endOfText: 50256 };
    const encoder = (await loadEncoder(source)) ?? (await builtInTokenizer(meaning.kind));
    if (encoder !== null)
      await writeFileAtomically(join(folder, 'tokenizer.json'), encoder.huggingFaceFiles()['tokenizer.json']);
    const files = (side: 'train' | 'val') =>
      sides[side].map(({ tokens }, index) => ({ name: nameOf(side, index), tokens }));
    const meta = {
      ...tokenFilesMeta(config.name, files('train'), files('val'), dtype, fingerprint, meaning),
      report: report.report,
    };
    await sweepHalfWritten(folder);
    await writeFileAtomically(join(folder, 'dataset.json'), `${JSON.stringify(meta, null, 2)}\n`);
    await rm(join(folder, journalName), { force: true });
    return meta;
  } catch (error) {
    throw await explainFileError(error, join(folder, 'dataset.json'), total - done || null);
  }
}
