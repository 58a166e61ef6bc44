/** Foreign models on their way to a mean: which order, which name. */

const lastPart = (path: string): string => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;

/** Runs of digits count as numbers: step-900 comes before step-1000. */
const natural = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** The paths with new ones added, each once, oldest first as their names say. */
export function withInputs(inputs: readonly string[], added: readonly string[]): string[] {
  return [...new Set([...inputs, ...added])].sort(
    (a, b) => natural.compare(lastPart(a), lastPart(b)) || natural.compare(a, b),
  );
}

/** The list with one item moved up or down. */
export function moved(inputs: readonly string[], index: number, by: -1 | 1): string[] {
  const to = index + by;
  if (to < 0 || to >= inputs.length) return [...inputs];
  const next = [...inputs];
  [next[index], next[to]] = [next[to] as string, next[index] as string];
  return next;
}

/** A name for the mean: what its inputs' names begin with, and their number; none of a folder of revisions. */
export function suggestedMergeName(inputs: readonly string[], taken: readonly string[]): string {
  const names = inputs.map((path) => lastPart(path).replace(/\.(pt|pth|bin|safetensors)$/i, ''));
  let stem = names[0] ?? '';
  for (const name of names) while (!name.startsWith(stem)) stem = stem.slice(0, -1);
  const plain = stem
    .replace(/[^\p{L}\p{N} ._-]/gu, '')
    .replace(/[\s\d._-]+$/u, '')
    .replace(/^[.\s]+/, '');
  const mean = inputs.length > 1 ? `mean of ${inputs.length}` : 'mean';
  const base = `${plain.slice(0, 60) || 'mean'} ${mean}`.replace(/^mean mean/, 'mean');
  if (!taken.includes(base)) return base;
  for (let n = 2; ; n++) if (!taken.includes(`${base} ${n}`)) return `${base} ${n}`;
}

export { lastPart };
