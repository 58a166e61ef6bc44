/** Folders of text for the tests: small, deterministic, with something that must be skipped. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const words = (
  'the of and to in that by which with for be is as it from on this have has been will our not are their all ' +
  'government people states congress nation great year peace war public country law world must power every'
).split(' ');

/** Sentences that a small model can learn something about. */
function text(seed: number, sentences: number): string {
  let state = seed * 2654435761;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: sentences }, () => {
    const sentence = Array.from({ length: 6 + next(10) }, () => words[next(words.length)]).join(' ');
    return `${sentence[0].toUpperCase()}${sentence.slice(1)}.`;
  }).join('\n');
}

/** <home>/name with 40 speeches of text, a hidden file and a picture; returns its path. */
export async function corpus(folder: string, name = 'speeches'): Promise<string> {
  const root = path.join(folder, name);
  await mkdir(path.join(root, 'older'), { recursive: true });
  for (let i = 0; i < 40; i++) {
    const place = i % 2 === 0 ? root : path.join(root, 'older');
    await writeFile(path.join(place, `speech ${i}.txt`), text(i + 1, 60));
  }
  await writeFile(path.join(root, 'picture.txt'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13, 0, 255, 254]));
  await writeFile(path.join(root, '.hidden.txt'), 'hidden');
  return root;
}
