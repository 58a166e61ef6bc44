export const firstRun = {
  title: 'Welcome to Meander',
  text: 'Meander trains language models on this machine and averages their weights as it goes. Nothing leaves it.',
  where: 'Where should the data lie?',
  whereNote:
    'Datasets, checkpoints and averages can grow to many gigabytes. You can move the folder later, with its files, in Settings.',
  tour: 'Show me around first',
  begin: 'Begin',
  sample: 'Begin with a sample run',
  sampleNote:
    'The sample run prepares the State of the Union addresses that come with Meander and trains a small model on them: a few minutes, under 100 MB.',
} as const;

export const tour = {
  label: 'Tour',
  step: (n: number, of: number) => `${n} of ${of}`,
  next: 'Next',
  back: 'Back',
  done: 'Done',
  skip: 'Skip the tour',
  steps: {
    datasets: {
      title: 'Text becomes a dataset',
      text: 'Drop files or folders on this page, or choose them here. Meander says what it found and skipped before it writes anything.',
    },
    newRun: {
      title: 'A preset is a good start',
      text: 'Pick one, change what you like, and see beside it what the run takes of memory, disk and time.',
    },
    start: {
      title: 'Start training',
      text: 'The run trains in a process of its own: close the window, it is saved; nothing here can crash it.',
    },
    runs: {
      title: 'Every run stays',
      text: 'Runs list here with their best losses, raw and averaged. Open one for its chart, samples, checkpoints and export.',
    },
    commands: {
      title: 'Everything from the keyboard',
      text: 'Search pages, runs and actions from here. Press ? for all shortcuts.',
    },
    settings: {
      title: 'At home with you',
      text: 'Where data lies, which engine trains, appearance and shortcuts. The tour can be taken again from there.',
    },
  },
} as const;

export const home = {
  field: 'Data folder',
  choose: 'Choose folder',
  checking: 'Looking…',
  free: (bytes: string) => `${bytes} free there`,
  freeUnknown: 'How much is free there cannot be told',
  holds: (runs: number, datasets: number) =>
    `It holds ${runs === 1 ? '1 run' : `${runs} runs`} and ${datasets === 1 ? '1 dataset' : `${datasets} datasets`}.`,
} as const;
