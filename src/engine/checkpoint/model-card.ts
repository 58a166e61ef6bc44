/** README.md of a saved model: what it is, from which run and steps, and what to expect of it. */
import { architectureNames, kindOf } from '../../shared/architecture.ts';
import type { ModelConfig, RunConfig } from '../../shared/config.ts';
import { parameterTable } from '../model/table.ts';
import type { TrainerState } from './trainer-state.ts';

export interface CardContent {
  readonly model: ModelConfig;
  readonly config: RunConfig;
  readonly step: number;
  /** 'raw' or a policy's id. */
  readonly of: string;
  readonly state: Pick<TrainerState, 'policies'>;
  /** How it was made; absent: as `of` and `state` say. */
  readonly recipe?: string;
  /** Step → SHA-256 of the weight files that it is made from. */
  readonly sources: Readonly<Record<string, string>>;
}

/** transformers' class of each architecture. */
const classes = { gpt2: 'GPT2LMHeadModel', gpt_neox: 'GPTNeoXForCausalLM', llama: 'LlamaForCausalLM' } as const;

export function modelCard({ model, config, step, of, state, sources, recipe: made }: CardContent): string {
  const { schedule, batch } = config;
  const count = (n: number) => n.toLocaleString('en-US');
  const parameters = parameterTable(model).count;
  const kind = kindOf(model);
  const rows: [string, string][] = [
    [
      'Architecture',
      `${architectureNames[kind]}, ${model.layers} layers, ${model.heads} heads, ${model.width} channels`,
    ],
    ['Parameters', count(parameters)],
    ['Context', `${count(model.blockSize)} tokens`],
    ['Vocabulary', count(model.vocabSize)],
    ['Run', config.name],
    ['Step', `${count(step)} of ${count(config.steps)}`],
    ['Tokens per step', count(batch.microBatch * batch.accumulation * model.blockSize)],
    ['Learning rate', `${schedule.kind}, peak ${schedule.peak}, warm-up ${count(schedule.warmupSteps)} steps`],
    ['Weights', made ?? (of === 'raw' ? 'raw, as trained' : recipe(of, state))],
  ];
  const hashes = Object.entries(sources).map(([s, hash]) => `- step ${count(Number(s))}: \`${hash || 'unknown'}\``);
  return [
    '---',
    'library_name: transformers',
    'pipeline_tag: text-generation',
    `tags: [${kind}, meander]`,
    '---',
    '',
    `# ${config.name}, step ${step}${of === 'raw' ? '' : `, ${of}`}`,
    '',
    config.init.from === 'model'
      ? 'A language model, trained on from the weights of another with Meander. Open it with'
      : 'A GPT-2-class language model, trained from scratch with Meander. Open it with',
    `\`${classes[kind]}.from_pretrained("path/to/this/folder")\`.`,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    of === 'raw'
      ? 'These are the raw weights of one step, not an average.'
      : 'An average of weights usually has a lower validation loss than the raw weights mid-run and at high learning rates; after a full anneal the gain is near zero, and a run annealed for the same number of steps is often better. It is no state to resume training from.',
    'It is a base model: it continues text, it was not taught to follow instructions, and it repeats what its data holds.',
    ...(hashes.length > 0 ? ['', 'SHA-256 of the weight files that it was made from:', '', ...hashes] : []),
    '',
  ].join('\n');
}

/** A policy at a checkpoint in one sentence. */
export function recipe(of: string, state: Pick<TrainerState, 'policies'>): string {
  const [id, width] = of.split('@');
  const policy = state.policies[id];
  if (!policy) return of;
  if (width !== undefined && policy.config.kind === 'power') {
    const { widths, start } = policy.config;
    const made = `from ${policy.state.stored?.length ?? 0} stored pairs of the widths ${widths.join(' and ')}`;
    return `Power EMA: width ${width} of the time since step ${start}, worked out after the run ${made}`;
  }
  const { config, state: now } = policy;
  const filled = now.backfilled ? ', back-filled from kept checkpoints' : '';
  switch (config.kind) {
    case 'lawa':
      return `LAWA: uniform mean of ${now.count} snapshots, ${config.spacing} steps apart (steps ${(now.window ?? []).join(', ')})${filled}`;
    case 'wma': {
      const weighting = config.weights === 'exponential' ? `exponential, a = ${config.a}` : config.weights;
      return `WMA (${weighting}): weighted mean of ${now.count} snapshots, ${config.spacing} steps apart (steps ${(now.window ?? []).join(', ')})${filled}`;
    }
    case 'ema':
      return `EMA: β = ${config.decay} every ${config.every} steps from step ${config.start}, ${now.count} observations${filled}`;
    case 'tail':
      return `Tail EMA: β = ${config.decay} every ${config.every} steps from step ${config.start}, ${now.count} observations, blended ${config.blend} into the newest weights${filled}`;
    case 'power':
      return `Power EMA: width ${config.widths[0]} of the time since step ${config.start}, every ${config.every} steps, ${now.count} observations${filled}`;
    case 'swa':
      return `SWA: running mean every ${config.every} steps from step ${config.start}, ${now.count} observations${filled}`;
  }
}
