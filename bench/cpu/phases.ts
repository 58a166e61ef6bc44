/**
 * node bench/cpu/phases.ts [float32|mixed] [batch] [tokens] [layers] [width]
 * Where the processor time of a training step goes, on one thread: by operation, and within it packing and products.
 * Heads are 64 wide, words GPT-2's. Least of four steps, after one that is left out.
 */
import type { Store } from '../../src/engine/backends/backend.ts';
import { NativeBackend, type OperationTime, openNative } from '../../src/engine/backends/native/index.ts';
import { ringRows, trainProgram, updateProgram } from '../../src/engine/model/gpt.ts';
import { parameterTable } from '../../src/engine/model/table.ts';
import type { ModelConfig } from '../../src/shared/config.ts';
import { trainingFlops } from '../../src/shared/flops.ts';
import { configOf, works } from './work.ts';

const [precision = 'mixed', ...sizes] = process.argv.slice(2);
const [batch, tokens, layers, width] = [4, 256, 12, 768].map((usual, i) => Number(sizes[i] ?? usual));
const [gpt2] = works;
const sized = { ...gpt2.model, blockSize: tokens, layers, heads: width / 64, width };
const { model, optimizer } = configOf({ ...gpt2, batch, model: sized }, 'none');

const backend = await openNative({ threads: 1, precision: precision === 'float32' ? 'float32' : 'mixed' });
if (!(backend instanceof NativeBackend)) throw new Error('phases are those of the native backend');
const table = parameterTable(model);
const stores = bind(backend, model);
const forward = backend.compile(trainProgram(model, { batch, tokens }));
const update = backend.compile(updateProgram(table, optimizer));
const step = async () => {
  forward.run(stores, {});
  update.run(stores, { learningRate: 1e-4 });
  await backend.drain();
  return (backend as NativeBackend).profile();
};
const steps: OperationTime[][] = [];
await backend.profile();
for (let i = 0; i < 5; i++) {
  const measured = await step();
  if (i > 0) steps.push(measured);
}
await backend.close();

const sum = ({ packing, products, other }: OperationTime) => packing + products + other;
const total = (list: OperationTime[]) => list.reduce((all, operation) => all + sum(operation), 0);
const fastest = steps.toSorted((a, b) => total(a) - total(b))[0];
const ms = (seconds: number) => (1000 * seconds).toFixed(1).padStart(9);
console.log(`${backend.info.family}, ${batch} × ${tokens} tokens, ${layers} layers of ${width}; milliseconds`);
console.log(`${'operation'.padEnd(22)}  runs  packing products     rest`);
for (const operation of fastest)
  console.log(
    `${operation.operation.padEnd(22)}${String(operation.runs).padStart(6)}${ms(operation.packing)}${ms(operation.products)}${ms(operation.other)}`,
  );
const rate = trainingFlops(model, batch) / total(fastest) / 1e9;
console.log(`all ${ms(total(fastest)).trim()}: ${rate.toFixed(0)} GFLOP per second of processor time`);

/** Weights that are small noise, and tokens of the whole vocabulary. */
function bind(backend: NativeBackend, { vocabSize }: ModelConfig): Record<string, Store> {
  const stores: Record<string, Store> = { ring: backend.store('f32', 4 * ringRows), counters: backend.store('f32', 4) };
  for (const name of ['gradients', 'm', 'v']) stores[name] = backend.store('f32', table.elements);
  const parameters = backend.store('f32', table.elements);
  const stretch = Float32Array.from({ length: 1 << 16 }, (_, i) => 0.02 * Math.sin(i * i * 0.37 + i));
  for (let at = 0; at < table.elements; at += stretch.length)
    parameters.write(at, stretch.subarray(0, Math.min(stretch.length, table.elements - at)));
  const ids = backend.store('i32', batch * tokens);
  ids.write(
    0,
    Int32Array.from({ length: batch * tokens }, (_, i) => (i * 7919) % vocabSize),
  );
  return { ...stores, parameters, tokens: ids, targets: ids };
}
