/** The mix of a draft: what may be added, what is wrong with it. */
import type { DatasetSummary } from '../../../../shared/api.ts';
import type { MixConfig, RunConfig } from '../../../../shared/config.ts';
import { mixId, mixRefusal } from '../../../../shared/mix.ts';
import { t } from '../../../strings.ts';

export interface Candidate {
  readonly dataset: DatasetSummary;
  /** Why it cannot be mixed in; null where it can. */
  readonly refusal: string | null;
}

/** Datasets that are ready and not in the mix yet. */
export function mixCandidates(draft: RunConfig, datasets: readonly DatasetSummary[]): Candidate[] {
  const inside = new Set([draft.dataset, ...draft.mix.others.map(({ dataset }) => dataset)]);
  const members = datasets.filter(({ folder }) => inside.has(folder));
  return datasets
    .filter((d) => d.status === 'ready' && d.meta !== null && !inside.has(d.folder))
    .map((dataset) => ({ dataset, refusal: refusalAmong(members, dataset) }));
}

function refusalAmong(members: readonly DatasetSummary[], { meta }: DatasetSummary): string | null {
  for (const { meta: own } of members) {
    const refusal = own && meta && mixRefusal(own, meta);
    if (refusal) return refusal;
  }
  return null;
}

/** Of equal weight with the run's own dataset. */
export function withDataset(mix: MixConfig, { name, folder }: Pick<DatasetSummary, 'name' | 'folder'>): MixConfig {
  const id = mixId(
    name,
    mix.others.map((member) => member.id),
  );
  return { ...mix, others: [...mix.others, { id, dataset: folder, weight: mix.weight > 0 ? mix.weight : 1 }] };
}

/** The weight of the first means nothing once it is alone. */
export function withoutDataset(mix: MixConfig, folder: string): MixConfig {
  const others = mix.others.filter(({ dataset }) => dataset !== folder);
  return { weight: others.length === 0 ? 1 : mix.weight, others };
}

/** What the schema cannot know: datasets that are not there, or do not go together. */
export function mixErrors(draft: RunConfig, datasets: readonly DatasetSummary[] | undefined): Map<string, string> {
  const errors = new Map<string, string>();
  if (!datasets) return errors;
  const ready = (folder: string) => datasets.find((d) => d.folder === folder && d.status === 'ready') ?? null;
  const members = [ready(draft.dataset)].filter((d) => d !== null);
  draft.mix.others.forEach(({ dataset }, i) => {
    const found = ready(dataset);
    const wrong = found === null ? t.mix.gone : refusalAmong(members, found);
    if (wrong !== null) errors.set(`mix.others.${i}.dataset`, wrong);
    if (found !== null) members.push(found);
  });
  return errors;
}
