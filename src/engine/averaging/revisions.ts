/** Revisions of one model side by side in a folder, found by their names and put in order by step. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { mismatch } from '../checkpoint/foreign.ts';
import { listNames, readDone, runFileName } from '../checkpoint/layout.ts';
import { readLimited } from '../checkpoint/text.ts';
import { UserError } from '../errors.ts';

export interface Revision {
  readonly path: string;
  readonly step: number;
}

const kinds: readonly { readonly what: string; readonly pattern: RegExp; readonly isFile: boolean }[] = [
  { what: 'step-<N>', pattern: /^step-(\d{1,15})$/, isFile: false },
  { what: 'step<N>', pattern: /^step(\d{1,15})$/, isFile: false },
  { what: 'step<N>-tokens<B>', pattern: /^(?:stage\d+-)?step(\d{1,15})-tokens\d+B$/, isFile: false },
  { what: 'checkpoint-<N>', pattern: /^checkpoint-(\d{1,15})$/, isFile: false },
  { what: 'ckpt_<N>', pattern: /^ckpt_(\d{1,15})$/, isFile: false },
  { what: 'model_<N>.bin', pattern: /^model_(\d{1,15})\.bin$/, isFile: true },
  { what: 'ckpt_<N>.pt', pattern: /^ckpt[-_](\d{1,15})\.pt$/, isFile: true },
];
const pythia = 'step<N>';

/**
 * The revisions in a folder, oldest first: Pythia's `step<N>` (also as a Hugging Face cache keeps them, by refs/),
 * Meander's `step-<N>` and runs, nanoGPT's `ckpt_<N>.pt`, llm.c's `model_<N>.bin`, `checkpoint-<N>`, OLMo's and Amber's names.
 * Every other name is passed over, and so are checkpoints that a run has not finished.
 *
 * Pythia saved steps 0, 1, 2, 4 … 512 beside every 1,000th: those are not evenly spaced, and stay out.
 * @throws UserError 'no-revisions' and 'revisions-mixed'
 */
export async function findRevisions(folder: string): Promise<Revision[]> {
  const root = resolve(folder);
  const names = await listNames(root).catch(() => null);
  if (!names)
    throw new UserError('no-revisions', `There is no folder ${root}.`, 'Choose the folder that holds the revisions.');
  if (names.includes('refs') && names.includes('snapshots')) return fromCache(root);
  const isRun = names.includes(runFileName);
  const parent = isRun ? join(root, 'checkpoints') : root;
  const found = new Map<string, Revision[]>();
  for (const name of isRun ? await listNames(parent) : names) {
    const kind = kinds.find(({ pattern }) => pattern.test(name));
    if (!kind) continue;
    const path = join(parent, name);
    const info = await stat(path).catch(() => null);
    if (!info || info.isFile() !== kind.isFile) continue;
    if (isRun && !(await readDone(path))) continue;
    const step = Number(kind.pattern.exec(name)![1]);
    found.set(kind.what, [...(found.get(kind.what) ?? []), { path, step }]);
  }
  if (found.size > 1)
    throw new UserError(
      'revisions-mixed',
      `${root} holds revisions of more than one kind: ${[...found.keys()].join(' and ')}.`,
      'Move each kind into a folder of its own.',
    );
  const [entry] = found;
  return ordered(root, entry ? withoutUneven(entry[0], entry[1]) : []);
}

/** A model in Hugging Face's cache: refs/<revision> holds the name of a folder in snapshots/. */
async function fromCache(root: string): Promise<Revision[]> {
  const found: Revision[] = [];
  for (const name of await listNames(join(root, 'refs'))) {
    const kind = kinds.find(({ pattern, isFile }) => !isFile && pattern.test(name));
    if (!kind) continue;
    const commit = (await readLimited(join(root, 'refs', name), 200)).trim();
    if (!/^[0-9a-f]{40}$/.test(commit)) continue;
    const path = join(root, 'snapshots', commit);
    const isThere = (await stat(path).catch(() => null))?.isDirectory() ?? false;
    if (isThere) found.push({ path, step: Number(kind.pattern.exec(name)![1]) });
  }
  return ordered(root, withoutUneven(pythia, found));
}

/** Steps below 1,000 that are 0 or a power of two, where the names are Pythia's. */
const withoutUneven = (what: string, revisions: Revision[]) =>
  what === pythia ? revisions.filter(({ step }) => step >= 1000 || (step & (step - 1)) !== 0) : revisions;

function ordered(root: string, revisions: Revision[]): Revision[] {
  revisions.sort((a, b) => a.step - b.step);
  const twice = revisions.find(({ step }, i) => revisions[i + 1]?.step === step);
  if (twice)
    throw new UserError(
      'revisions-mixed',
      `${root} holds step ${twice.step} twice.`,
      'Leave one revision of every step in the folder.',
    );
  if (revisions.length < 2)
    throw new UserError(
      'no-revisions',
      `${root} holds ${revisions.length === 1 ? 'one revision' : 'no revisions'} that can be averaged.`,
      `Choose a folder with at least two of ${kinds.map(({ what }) => what).join(', ')}.`,
    );
  return revisions;
}

/** What a name says of a Pythia model: which of the suites that must not mix. */
const variants: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: '-v0', pattern: /pythia-[0-9.]+[mb](?:-deduped)?-v0(?![0-9])/i },
  { what: 'deduped', pattern: /pythia-[^/]*deduped/i },
  { what: 'seed', pattern: /pythia-[^/]*-seed(\d+)/i },
];

/**
 * Pythia's -v0 models were trained with another batch size, the deduped ones on other data, and the seeds from other
 * first weights: same names and shapes, and a mean of nothing. Told by `_name_or_path` in config.json and by the two
 * innermost folders of the path; a model that nowhere says pythia is not judged.
 * @throws UserError 'model-mismatch'
 */
export function compareVariants(
  inputs: readonly { readonly path: string; readonly config: Readonly<Record<string, unknown>> | null }[],
): void {
  const known = inputs.flatMap(({ path, config }) => {
    const origin = typeof config?._name_or_path === 'string' ? config._name_or_path : '';
    // In Hugging Face's cache the model's name is three folders up from the weights.
    const up = [path, dirname(path), dirname(dirname(path))].map((part) => basename(part));
    const text = [origin, ...up].find((part) => /pythia-/i.test(part));
    if (text === undefined) return [];
    const is = variants.map(({ what, pattern }) => {
      const match = pattern.exec(text);
      if (what === 'seed') return match ? `seed ${match[1]}` : 'no seed of its own';
      return match ? what : `not ${what}`;
    });
    return [{ path, is }];
  });
  const newest = known.at(-1);
  for (const { path, is } of known) {
    const wrong = is.flatMap((word, i) =>
      word === newest!.is[i] ? [] : [`it is ${word}, the other is ${newest!.is[i]}`],
    );
    if (wrong.length > 0) throw mismatch(`${path} is another variant of Pythia than ${newest!.path}`, wrong);
  }
}
