/** Where each field of the configuration stands in the form, and from which depth on. */
import type { RunConfig } from '../../../../shared/config.ts';
import { type FieldPath, fieldText } from '../../../strings/run-fields.ts';
import { t } from '../../../strings.ts';

export const depths = ['preset', 'common', 'everything'] as const;
export type Depth = (typeof depths)[number];

export type Group = 'length' | 'schedule' | 'evaluation' | 'model' | 'optimizer' | 'device';

export interface Field {
  readonly path: FieldPath;
  readonly group: Group;
  /** Shown from this depth on. */
  readonly depth: Depth;
  readonly kind: 'number' | 'switch' | 'choice';
  /** What arrow keys add or take. */
  readonly by?: number;
  /** An empty field means null. */
  readonly nullable?: boolean;
  /** The field shows the value divided by this. */
  readonly scale?: number;
  /** Where it has an effect; none: always. */
  readonly when?: (config: RunConfig) => boolean;
}

const anneals = ({ schedule }: RunConfig) => schedule.kind === 'cosine' || schedule.kind === 'linear';
const cools = ({ schedule }: RunConfig) => schedule.kind === 'wsd';

/** In the order of the form. Averages are cards, first weights a choice of their own. */
export const fields: readonly Field[] = [
  { path: 'steps', group: 'length', depth: 'preset', kind: 'number' },
  { path: 'batch.microBatch', group: 'length', depth: 'common', kind: 'number', by: 1 },
  { path: 'batch.accumulation', group: 'length', depth: 'common', kind: 'number', by: 1 },
  { path: 'model.blockSize', group: 'length', depth: 'common', kind: 'number', by: 8 },
  { path: 'sampling.kind', group: 'length', depth: 'everything', kind: 'choice' },
  { path: 'schedule.kind', group: 'schedule', depth: 'common', kind: 'choice' },
  { path: 'schedule.peak', group: 'schedule', depth: 'common', kind: 'number' },
  { path: 'schedule.min', group: 'schedule', depth: 'common', kind: 'number', when: anneals },
  { path: 'schedule.warmupSteps', group: 'schedule', depth: 'common', kind: 'number' },
  { path: 'schedule.warmupForm', group: 'schedule', depth: 'everything', kind: 'choice' },
  { path: 'schedule.cooldownSteps', group: 'schedule', depth: 'common', kind: 'number', when: cools },
  { path: 'schedule.cooldownForm', group: 'schedule', depth: 'common', kind: 'choice', when: cools },
  { path: 'evaluation.every', group: 'evaluation', depth: 'common', kind: 'number' },
  { path: 'evaluation.blocks', group: 'evaluation', depth: 'common', kind: 'number' },
  { path: 'checkpoints.every', group: 'evaluation', depth: 'common', kind: 'number' },
  { path: 'checkpoints.keepLast', group: 'evaluation', depth: 'common', kind: 'number', by: 1 },
  { path: 'checkpoints.keepEvery', group: 'evaluation', depth: 'everything', kind: 'number' },
  {
    path: 'checkpoints.diskBudget',
    group: 'evaluation',
    depth: 'everything',
    kind: 'number',
    nullable: true,
    scale: 1e9,
  },
  { path: 'spikes.action', group: 'evaluation', depth: 'everything', kind: 'choice' },
  { path: 'spikes.snapshotEvery', group: 'evaluation', depth: 'everything', kind: 'number', nullable: true },
  { path: 'logEvery', group: 'evaluation', depth: 'everything', kind: 'number', by: 1 },
  { path: 'checkpoints.keepBest', group: 'evaluation', depth: 'everything', kind: 'switch' },
  { path: 'model.layers', group: 'model', depth: 'common', kind: 'number', by: 1 },
  { path: 'model.heads', group: 'model', depth: 'common', kind: 'number', by: 1 },
  { path: 'model.width', group: 'model', depth: 'common', kind: 'number', by: 16 },
  { path: 'model.dropout', group: 'model', depth: 'common', kind: 'number' },
  { path: 'model.gelu', group: 'model', depth: 'everything', kind: 'choice' },
  { path: 'model.paddedVocabSize', group: 'model', depth: 'everything', kind: 'number', nullable: true, by: 64 },
  { path: 'model.bias', group: 'model', depth: 'everything', kind: 'switch' },
  { path: 'model.inverseLayerScaling', group: 'model', depth: 'everything', kind: 'switch' },
  { path: 'optimizer.kind', group: 'optimizer', depth: 'everything', kind: 'choice' },
  { path: 'optimizer.beta1', group: 'optimizer', depth: 'everything', kind: 'number' },
  { path: 'optimizer.beta2', group: 'optimizer', depth: 'everything', kind: 'number' },
  { path: 'optimizer.epsilon', group: 'optimizer', depth: 'everything', kind: 'number' },
  { path: 'optimizer.weightDecay', group: 'optimizer', depth: 'everything', kind: 'number' },
  { path: 'optimizer.clip', group: 'optimizer', depth: 'everything', kind: 'number' },
  { path: 'optimizer.decayEmbeddings', group: 'optimizer', depth: 'everything', kind: 'switch' },
  { path: 'device.backend', group: 'device', depth: 'common', kind: 'choice' },
  { path: 'device.precision', group: 'device', depth: 'common', kind: 'choice' },
  { path: 'device.threads', group: 'device', depth: 'common', kind: 'number', nullable: true, by: 1 },
  { path: 'seed', group: 'device', depth: 'common', kind: 'number', by: 1 },
];

const rank = (depth: Depth): number => depths.indexOf(depth);

export const fieldsOf = (group: Group, depth: Depth, config: RunConfig): Field[] =>
  fields.filter((field) => field.group === group && rank(field.depth) <= rank(depth) && (field.when?.(config) ?? true));

/** The least depth at which something at this path, a field or a difference's, can be seen. */
export function depthOf(path: string): Depth {
  const field = fields.find((known) => known.path === path);
  if (field) return field.depth;
  if (path.startsWith('policies')) return 'common';
  return ['name', 'dataset', 'mix', 'preset'].includes(path.split('.')[0]) ? 'preset' : 'everything';
}

/** Whether a form of this depth shows what is at the path. */
export const isShown = (path: string, depth: Depth): boolean => rank(depthOf(path)) <= rank(depth);

/** A field's name as the form has it; its path where the form has none. */
export function labelOf(path: string): string {
  if (path === 'init') return t.newRun.init.from;
  if (path === 'model.architecture') return t.newRun.architecture;
  if (path === 'mix') return t.mix.title;
  const field = fields.find((known) => known.path === path);
  return field ? fieldText(field.path).label : path;
}
