/** Which revisions go into which output. */
import type { MergeWindows } from '../../shared/merges.ts';
import { UserError } from '../errors.ts';
import type { Revision } from './revisions.ts';

export interface MergeWindow {
  /** Of its newest member. */
  readonly step: number;
  /** Places in the list of revisions, oldest first. */
  readonly members: readonly number[];
}

/**
 * Windows over revisions that are in order by step.
 *   last k       the newest, and k − 1 before it, `spacing` steps apart
 *   sliding      LAWA as its paper's text has it: the window of k that ends at s, for every s that has one
 *                (2306.03241; the authors' later code keeps a queue of k)
 *   blocks       as the paper's script lawa.py: k, then the next k. Its last block may be shorter; it is written as the
 *                mean of what it has, and not at all where that is one model.
 * @throws UserError 'window-incomplete' naming the first step that is missing
 */
export function mergeWindows(revisions: readonly Revision[], windows: MergeWindows | null): MergeWindow[] {
  const all = revisions.map((_, i) => i);
  const window = (members: readonly number[]): MergeWindow => ({ step: revisions[members.at(-1)!].step, members });
  if (windows === null) return [window(all)];
  if (windows.kind === 'blocks') {
    const blocks = Array.from({ length: Math.ceil(all.length / windows.k) }, (_, i) =>
      all.slice(i * windows.k, (i + 1) * windows.k),
    );
    return blocks.filter((members) => members.length > 1).map(window);
  }
  const { k, spacing } = windows;
  const places = new Map(revisions.map(({ step }, i) => [step, i]));
  const endingAt = (end: number): (number | undefined)[] =>
    Array.from({ length: k }, (_, i) => {
      const back = k - 1 - i;
      return spacing === null ? all[end - back] : places.get(revisions[end].step - back * spacing);
    });
  const isFull = (members: (number | undefined)[]): members is number[] => members.every((i) => i !== undefined);
  if (windows.kind === 'sliding') {
    const full = all.map(endingAt).filter(isFull);
    if (full.length === 0) throw incomplete(`None of the ${all.length} revisions has a window of ${k} behind it.`);
    return full.map(window);
  }
  const members = endingAt(all.length - 1);
  if (isFull(members)) return [window(members)];
  const newest = revisions[all.length - 1].step;
  const missing = k - 1 - members.lastIndexOf(undefined);
  throw incomplete(
    spacing === null
      ? `There are ${all.length} revisions, and the window wants ${k}.`
      : `The window wants step ${newest - missing * spacing}, and there is none.`,
  );
}

const incomplete = (message: string) =>
  new UserError('window-incomplete', message, 'Choose a smaller window or another spacing.');
