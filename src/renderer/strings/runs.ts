export const runs = {
  title: 'Runs',
  newRun: 'New run',
  empty: {
    title: 'No runs yet',
    text: 'A run trains a model and averages its weights as it goes. The “Quickstart” preset takes a few minutes on a laptop and shows what averaging is worth.',
    sample: 'Set up a first run',
    datasets: 'Add a dataset',
  },
  columns: { best: 'Best raw', average: 'Best average', progress: 'Progress', loss: 'Validation loss' },
  sparkline: (name: string) => `Validation loss of ${name} over its evaluations`,
  parent: { continue: 'continues', cooldown: 'cools down' },
  parentOf: (name: string, step: string) => `${name} from step ${step}`,
  step: (step: string, total: string) => `${step} / ${total}`,
  progress: (name: string) => `Progress of ${name}`,
  actions: {
    start: 'Start',
    resume: 'Resume',
    pause: 'Pause',
    continue: 'Continue',
    stop: 'Stop and save',
    delete: 'Delete run',
    more: (name: string) => `More about ${name}`,
  },
  remove: {
    title: (name: string) => `Delete “${name}”?`,
    text: (size: string) =>
      `Its checkpoints, averages, metrics and exports are deleted, ${size}. This cannot be undone.`,
    children: (names: string) =>
      `These runs were started from it; they keep what they need, but their parent is gone: ${names}.`,
    action: 'Delete run',
  },
} as const;
