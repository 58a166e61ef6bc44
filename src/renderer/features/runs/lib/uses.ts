/** Which other runs need something of a run's folder. */
import type { RunSummary } from '../../../../shared/api.ts';

export interface Uses {
  /** Started from one of its checkpoints; they own it. */
  readonly children: readonly string[];
  /** Will read a model in its folder when they start: they need it still. */
  readonly models: readonly string[];
}

const unbegun = (run: RunSummary): boolean => run.step === 0 && (run.status === 'new' || run.status === 'queued');

export function usesOf(run: Pick<RunSummary, 'name' | 'folder'>, runs: readonly RunSummary[]): Uses {
  const others = runs.filter((other) => other.name !== run.name);
  return {
    children: others.filter((other) => other.parent?.name === run.name).map((other) => other.name),
    models: others
      .filter(({ config: { init } }) => init.from === 'model' && inside(run.folder, init.path))
      .filter(unbegun)
      .map((other) => other.name),
  };
}

function inside(folder: string, path: string): boolean {
  const [outer, inner] = [folder, path].map((text) => text.replaceAll('\\', '/').replace(/\/+$/, ''));
  return inner === outer || inner!.startsWith(`${outer}/`);
}

/** Names of the children of every run that has some. */
export function childrenByParent(runs: readonly Pick<RunSummary, 'name' | 'parent'>[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { name, parent } of runs) {
    if (parent === null) continue;
    const siblings = found.get(parent.name);
    if (siblings) siblings.push(name);
    else found.set(parent.name, [name]);
  }
  return found;
}
