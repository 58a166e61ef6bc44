/** A small step against the reference before an adapter is trusted: a driver that miscompiles a shader says nothing. */
import type { ModelConfig } from '../../../shared/config.ts';
import { optimizerConfig } from '../../../shared/config.ts';
import { UserError } from '../../errors.ts';
import { ringRows, trainProgram, updateProgram } from '../../model/gpt.ts';
import { initialWeights } from '../../model/init.ts';
import { parameterTable } from '../../model/table.ts';
import type { Backend } from '../backend.ts';
import { openReference } from '../reference/index.ts';

const model: ModelConfig = {
  blockSize: 17,
  vocabSize: 37,
  paddedVocabSize: 64,
  layers: 1,
  heads: 2,
  width: 24,
  dropout: 0.1,
  bias: true,
  gelu: 'tanh',
  inverseLayerScaling: false,
};
const batch = 2;
/** Relative L2 distance that is allowed of gradients and of the ring. */
const allowed = 1e-4;

/** Throws UserError 'webgpu-wrong' naming what differs and by how much. */
export async function selfTest(backend: Backend): Promise<void> {
  const reference = await openReference();
  try {
    const [got, want] = [await step(backend), await step(reference)];
    for (const [name, values] of Object.entries(want)) {
      const off = distance(got[name], values);
      if (!(off <= allowed)) throw wrong(backend, name, off);
    }
  } finally {
    await reference.close();
  }
}

function wrong({ info }: Backend, what: string, off: number): UserError {
  return new UserError(
    'webgpu-wrong',
    `The graphics card ${info.device} computes wrongly: after a small step its ${what} differ from the reference's by ` +
      `${off.toExponential(1)}, ${allowed} is allowed.`,
    "Update the card's driver, or choose another device.",
  );
}

/** Gradients, weights after one update and the ring's row. */
async function step(backend: Backend): Promise<Record<string, Float32Array>> {
  const table = parameterTable(model);
  const rows = batch * model.blockSize;
  const vector = () => backend.store('f32', table.elements);
  const stores = {
    parameters: vector(),
    gradients: vector(),
    m: vector(),
    v: vector(),
    counters: backend.store('f32', 4),
    ring: backend.store('f32', 4 * ringRows),
  };
  const inputs = { tokens: backend.store('i32', rows), targets: backend.store('i32', rows) };
  const ids = Int32Array.from({ length: rows + 1 }, (_, i) => (i * 11 + (i >> 2)) % model.vocabSize);
  inputs.tokens.write(0, ids.subarray(0, rows));
  inputs.targets.write(0, ids.subarray(1));
  for (const { offset, data } of initialWeights(model, 5)) stores.parameters.write(offset, data);
  const training = backend.compile(trainProgram(model, { batch, tokens: model.blockSize }));
  const updating = backend.compile(updateProgram(table, optimizerConfig.parse({})));
  training.run({ ...stores, ...inputs }, { seed: 7, step: 1 });
  // Of the first update's size, Adam knows the sign only, so a rate is chosen that leaves the weights comparable.
  updating.run(stores, { learningRate: 1e-4 });
  const outcome = {
    gradients: await stores.gradients.read(0, table.elements),
    weights: await stores.parameters.read(0, table.elements),
    'loss and norm': await stores.ring.read(0, 4),
  };
  await backend.drain();
  for (const store of [...Object.values(stores), ...Object.values(inputs)]) store.free();
  for (const executable of [training, updating]) executable.free();
  return outcome;
}

function distance(a: Float32Array, b: Float32Array): number {
  let [apart, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    apart += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(apart / size);
}
