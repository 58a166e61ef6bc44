/** Whether models count in the same tokens: weights of one id mean nothing to another. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { mismatch } from '../checkpoint/foreign.ts';
import { readLimited } from '../checkpoint/text.ts';
import { UserError } from '../errors.ts';

/** Those of 250,000 tokens take about 20 MB. */
const limit = 100_000_000;
/** Token → id, or, in unigram models, [token, score] in the order of ids. */
const vocabulary = z.union([
  z.record(z.string(), z.number()),
  z.array(z.tuple([z.string(), z.number()]).rest(z.unknown())),
]);
const tokenizerJson = z.object({
  model: z.object({ vocab: vocabulary.optional() }),
  added_tokens: z.array(z.object({ id: z.number(), content: z.string() })).default([]),
});

/**
 * Compares the ids in tokenizer.json of folders that have one with those of the newest that has.
 * @throws UserError 'model-mismatch' with the first three tokens that differ, 'file-damaged'
 */
export async function compareTokenizers(folders: readonly string[]): Promise<void> {
  let newest: { folder: string; ids: ReadonlyMap<string, number> } | null = null;
  for (const folder of new Set(folders.toReversed())) {
    const ids = await readIds(folder);
    if (!ids) continue;
    if (!newest) {
      newest = { folder, ids };
      continue;
    }
    const wrong: string[] = [];
    const say = (id: number | undefined) => (id === undefined ? 'absent' : String(id));
    for (const token of new Set([...newest.ids.keys(), ...ids.keys()])) {
      const [ours, theirs] = [newest.ids.get(token), ids.get(token)];
      if (ours !== theirs)
        wrong.push(`token ${JSON.stringify(token.slice(0, 40))} is ${say(theirs)} and not ${say(ours)}`);
    }
    if (wrong.length > 0) throw mismatch(`The tokenizer of ${folder} is not that of ${newest.folder}`, wrong);
  }
}

/** Null where there is no tokenizer.json, or one without a vocabulary. */
async function readIds(folder: string): Promise<ReadonlyMap<string, number> | null> {
  if (!(await readdir(folder)).includes('tokenizer.json')) return null;
  const path = join(folder, 'tokenizer.json');
  const text = await readLimited(path, limit);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Said below, as for JSON of another kind.
  }
  const parsed = tokenizerJson.safeParse(json);
  if (!parsed.success)
    throw new UserError('file-damaged', `${path} is no tokenizer.json.`, 'Restore the file from a copy.');
  const { model, added_tokens: added } = parsed.data;
  if (!model.vocab) return null;
  const pairs = Array.isArray(model.vocab)
    ? model.vocab.map(([token], id) => [token, id] as const)
    : Object.entries(model.vocab);
  return new Map([...pairs, ...added.map(({ id, content }) => [content, id] as const)]);
}
