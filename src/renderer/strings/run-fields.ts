/** Every field of a run's configuration in words: its name, what it does, and its unit where it has one. */

interface FieldText {
  readonly label: string;
  readonly help: string;
  readonly unit?: string;
  /** Words for what a choice takes. */
  readonly options?: Readonly<Record<string, string>>;
}

const steps = 'steps';

export const runFields = {
  steps: { label: 'Steps', help: 'Updates of the weights in all.' },
  'batch.microBatch': { label: 'Micro-batch', help: 'Sequences that are computed at once; memory grows with it.' },
  'batch.accumulation': {
    label: 'Accumulation',
    help: 'Micro-batches whose gradients are averaged into one update. Takes time, no memory.',
  },
  'model.blockSize': { label: 'Block size', help: 'Longest context that the model sees.', unit: 'tokens' },
  'sampling.kind': {
    label: 'Order of the data',
    help: 'Blocks at random places may come twice; epochs take each block once before any comes again.',
    options: { blocks: 'Random blocks', epochs: 'Epochs' },
  },
  'schedule.kind': {
    label: 'Schedule',
    help: 'How the learning rate goes over the run after warm-up.',
    options: {
      constant: 'Constant',
      cosine: 'Cosine',
      linear: 'Linear',
      wsd: 'Warm-up, stable, decay',
      'inverse-sqrt': 'Inverse square root',
    },
  },
  'schedule.peak': { label: 'Peak learning rate', help: 'The highest rate, reached at the end of warm-up.' },
  'schedule.min': { label: 'Floor', help: 'Where cosine and linear end.' },
  'schedule.warmupSteps': { label: 'Warm-up', help: 'The rate rises to its peak over these.', unit: steps },
  'schedule.warmupForm': {
    label: 'Warm-up form',
    help: 'Whether the first update has a small rate or none.',
    options: { shifted: '(s+1)/(W+1), nanoGPT', plain: 's/W, LAWA paper' },
  },
  'schedule.cooldownSteps': { label: 'Cooldown', help: 'The rate falls to zero over the last of them.', unit: steps },
  'schedule.cooldownForm': {
    label: 'Cooldown form',
    help: '1 − √u falls fast at first, then slowly.',
    options: { '1-sqrt': '1 − √', linear: 'Linear' },
  },
  'evaluation.every': {
    label: 'Evaluate every',
    help: 'Raw weights and every average, on the validation blocks.',
    unit: steps,
  },
  'evaluation.blocks': {
    label: 'Validation blocks',
    help: 'Evenly spaced, the same at every step. More make the loss surer and evaluation slower.',
  },
  'checkpoints.every': {
    label: 'Checkpoint every',
    help: 'What a crash loses at most. 0 writes only the last.',
    unit: steps,
  },
  'checkpoints.keepLast': { label: 'Keep newest', help: 'Newest checkpoints that stay on disk.' },
  'checkpoints.keepEvery': {
    label: 'Keep every',
    help: 'Checkpoints at multiples of this stay for good. 0 keeps none for that reason.',
    unit: steps,
  },
  'checkpoints.keepBest': {
    label: 'Keep the checkpoint with the best raw loss',
    help: 'Beside the newest ones.',
  },
  'checkpoints.diskBudget': {
    label: 'Disk budget',
    help: 'Checkpoints and snapshots together; empty: no budget but the disk’s.',
    unit: 'GB',
  },
  'spikes.action': {
    label: 'When the loss spikes',
    help: 'It is always noted, with the snapshots that a rescue can begin from.',
    options: { note: 'Train on', stop: 'Stop there' },
  },
  'spikes.snapshotEvery': {
    label: 'Snapshots for a rescue',
    help: 'Three are kept. Empty: those that windows and checkpoints keep anyway.',
    unit: steps,
  },
  'model.layers': { label: 'Layers', help: 'Transformer blocks, one after the other.' },
  'model.heads': { label: 'Heads', help: 'Attention heads of a layer; they divide the width.' },
  'model.width': { label: 'Width', help: 'Channels of the residual stream, a multiple of heads.' },
  'model.dropout': { label: 'Dropout', help: 'Share of values that training leaves out; 0 for most runs of one pass.' },
  'model.bias': { label: 'Biases', help: 'In linear layers and LayerNorms.' },
  'model.gelu': {
    label: 'GELU',
    help: 'With the error function, or its tanh approximation.',
    options: { exact: 'Exact', tanh: 'tanh' },
  },
  'model.inverseLayerScaling': {
    label: 'Scale attention by inverse layer index',
    help: 'Scores of layer i, from 0, are divided by i + 1, as in the LAWA paper.',
  },
  'model.paddedVocabSize': {
    label: 'Padded vocabulary',
    help: 'Rows of the embedding; those past the vocabulary are never used. Empty: none.',
  },
  'optimizer.kind': {
    label: 'Optimizer',
    help: 'Schedule-free AdamW averages as it goes and wants a constant rate after warm-up; its average is evaluated and saved.',
    options: { adamw: 'AdamW', 'schedule-free': 'Schedule-free AdamW' },
  },
  'optimizer.beta1': {
    label: 'Adam β₁',
    help: 'Memory of the gradient’s mean; schedule-free: how near to the average gradients are taken, 0.9 to 0.98.',
  },
  'optimizer.beta2': { label: 'Adam β₂', help: 'Memory of the gradient’s square.' },
  'optimizer.epsilon': { label: 'Adam ε', help: 'Keeps the division from blowing up.' },
  'optimizer.weightDecay': { label: 'Weight decay', help: 'Times the learning rate, off every matrix at each update.' },
  'optimizer.decayEmbeddings': {
    label: 'Weight decay on embeddings',
    help: 'nanoGPT decays them, the LAWA paper does not.',
  },
  'optimizer.clip': { label: 'Clip gradient norm', help: 'Bound on the norm of the mean gradient. 0 turns it off.' },
  'device.backend': {
    label: 'Engine',
    help: 'Automatic takes the fastest that works here.',
    options: {
      auto: 'Automatic',
      native: 'Native (C++)',
      webgpu: 'Graphics card',
      tensorflow: 'TensorFlow',
      reference: 'Portable (slow)',
    },
  },
  'device.precision': {
    label: 'Precision',
    help: 'Mixed multiplies in bfloat16 and keeps weights, moments and averages in float32.',
    options: { float32: 'float32', mixed: 'Mixed (bfloat16)', auto: 'Automatic' },
  },
  'device.threads': { label: 'Threads', help: 'Empty: one per physical core. Results do not depend on it.' },
  seed: { label: 'Seed', help: 'First weights, order of the data and dropout follow from it.' },
  logEvery: { label: 'Log loss every', help: 'Between two lines of training loss.', unit: steps },
} as const satisfies Record<string, FieldText>;

export type FieldPath = keyof typeof runFields;
export const fieldText = (path: FieldPath): FieldText => runFields[path];
