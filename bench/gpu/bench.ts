/**
 * Times the WebGPU engine: matrix products of GPT-2's shapes for every tile, then whole training steps. On a software
 * adapter sizes are tiny, so that the program itself can be tried; its numbers then say nothing of a card.
 *   npm run bench:gpu [-- --batch N] [-- --tokens N] [-- --seconds S]
 */
import { parseArgs } from 'node:util';
import type { Backend, Store } from '../../src/engine/backends/backend.ts';
import { openNative } from '../../src/engine/backends/native/index.ts';
import { openWebgpu, selfTest } from '../../src/engine/backends/webgpu/index.ts';
import { plainTiles, stagedVariants } from '../../src/engine/backends/webgpu/kernels/matmul.ts';
import { ringRows, trainProgram, updateProgram } from '../../src/engine/model/gpt.ts';
import { initialWeights } from '../../src/engine/model/init.ts';
import { parameterTable } from '../../src/engine/model/table.ts';
import type { Program, Tensor } from '../../src/engine/program/types.ts';
import { type ModelConfig, optimizerConfig } from '../../src/shared/config.ts';

const { values } = parseArgs({
  options: {
    batch: { type: 'string' },
    tokens: { type: 'string' },
    seconds: { type: 'string', default: '3' },
  },
});
const seconds = Number(values.seconds);

const probe = await openWebgpu({ software: true });
const { software } = probe;
const adapter = probe.info.device;
console.log(`adapter  ${adapter}${software ? ', which computes on the processor: sizes are tiny' : ''}`);
await selfTest(probe);
console.log('test     a small step agrees with the reference');
await probe.close();

/** Milliseconds of one call, the least of what fits into the time; each waits for the device. */
async function least(backend: Backend, calls: number, run: () => void, limit = seconds): Promise<number> {
  run();
  await backend.drain();
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + 1000 * limit;
  do {
    const start = performance.now();
    for (let i = 0; i < calls; i++) run();
    await backend.drain();
    best = Math.min(best, (performance.now() - start) / calls);
  } while (performance.now() < end);
  return best;
}

type Shape = readonly [m: number, k: number, n: number];
const shapes: readonly Shape[] = software
  ? [
      [64, 96, 128],
      [64, 96, 32],
    ]
  : [
      [4096, 4096, 4096],
      [12_288, 768, 3072],
      [12_288, 3072, 768],
    ];

async function productTime(backend: Backend, [m, k, n]: Shape): Promise<number> {
  const tensor = (id: number, name: string, shape: readonly number[]): Tensor => ({
    ...{ id, name, shape, dtype: 'f32', offset: 0, role: name === 'weight' ? 'parameter' : 'persistent', store: name },
  });
  const [x, weight, y] = [tensor(0, 'x', [m, k]), tensor(1, 'weight', [k, n]), tensor(2, 'y', [m, n])];
  const program: Program = {
    name: 'product',
    ops: [{ kind: 'linear', in: { x, weight }, out: { y }, attrs: { activation: 'none' }, writes: {} }],
    results: [],
  };
  const stores: Record<string, Store> = {
    x: backend.store('f32', m * k),
    weight: backend.store('f32', k * n),
    y: backend.store('f32', m * n),
  };
  const executable = backend.compile(program);
  const time = await least(backend, software ? 1 : 8, () => executable.run(stores, {}), seconds / 3);
  executable.free();
  for (const store of Object.values(stores)) store.free();
  return time;
}

const flops = ([m, k, n]: Shape) => 2 * m * k * n;
let best = { speed: 0, tiles: plainTiles };
for (const tiles of software ? [plainTiles] : stagedVariants) {
  const backend = await openWebgpu({ software: true, tiles });
  for (const [at, shape] of shapes.entries()) {
    const speed = flops(shape) / (await productTime(backend, shape)) / 1e6;
    console.log(`product  ${shape.join(' × ').padEnd(20)}  ${tiles.name.padEnd(20)}  ${speed.toPrecision(3)} GFLOP/s`);
    if (at === 0 && speed > best.speed) best = { speed, tiles };
  }
  await backend.close();
}

const model: ModelConfig = {
  ...{ blockSize: software ? 16 : 1024, vocabSize: software ? 50 : 50_257, paddedVocabSize: software ? null : 50_304 },
  ...{ layers: software ? 1 : 12, heads: software ? 2 : 12, width: software ? 32 : 768 },
  ...{ dropout: 0, bias: true, gelu: 'tanh', inverseLayerScaling: false },
};
const batch = Number(values.batch ?? (software ? 2 : 12));
const tokens = Number(values.tokens ?? model.blockSize);

async function stepTime(backend: Backend): Promise<{ ms: number; encode: number }> {
  const table = parameterTable(model);
  const vector = () => backend.store('f32', table.elements);
  const stores: Record<string, Store> = {
    ...{ parameters: vector(), gradients: vector(), m: vector(), v: vector() },
    ...{ counters: backend.store('f32', 4), ring: backend.store('f32', 4 * ringRows) },
    ...{ tokens: backend.store('i32', batch * tokens), targets: backend.store('i32', batch * tokens) },
  };
  for (const { offset, data } of initialWeights(model, 1)) stores.parameters.write(offset, data);
  const ids = Int32Array.from({ length: batch * tokens }, (_, i) => (i * 7919) % model.vocabSize);
  stores.tokens.write(0, ids);
  stores.targets.write(0, ids);
  const step = backend.compile(trainProgram(model, { batch, tokens }));
  const update = backend.compile(updateProgram(table, optimizerConfig.parse({})));
  let encode = Number.POSITIVE_INFINITY;
  const ms = await least(backend, 1, () => {
    const start = performance.now();
    step.run(stores, {});
    update.run(stores, { learningRate: 1e-4 });
    encode = Math.min(encode, performance.now() - start);
  });
  step.free();
  update.free();
  for (const store of Object.values(stores)) store.free();
  return { ms, encode };
}

const card = await openWebgpu({ software: true, tiles: best.tiles });
const { ms, encode } = await stepTime(card);
await card.close();
const native = await openNative({}).catch(() => null);
const beside = native && (await stepTime(native)).ms;
await native?.close();

const { layers, width, vocabSize } = model;
const matrix = 12 * layers * width ** 2 + vocabSize * width;
const work = 6 * matrix * batch * tokens + 6 * layers * batch * tokens * tokens * width;
console.log(
  `step     ${batch} × ${tokens} tokens, ${layers} layers, width ${width}: ${ms.toFixed(1)} ms, ${encode.toFixed(2)} ms of it recording`,
);
console.log(
  `         ${(work / ms / 1e6).toPrecision(3)} GFLOP/s; native: ${beside === null ? 'does not load' : `${beside.toFixed(1)} ms`}`,
);
console.log('PyTorch, TensorFlow.js and the share of the peak (MFU) are not measured by this program: null below.');
console.log(
  JSON.stringify({
    adapter,
    software,
    tiles: best.tiles.name,
    gemm_tflops: Number((best.speed / 1000).toPrecision(4)),
    vs_torch_gemm: null,
    step_ms: Number(ms.toPrecision(4)),
    native_step_ms: beside && Number(beside.toPrecision(4)),
    vs_torch_compiled: null,
    vs_tfjs: null,
    mfu: null,
  }),
);
process.exit();
