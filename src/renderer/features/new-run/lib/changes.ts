/** What a draft has otherwise than its preset, and the way back, value by value. */
import { architectureNames, kindOf } from '../../../../shared/architecture.ts';
import type { PolicyConfig, RunConfig } from '../../../../shared/config.ts';
import { differenceTable } from '../../../../shared/differences.ts';
import { t } from '../../../strings.ts';
import { valueAt, withValue } from './draft.ts';

export interface Change {
  /** Dotted path; a policy by its id, as a whole where only one side has it. */
  readonly field: string;
  /** null: the side has no such field. */
  readonly preset: string | null;
  readonly here: string | null;
}

export function changesFrom(base: RunConfig, draft: RunConfig): Change[] {
  const rows = differenceTable([base, draft]).filter(({ field }) => field !== 'dataset');
  const changes = rows.map(({ field, values: [preset, here] }) => ({ field, preset, here }));
  // Where the first weights come from is one choice, and so are the mix and an architecture, however many fields they take.
  const of = (top: string) => (change: Change) => change.field.startsWith(`${top}.`);
  const [init, mix, architecture] = [of('init'), of('mix'), of('model.architecture')];
  const others = changes.filter((change) => !init(change) && !mix(change) && !architecture(change));
  if (changes.some(architecture))
    others.push({ field: 'model.architecture', preset: architectureName(base), here: architectureName(draft) });
  if (changes.some(mix)) others.push({ field: 'mix', preset: mixText(base), here: mixText(draft) });
  if (changes.some(init)) others.push({ field: 'init', preset: origin(base), here: origin(draft) });
  return others;
}

const architectureName = ({ model }: RunConfig): string => architectureNames[kindOf(model)];

/** Its datasets with their weights; null: there is none. */
const mixText = ({ mix }: RunConfig): string | null =>
  mix.others.length === 0
    ? null
    : [`${t.mix.own} ${mix.weight}`, ...mix.others.map(({ id, weight }) => `${id} ${weight}`)].join(', ');

function origin({ init }: RunConfig): string {
  if (init.from === 'model') return `${init.from} ${init.path}`.trim();
  return init.from === 'random' ? init.from : `${init.from} ${init.run}, ${init.step}`;
}

/** The draft with one of its changes undone. */
export function withoutChange(draft: RunConfig, base: RunConfig, field: string): RunConfig {
  const [top, id, ...rest] = field.split('.');
  if (top === 'init') return { ...draft, init: base.init };
  if (top === 'mix') return { ...draft, mix: base.mix };
  if (top !== 'policies') return withValue(draft, field, valueAt(base, field));
  const before = base.policies.find((policy) => policy.id === id);
  const at = draft.policies.findIndex((policy) => policy.id === id);
  if (!before) return { ...draft, policies: draft.policies.filter((policy) => policy.id !== id) };
  if (at < 0) return { ...draft, policies: inserted(draft.policies, before, base.policies.indexOf(before)) };
  // Another kind under the same name has other fields.
  if (rest.length === 0 || draft.policies[at].kind !== before.kind) return withValue(draft, `policies.${at}`, before);
  return withValue(draft, `policies.${at}.${rest.join('.')}`, valueAt(before, rest.join('.')));
}

const inserted = (policies: readonly PolicyConfig[], policy: PolicyConfig, at: number): PolicyConfig[] => [
  ...policies.slice(0, at),
  policy,
  ...policies.slice(at),
];
