export const comparison = {
  title: 'Against an annealed run',
  about:
    'A run whose learning rate is taken to zero at the end is what averages are an alternative to. One click forks such a cooldown: it starts from a checkpoint of this run with its optimizer state, its present rate and the same batches, and is compared at its last step only, after equal tokens.',
  ofParent: 'This run is a cooldown itself: what came of it stands with the run that it was forked from,',
  form: 'Form of the cooldown',
  forms: { '1-sqrt': '1 − √', linear: 'linear' },
  fork: 'Fork a cooldown',
  another: 'Fork another',
  plan: (from: string, end: string, extra: string, share: string) =>
    `From step ${from} to step ${end}: ${extra} extra updates, ${share} of the run`,
  planSeconds: (seconds: string) => `, about ${seconds} at its present speed`,
  beyond: (end: string) =>
    `It is compared when this run has reached step ${end} itself; until then the comparison waits.`,
  swept: (end: string) =>
    `This run may have let go of its checkpoint at step ${end} by then; the comparison is then without an error bar.`,
  ownSchedule: 'This run’s own schedule anneals already, so little is left for either to gain.',
  none: 'A cooldown starts from a checkpoint, and there is none yet.',
  onlyEnd:
    'The only checkpoint is the last one: a cooldown from there ends past this run, where there is nothing to compare it with. Keep more checkpoints in the next run, or train this one longer.',
  choose: 'Cooldown',
  option: (name: string, from: string, end: string) => `${name} · step ${from} to ${end}`,
  open: 'Open the cooldown',
  states: {
    queued: 'The cooldown waits for its turn: one run trains at a time.',
    running: (step: string, end: string) => `The cooldown is at step ${step} of ${end}.`,
    idle: (step: string, end: string) => `The cooldown stands at step ${step} of ${end} and does not train.`,
    failed: (why: string) => `The cooldown failed: ${why}`,
    trunk: (step: string, end: string) =>
      `This run is at step ${step}. The cooldown ends at step ${end} and is compared there only: the comparison waits until this run has reached it.`,
    trunkIdle: 'It does not train now.',
  },
  progress: 'Progress of the cooldown',
  chart: (name: string, child: string) => `Validation loss of ${name}, its averages and the annealed run ${child}`,
  chartTitle: 'raw, averages and the annealed run',
  step: 'Step',
  annealed: 'Annealed run',
  raw: 'Raw weights',
  table: (end: string) => `Losses at step ${end}`,
  weights: 'Weights',
  loss: 'Loss',
  againstAnnealed: 'Against the annealed run',
  verdict: 'Verdict',
  words: { better: 'better', 'no difference': 'no difference', worse: 'worse' },
  measure: 'Measure block by block',
  measureNote: (weights: string, seconds: string) => `${weights} evaluations, about ${seconds}`,
  measuring: (done: string, total: string) => `Measuring ${done} of ${total}…`,
  starting: 'Measuring…',
  said: 'What the comparison says',
  averageAhead: (step: string, tokens: string, id: string, size: string, error: string) =>
    `At step ${step}, after the same ${tokens} tokens, the best average, “${id}”, wins: its loss is ${size} ± ${error} below the annealed run’s.`,
  annealedAhead: (step: string, tokens: string, id: string, size: string, error: string) =>
    `At step ${step}, after the same ${tokens} tokens, the annealed run wins: its loss is ${size} ± ${error} below that of the best average, “${id}”.`,
  level: (step: string, tokens: string, id: string, size: string, error: string) =>
    `At step ${step}, after the same ${tokens} tokens, the annealed run and the best average, “${id}”, are level: ${size} ± ${error} apart, less than two standard errors.`,
  rawBehind: (size: string, error: string) => `The annealed run is ${size} ± ${error} below the raw weights.`,
  rawLevel: (size: string, error: string) => `Annealed and raw weights are level: ${size} ± ${error} apart.`,
  rawAhead: (size: string, error: string) => `The annealed run is ${size} ± ${error} above the raw weights.`,
  averageRaw: (id: string, difference: string, error: string) => `“${id}” against raw: ${difference} ± ${error}.`,
  noAverage: (step: string) => `No average had a value at step ${step}, so the annealed run is compared with raw only.`,
  halves: (id: string, n: string) =>
    `“${id}” was chosen among ${n} averages on every other block; the difference to the annealed run is that on the remaining blocks.`,
  cost: (steps: string, share: string, seconds: string | null) =>
    `The cooldown cost ${steps} extra updates, ${share} of the run${seconds === null ? '' : `, ${seconds} of training`}; the averages cost no update.`,
  errors: (blocks: string) =>
    `± is the paired standard error over the same ${blocks} validation blocks. It does not cover seeds: a run from another seed may move the difference by more, which “meander study” measures.`,
  unpaired: (step: string) =>
    `This run no longer keeps its checkpoint at step ${step}, so only the means that were measured then are left. Without losses block by block there is no paired error, and no winner is named.`,
  notMeasured: (step: string) =>
    `This run kept no checkpoint at step ${step} and was not evaluated there, so there is nothing to hold against the annealed run.`,
} as const;
