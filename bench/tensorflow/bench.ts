/**
 * Step time of the TensorFlow engine beside native and plain TensorFlow.js, and what a step leaves behind.
 *   npm run bench:tensorflow -- [--work quickstart] [--seconds 10] [--engines native,tensorflow,javascript,reference]
 * Each engine has a process of its own, one after the other. The last line is one JSON object.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Backend } from '../../src/engine/backends/backend.ts';
import { openBackend } from '../../src/engine/backends/select.ts';
import { loadLibrary } from '../../src/engine/backends/tensorflow/find.ts';
import { TensorflowBackend } from '../../src/engine/backends/tensorflow/index.ts';
import type { Tf } from '../../src/engine/backends/tensorflow/library.ts';
import { pureLibrary } from '../../src/engine/backends/tensorflow/pure.ts';
import { initialWeights } from '../../src/engine/model/init.ts';
import { Random, Streams } from '../../src/engine/random.ts';
import { TrainingDevice } from '../../src/engine/train/device.ts';
import { configOf, works } from '../cpu/work.ts';

const { values } = parseArgs({
  options: {
    work: { type: 'string', default: 'quickstart' },
    seconds: { type: 'string', default: '10' },
    engines: { type: 'string', default: 'native,tensorflow,javascript' },
    threads: { type: 'string' },
    /** Of this process alone. */
    engine: { type: 'string' },
  },
});

/** Steps whose losses are compared; the first also warms up. */
const compared = 3;

async function open(engine: string): Promise<{ backend: Backend; tf: Tf | null }> {
  const threads = values.threads === undefined ? null : Number(values.threads);
  if (engine === 'javascript') {
    const library = await pureLibrary();
    return { backend: new TensorflowBackend(library), tf: library.tf };
  }
  if (engine !== 'native' && engine !== 'tensorflow' && engine !== 'reference')
    throw new Error(`no engine "${engine}": native, tensorflow, javascript or reference`);
  const { backend } = await openBackend(engine, { threads });
  return { backend, tf: engine === 'tensorflow' ? loadLibrary(threads).tf : null };
}

async function measure(engine: string, seconds: number) {
  const work = works.find(({ id }) => id === values.work);
  if (!work) throw new Error(`no work "${values.work}": ${works.map(({ id }) => id).join(', ')}`);
  const config = configOf(work, 'none');
  const { backend, tf } = await open(engine);
  const device = new TrainingDevice(backend, config);
  for (const { offset, data } of initialWeights(config.model, 1)) device.parameters.write(offset, data);
  const count = work.batch * config.model.blockSize;
  const step = async (at: number): Promise<{ loss: number; milliseconds: number }> => {
    const random = new Random(1, Streams.probe, at, 0);
    const ids = Int32Array.from({ length: count + 1 }, (_, i) =>
      Math.floor(random.uniform(i) * config.model.vocabSize),
    );
    const start = performance.now();
    device.microStep(at, 0, { tokens: ids.slice(0, count), targets: ids.slice(1) });
    device.update(at, 1e-3);
    const { loss } = await device.result(at);
    return { loss, milliseconds: performance.now() - start };
  };
  const losses: number[] = [];
  for (let at = 0; at < compared; at++) losses.push((await step(at)).loss);
  const held = () => (tf ? { tensors: tf.memory().numTensors, bytes: tf.memory().numBytes } : null);
  const resident = () => Math.round(process.memoryUsage().rss / 2 ** 20);
  const [before, residentBefore] = [held(), resident()];
  const times: number[] = [];
  const until = performance.now() + 1000 * seconds;
  while (times.length < 1 || performance.now() < until) times.push((await step(compared + times.length)).milliseconds);
  const [after, residentAfter] = [held(), resident()];
  const { family, device: processor, threads } = backend.info;
  times.sort((a, b) => a - b);
  const milliseconds = times[times.length >> 1];
  return {
    engine,
    family,
    device: processor,
    threads,
    steps: times.length,
    milliseconds,
    fastest: times[0],
    tokensPerSecond: Math.round((1000 * count) / milliseconds),
    losses,
    held: before && { before, after },
    residentMiB: [residentBefore, residentAfter],
  };
}

if (values.engine !== undefined) console.log(JSON.stringify(await measure(values.engine, Number(values.seconds))));
else {
  const results = [];
  for (const engine of values.engines.split(',')) {
    const args = ['--engine', engine, '--work', values.work, '--seconds', values.seconds];
    if (values.threads !== undefined) args.push('--threads', values.threads);
    const child = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
    });
    if (child.status !== 0) {
      console.log(`${engine}: left out: ${child.stderr.match(/^\s*\w*Error: (.*)$/m)?.[1] ?? child.stderr.trim()}`);
      continue;
    }
    const result = JSON.parse(child.stdout.trim().split('\n').at(-1)!);
    results.push(result);
    const { family, threads, milliseconds, fastest, steps, losses } = result;
    console.log(
      `${engine.padEnd(11)} ${milliseconds.toFixed(1)} ms a step (median of ${steps}, fastest ${fastest.toFixed(1)}), ` +
        `${family}, ${threads} threads, losses ${losses.map((loss: number) => loss.toFixed(6)).join(' ')}`,
    );
  }
  console.log(JSON.stringify({ work: values.work, results }));
}
