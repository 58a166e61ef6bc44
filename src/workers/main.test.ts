/** Real worker processes: started, spoken to, killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModelFolder, RunFolder } from '../engine/checkpoint/index.ts';
import { microConfig } from '../engine/train/fixture.ts';
import type { RunConfig } from '../shared/config.ts';
import { type DatasetMeta, prepareConfig } from '../shared/dataset.ts';
import { type Command, type JobResult, type JobSpec, protocolVersion, type Report, report } from '../shared/jobs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Workers run under Node 24, which reads TypeScript as it is. */
const node =
  Number.parseInt(process.versions.node, 10) >= 24
    ? process.execPath
    : join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');

class Worker {
  readonly reports: Report[] = [];
  readonly child: ChildProcess;
  readonly pipe: Duplex;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  log = '';

  constructor(watch: (report: Report, worker: Worker) => void = () => {}) {
    this.child = spawn(node, [join(root, 'src/workers/main.ts')], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) stream.on('data', (data) => (this.log += data));
    this.pipe = this.child.stdio[3] as Duplex;
    this.pipe.on('error', () => {});
    createInterface({ input: this.pipe }).on('line', (line) => {
      const message = report.parse(JSON.parse(line));
      this.reports.push(message);
      watch(message, this);
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => code ?? signal);
  }

  start(job: JobSpec): this {
    return this.send({ type: 'start', version: protocolVersion, job });
  }
  send(command: Command): this {
    this.pipe.write(`${JSON.stringify(command)}\n`);
    return this;
  }
  last(): Report {
    return this.reports.at(-1)!;
  }
}

/** Runs a job to its end. */
async function run(job: JobSpec, watch?: (report: Report, worker: Worker) => void): Promise<JobResult> {
  const worker = new Worker(watch).start(job);
  const code = await worker.ended;
  const last = worker.last();
  if (last.type !== 'done') throw new Error(`exit ${code}: ${JSON.stringify(last)}\n${worker.log}`);
  expect(code).toBe(0);
  return last.result;
}

let home: string;
let meta: DatasetMeta;
let config: RunConfig;
let folders = 0;
const newFolder = () => join(home, 'runs', `run-${folders++}`);

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'meander-worker-'));
  const text = Array.from({ length: 60 }, (_, i) => `Verse ${i}: the cat sat on the mat, ${i} times over.\n`);
  for (const [i, verse] of text.entries()) {
    await mkdir(join(home, 'texts'), { recursive: true });
    await writeFile(join(home, 'texts', `${i}.txt`), verse.repeat(3));
  }
  const result = await run({
    kind: 'prepare',
    folder: join(home, 'dataset'),
    config: prepareConfig.parse({
      name: 'verses',
      sources: [join(home, 'texts')],
      tokenizer: 'characters',
      split: { by: 'document', fraction: 0.2 },
    }),
  });
  meta = result.dataset!;
  const micro = microConfig({ checkpoints: { every: 3 } });
  config = {
    ...micro,
    dataset: join(home, 'dataset'),
    model: { ...micro.model, vocabSize: meta.tokenizer.vocabSize },
  };
});
afterAll(() => rm(home, { recursive: true, force: true }));

const train = (folder: string, overrides: Partial<RunConfig> = {}, resume = true): JobSpec => ({
  kind: 'train',
  folder,
  config: { ...config, ...overrides },
  resume,
});
async function bits(path: string): Promise<string> {
  const folder = await RunFolder.open(path);
  const checkpoint = await folder.openCheckpoint(null);
  const hash = createHash('sha256').update(String(checkpoint.step));
  for (const of of ['raw', 'lawa', 'ema', 'swa'])
    hash.update(new Uint8Array((await (await checkpoint.weights(of))(0, folder.table.elements)).buffer));
  await checkpoint.close();
  return hash.digest('hex');
}

describe('a training worker', () => {
  it('trains, says what it does, and ends with the same bits after any number of SIGKILLs', async () => {
    const whole = newFolder();
    const worker = new Worker().start(train(whole));
    expect(await worker.ended).toBe(0);
    expect(worker.reports[0]).toEqual({ type: 'hello', version: protocolVersion, pid: worker.child.pid });
    expect(worker.reports.find((r) => r.type === 'device')).toMatchObject({ why: expect.any(String) });
    expect(worker.last()).toMatchObject({ type: 'done', result: { outcome: 'finished', step: 24, path: whole } });
    const lines = worker.reports.filter((r) => r.type === 'metrics').map((r) => r.line);
    expect(lines.filter((line) => line.type === 'train')).toHaveLength(24);
    expect(lines).toEqual(await (await RunFolder.open(whole)).readMetrics());

    const killed = newFolder();
    const moments: ((r: Report) => boolean)[] = [
      (r) => r.type === 'metrics' && r.line.type === 'train' && r.line.step === 4,
      (r) => r.type === 'progress' && r.progress.phase === 'saving' && r.progress.done >= 9,
      (r) => r.type === 'progress' && r.progress.phase === 'evaluating' && r.progress.done === 12,
      (r) => r.type === 'metrics' && r.line.type === 'checkpoint' && r.line.step === 18,
      (r) => r.type === 'progress' && r.progress.phase === 'saving' && r.progress.done === 24,
    ];
    for (const moment of moments) {
      const victim = new Worker((r, w) => void (moment(r) && w.child.kill('SIGKILL'))).start(train(killed));
      expect(await victim.ended).toBe('SIGKILL');
    }
    await run(train(killed));
    expect(await bits(killed)).toBe(await bits(whole));
  });

  it.each([
    ['told to stop', (w: Worker) => void w.send({ type: 'stop' })],
    ['the pipe is closed', (w: Worker) => void w.pipe.end()],
    ['asked by SIGTERM', (w: Worker) => void w.child.kill('SIGTERM')],
    ['sent garbage', (w: Worker) => void w.pipe.write('}{\n')],
  ])('finishes its step, saves and exits when %s', async (how, act) => {
    const path = newFolder();
    const worker = new Worker((r, w) => {
      if (r.type === 'metrics' && r.line.type === 'train' && r.line.step === 7) act(w);
    }).start(train(path, { steps: 100_000 }));
    expect(await worker.ended).toBe(how === 'sent garbage' ? 1 : 0);
    const [checkpoint] = (await (await RunFolder.open(path)).checkpoints()).slice(-1);
    expect(checkpoint.step).toBeGreaterThanOrEqual(8);
    if (how === 'sent garbage') expect(worker.last()).toMatchObject({ type: 'failed', error: { code: 'protocol' } });
    else expect(worker.last()).toMatchObject({ type: 'done', result: { outcome: 'stopped', step: checkpoint.step } });
    expect(await readdir(path)).not.toContain('lock');
  });

  it('pauses, draws a sample meanwhile, and goes on', async () => {
    const options = { prompt: 'Verse', tokens: 20, temperature: 0, topK: 0, topP: 1, seed: 1 };
    let paused = false;
    const reports: Report[] = [];
    const path = newFolder();
    await run(train(path), (r, worker) => {
      reports.push(r);
      if (r.type === 'metrics' && r.line.type === 'train' && r.line.step === 12) worker.send({ type: 'pause' });
      if (r.type === 'progress' && r.progress.phase === 'paused' && !paused) {
        paused = true;
        worker.send({ type: 'sample', of: 'lawa', options }).send({ type: 'sample', of: 'nobody', options });
      }
      if (r.type === 'text' && r.of === 'nobody' && r.done) worker.send({ type: 'resume' });
    });
    expect(paused).toBe(true);
    const pieces = reports
      .filter((r) => r.type === 'text' && r.of === 'lawa')
      .map((r) => (r as { piece: string }).piece);
    expect(pieces.join('')).toHaveLength(20);
    const lines = await (await RunFolder.open(path)).readMetrics();
    expect(lines.find((line) => line.type === 'sample')).toMatchObject({ of: 'lawa', text: pieces.join('') });
    expect(lines.find((line) => line.type === 'note')).toMatchObject({ text: expect.stringContaining('"nobody"') });
  });

  it('ends a sample between two tokens when asked, paused or not, and trains on', async () => {
    const options = { prompt: 'Verse', tokens: 4096, temperature: 0.8, topK: 0, topP: 1, seed: 1 };
    const path = newFolder();
    let asked = 0;
    const texts: string[] = [];
    await run(train(path), (r, worker) => {
      if (r.type === 'metrics' && r.line.type === 'train' && r.line.step === 6)
        worker.send({ type: 'sample', of: 'raw', options });
      if (r.type === 'text' && !r.done) {
        texts[asked] = (texts[asked] ?? '') + r.piece;
        // The second one is held by a pause first.
        if (asked === 1 && texts[1].length === 3) worker.send({ type: 'pause' });
        if (texts[asked].length === 5) worker.send({ type: 'stop-sample' });
      }
      if (r.type === 'progress' && r.progress.phase === 'paused' && asked === 1) worker.send({ type: 'stop-sample' });
      if (r.type === 'text' && r.done) {
        asked++;
        worker.send(asked === 1 ? { type: 'sample', of: 'raw', options } : { type: 'resume' });
      }
    });
    expect(asked).toBe(2);
    for (const text of texts) expect(text.length).toBeLessThan(4000);
    const lines = await (await RunFolder.open(path)).readMetrics();
    expect(lines.filter((line) => line.type === 'sample').map(({ text }) => text)).toEqual(texts);
    expect(lines.filter((line) => line.type === 'train').at(-1)).toMatchObject({ step: 23 });
  });

  it('fails with a code, a reason and a next step, and leaves nothing behind', async () => {
    const path = newFolder();
    const model = { ...config.model, blockSize: 1 << 20 };
    const worker = new Worker().start(train(path, { model }));
    expect(await worker.ended).toBe(1);
    expect(worker.last()).toMatchObject({
      type: 'failed',
      error: { code: 'dataset-too-short', next: expect.any(String) },
    });
    await expect(readdir(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('leaves nothing behind where the model to begin with cannot be read', async () => {
    const path = newFolder();
    const worker = new Worker().start(train(path, { init: { from: 'model', path: join(home, 'texts') } }, false));
    expect(await worker.ended).toBe(1);
    expect(worker.last()).toMatchObject({ type: 'failed', error: { code: 'model-missing' } });
    await expect(readdir(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('does not train over a run that is there, nor beside another worker', async () => {
    const path = newFolder();
    const first = new Worker((r, w) => {
      if (r.type === 'metrics' && r.line.type === 'train' && r.line.step === 3) w.send({ type: 'pause' });
    }).start(train(path));
    while (!first.reports.some((r) => r.type === 'progress' && r.progress.phase === 'paused'))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const second = new Worker().start(train(path));
    expect(await second.ended).toBe(1);
    expect(second.last()).toMatchObject({ type: 'failed', error: { code: 'run-in-use' } });
    first.send({ type: 'stop' });
    expect(await first.ended).toBe(0);
    const fresh = new Worker().start(train(path, {}, false));
    expect(await fresh.ended).toBe(1);
    expect(fresh.last()).toMatchObject({ type: 'failed', error: { code: 'run-exists' } });
  });
});

describe('the other jobs', () => {
  let path: string;
  beforeAll(async () => {
    path = newFolder();
    await run(train(path));
  });

  it('exports an average that is the average, in each format', async () => {
    const folder = await RunFolder.open(path);
    const checkpoint = await folder.openCheckpoint(24);
    const expected = await (await checkpoint.weights('lawa'))(0, folder.table.elements);
    for (const format of ['float32', 'float16', 'bfloat16'] as const) {
      const target = join(path, 'exports', format);
      const weights = { run: config.name, step: null, of: 'lawa' };
      const ref = { ...weights, run: '' };
      expect(await run({ kind: 'export', folder: path, weights: ref, format, target })).toMatchObject({
        step: 24,
        path: target,
      });
      const saved = await openModelFolder(target);
      expect(saved.metadata).toMatchObject({ run: config.name, step: '24', policy: 'lawa' });
      const wte = await saved.read('transformer.wte.weight');
      const tolerance = { float32: 0, float16: 2 ** -11, bfloat16: 2 ** -8 }[format];
      for (let i = 0; i < wte.length; i++)
        expect(Math.abs(wte[i] - expected[i])).toBeLessThanOrEqual(tolerance * Math.abs(expected[i]) + 2 ** -25);
      await saved.close();
    }
    await checkpoint.close();
  });

  it('exports and merges as nanoGPT does', async () => {
    const weights = { run: '', step: null, of: 'lawa' };
    const target = join(path, 'exports', 'lawa.pt');
    const result = await run({ kind: 'export', folder: path, weights, format: 'float32', layout: 'nanogpt', target });
    expect(result).toMatchObject({ step: 24, path: target });
    const mean = newFolder();
    await run({ kind: 'average', inputs: [target, target], target: mean, format: 'float32' });
    const folder = await RunFolder.open(path);
    const checkpoint = await folder.openCheckpoint(24);
    const saved = await openModelFolder(mean);
    const read = await checkpoint.weights('lawa');
    for (const { name, offset } of folder.table.entries) {
      const found = await saved.read(name);
      expect(found, name).toEqual(await read(offset, found.length));
    }
    await saved.close();
    await checkpoint.close();
  });

  it('compares weights on the same blocks, with what the run itself measured', async () => {
    const ref = (of: string) => ({ run: '', step: null, of });
    const { evaluations } = await run({
      kind: 'evaluate',
      folder: path,
      weights: ['raw', 'lawa', 'ema'].map(ref),
      blocks: 8,
    });
    const lines = await (await RunFolder.open(path)).readMetrics();
    const measured = lines.filter((line) => line.type === 'evaluation').at(-1)!;
    expect(evaluations![0]).toMatchObject({ of: 'raw', step: 24, difference: 0, verdict: 'no difference' });
    expect(evaluations![0].loss).toBeCloseTo(measured.raw!, 5);
    expect(evaluations![1].difference).toBeCloseTo(measured.averages.lawa.difference!, 5);
    expect(evaluations![2].bitsPerByte).toBeGreaterThan(0);
    const [even, odd] = evaluations![1].halves!;
    expect((even.difference + odd.difference) / 2).toBeCloseTo(evaluations![1].difference, 10);
  });

  it('draws the same text for the same seed', async () => {
    const options = { prompt: 'the ', tokens: 30, temperature: 0.8, topK: 0, topP: 1, seed: 3 };
    const job: JobSpec = { kind: 'sample', folder: path, weights: { run: '', step: 24, of: 'swa' }, options };
    const first = await run(job);
    expect(first.text).toHaveLength(30);
    expect(await run(job)).toEqual(first);
  });

  it('ends a sample early when it is stopped, with the text so far', async () => {
    const options = { prompt: 'the ', tokens: 4096, temperature: 0.8, topK: 0, topP: 1, seed: 3 };
    const job: JobSpec = { kind: 'sample', folder: path, weights: { run: '', step: 24, of: 'raw' }, options };
    const { outcome, text } = await run(job, (r, worker) => {
      if (r.type === 'text' && !r.done) worker.send({ type: 'stop' });
    });
    expect(outcome).toBe('stopped');
    expect(text?.length).toBeGreaterThan(0);
    expect(text?.length).toBeLessThan(4000);
  });

  it('scans, previews and probes', async () => {
    const { report: found } = await run({ kind: 'scan', sources: [join(home, 'texts')] });
    expect(found).toMatchObject({ fileCount: 60 });
    const { seed, sampling, mix } = config;
    const shown = { blockSize: 16, rows: 2, seed, sampling, mix };
    const { preview } = await run({ kind: 'preview', dataset: join(home, 'dataset'), ...shown });
    expect(preview!.rows.map((row) => row.pieces.join('').length)).toEqual([16, 16]);
    const { probe } = await run({ kind: 'probe', config, seconds: 0.3 });
    expect(probe!.tokensPerSecond).toBeGreaterThan(0);
  });

  it('means model folders', async () => {
    const inputs = [21, 24].map((step) => join(path, 'checkpoints', `step-000000${step}`));
    const target = join(home, 'mean');
    expect(await run({ kind: 'average', inputs, target, format: 'float32' })).toMatchObject({ path: target });
    const read = async (folder: string) => {
      const model = await openModelFolder(folder);
      const data = await model.read('transformer.wpe.weight');
      await model.close();
      return data;
    };
    const [a, b, mean] = await Promise.all([...inputs, target].map(read));
    expect(mean).toEqual(mean.map((_, i) => Math.fround(a[i] + b[i]) / 2));
  });

  it('measure a map of windows, and choose on one half of the blocks', async () => {
    const steps = (await RunFolder.open(path).then((folder) => folder.checkpoints())).map(({ step }) => step);
    const windows = [
      { of: 'last', steps: steps.slice(-2) },
      { of: 'all', steps },
    ];
    const job = { kind: 'map' as const, folder: path, step: 24, beside: ['lawa', 'ema'], widths: [], blocks: 8 };
    const { evaluations, choice } = await run({ ...job, windows });
    expect(evaluations!.map(({ of }) => of)).toEqual(['raw', 'lawa', 'ema', 'last', 'all']);
    const beside = ['raw'];
    const alone = { kind: 'window', folder: path, blocks: 8, format: 'float32', target: null } as const;
    expect(evaluations![4].loss).toBe((await run({ ...alone, steps, beside })).evaluations![1].loss);
    const best = evaluations!.slice(3).sort((a, b) => a.halves![0].difference - b.halves![0].difference)[0];
    expect(choice).toMatchObject({ of: best.of, among: 2 });
    expect(choice!.against.map(({ of }) => of)).toEqual(['raw', 'lawa', 'ema']);
    expect(choice!.against[0]).toMatchObject(best.halves![1]);
  });

  it('measure a mean of chosen steps before it is written, write it, and read it again', async () => {
    const steps = (await RunFolder.open(path).then((folder) => folder.checkpoints())).map(({ step }) => step);
    expect(steps.length).toBeGreaterThan(1);
    const beside = ['raw', 'lawa'];
    const ask = { kind: 'window', folder: path, steps, beside, blocks: 8, format: 'float32' } as const;
    const { evaluations } = await run({ ...ask, target: null });
    expect(evaluations!.map(({ of }) => of)).toEqual(['raw', 'lawa', 'window']);
    expect(evaluations![0]).toMatchObject({ step: 24, difference: 0 });
    expect(evaluations![2].difference).toBeCloseTo(evaluations![2].loss - evaluations![0].loss, 9);

    const target = join(path, 'averages', 'window', 'step-00000024');
    const { check } = await run({ ...ask, target });
    expect(check!.loss).toEqual({ source: evaluations![2].loss, written: evaluations![2].loss, blocks: 8 });
    const bytes = await readFile(join(target, 'model.safetensors'));
    expect(check).toMatchObject({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    // The same bits as a merge of those checkpoints.
    const inputs = steps.map((step) => join(path, 'checkpoints', `step-${String(step).padStart(8, '0')}`));
    const merged = newFolder();
    await run({ kind: 'average', inputs, target: merged, format: 'float32' });
    const [a, b] = await Promise.all([target, merged].map((folder) => openModelFolder(folder)));
    for (const { name } of (await RunFolder.open(path)).table.entries)
      expect(await a.read(name), name).toEqual(await b.read(name));
    await Promise.all([a.close(), b.close()]);

    const options = { prompt: 'the ', tokens: 20, temperature: 0.8, topK: 0, topP: 1, seed: 3 };
    const ours = await run({ kind: 'sample-model', path: target, options });
    expect(ours.text).toHaveLength(20);
    expect((await run({ kind: 'sample-model', path: merged, options })).text).toBe(ours.text);

    const half = join(path, 'exports', 'half');
    const weights = { run: '', step: null, of: 'lawa' };
    const exported = await run({ kind: 'export', folder: path, weights, format: 'float16', target: half, blocks: 8 });
    expect(exported.check!.loss!.source).toBe(evaluations![1].loss);
    expect(Math.abs(exported.check!.loss!.written - evaluations![1].loss)).toBeLessThan(1e-3);

    const gone = { ...ask, steps: [...steps, 23], target: null };
    const worker = new Worker().start(gone);
    expect(await worker.ended).toBe(1);
    expect(worker.last()).toMatchObject({ type: 'failed', error: { code: 'snapshot-missing' } });
  });

  it('keep what is in the way of their output', async () => {
    const target = join(home, 'texts');
    const before = await readdir(target);
    const inputs = [21, 24].map((step) => join(path, 'checkpoints', `step-000000${step}`));
    const weights = { run: '', step: null, of: 'raw' };
    const jobs: JobSpec[] = [
      { kind: 'export', folder: path, weights, format: 'float32', layout: 'huggingface', target },
      { kind: 'average', inputs, target, format: 'float32' },
    ];
    for (const job of jobs) {
      const worker = new Worker().start(job);
      expect(await worker.ended).toBe(1);
      expect(worker.last()).toMatchObject({ type: 'failed', error: { code: 'target-exists' } });
    }
    expect(await readdir(target)).toEqual(before);
  });

  it('draw samples and export where the dataset is gone', async () => {
    const copy = newFolder();
    await cp(path, copy, { recursive: true });
    const file = join(copy, 'run.json');
    const made = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...made, config: { ...made.config, dataset: join(home, 'gone') } }));
    const weights = { run: '', step: null, of: 'lawa' };
    const options = { prompt: 'the ', tokens: 10, temperature: 0.8, topK: 0, topP: 1, seed: 3 };
    expect((await run({ kind: 'sample', folder: copy, weights, options })).text).toHaveLength(10);
    const target = join(copy, 'exports', 'lawa');
    const exportJob = {
      kind: 'export',
      folder: copy,
      weights,
      format: 'float32',
      layout: 'huggingface',
      target,
    } as const;
    await run(exportJob);
    const tokenizer = (folder: string) => readFile(join(folder, 'tokenizer.json'), 'utf8');
    expect(await tokenizer(target)).toBe(await tokenizer(join(home, 'dataset')));
  });

  it('hand on no weights that have changed on the disk', async () => {
    const copy = newFolder();
    await cp(path, copy, { recursive: true });
    const file = join(copy, 'checkpoints', 'step-00000024', 'model.safetensors');
    const bytes = await readFile(file);
    // All bits set: NaN in every float32.
    await writeFile(file, bytes.fill(0xff, bytes.length / 2));
    const weights = { run: '', step: null, of: 'raw' };
    const target = join(copy, 'exports', 'raw');
    const jobs: [JobSpec, string][] = [
      [
        { kind: 'export', folder: copy, weights, format: 'float32', layout: 'huggingface', target },
        'checkpoint-damaged',
      ],
      [{ kind: 'evaluate', folder: copy, weights: [weights], blocks: 2 }, 'loss-not-finite'],
    ];
    for (const [job, code] of jobs) {
      const worker = new Worker().start(job);
      expect(await worker.ended).toBe(1);
      expect(worker.last()).toMatchObject({ type: 'failed', error: { code } });
    }
    expect(await readdir(join(copy, 'exports')).catch(() => [])).not.toContain('raw');
  });

  it('name what cannot be had', async () => {
    const worker = new Worker().start({
      kind: 'export',
      folder: path,
      weights: { run: '', step: 24, of: 'nobody' },
      format: 'float32',
      target: join(home, 'none'),
    });
    expect(await worker.ended).toBe(1);
    expect(worker.last()).toMatchObject({ type: 'failed', error: { code: 'average-missing' } });
  });
});

describe('a worker without a pipe', () => {
  it('says how it is started', async () => {
    const child = spawn(node, [join(root, 'src/workers/main.ts')], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr!.on('data', (data) => (log += data));
    const [code] = await once(child, 'close');
    expect(code).toBe(1);
    expect(log).toContain('started by the application');
  });
});
