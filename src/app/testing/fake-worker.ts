/**
 * A worker without an engine, for tests of the application: speaks the protocol and leaves the files that a real one
 * would. How it misbehaves, MEANDER_FAKE_WORKER says.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DatasetMeta } from '../../shared/dataset.ts';
import type { Command, JobSpec, Report } from '../../shared/jobs.ts';

const misbehaviour = process.env.MEANDER_FAKE_WORKER ?? '';
const pipe = new Socket({ fd: 3, readable: true, writable: true });
const say = (report: Report): boolean => pipe.write(`${JSON.stringify(report)}\n`);
const end = (report: Report): void => {
  pipe.end(`${JSON.stringify(report)}\n`, () => process.exit(0));
};
let onCommand: (command: Command) => void = () => {};
let stopping = false;
let stop = (): void => process.exit(0);

createInterface({ input: pipe })
  .on('line', (line) => {
    const command = JSON.parse(line) as Command;
    if (command.type === 'start') work(command.job);
    else if (command.type === 'stop') stop();
    else onCommand(command);
  })
  // The application is gone, or closed its end: save and go.
  .on('close', () => stop());

if (misbehaviour === 'other version') pipe.write('{"type":"hello","version":99,"pid":1}\n');
else if (misbehaviour === 'no JSON') pipe.write('hello\n');
else if (misbehaviour !== 'silent') say({ type: 'hello', version: 1, pid: process.pid });

function work(job: JobSpec): void {
  if (misbehaviour === 'exit') {
    console.error('RangeError: out of luck');
    process.exit(3);
  } else if (misbehaviour === 'unknown message') pipe.write('{"type":"dance"}\n');
  else if (misbehaviour === 'failed')
    end({ type: 'failed', error: { code: 'too-bad', message: 'It is too bad.', next: 'Be better.' } });
  else if (job.kind === 'train') {
    const { backend, threads } = job.config.device;
    say({ type: 'device', backend, device: 'fake', family: 'fake', threads: threads ?? 0, why: 'it was asked for' });
    train(job.folder, job.config.steps);
  } else if (job.kind === 'prepare') prepare(job.folder, job.config);
  else if (job.kind === 'scan')
    end({
      type: 'done',
      result: {
        outcome: 'finished',
        report: { files: [], fileCount: job.sources.length, bytes: 0, skipped: [], skippedCount: 0 },
      },
    });
  else if (job.kind === 'probe') {
    const device = { backend: 'fake', device: 'cpu', family: 'none', threads: job.config.device.threads ?? 0, why: '' };
    say({ type: 'device', ...device });
    // A step takes as long as the model of the very configuration is wide.
    const probe = { secondsPerStep: job.config.model.width, secondsPerEvaluation: 2, tokensPerSecond: 1 };
    end({ type: 'done', result: { outcome: 'finished', probe } });
  } else if (job.kind === 'sample') {
    say({ type: 'text', of: job.weights.of, piece: 'from a checkpoint', done: true });
    end({ type: 'done', result: { outcome: 'finished', text: 'from a checkpoint' } });
  } else if (job.kind === 'average') {
    // Inputs called so are read until it is told to stop.
    stop = () => end({ type: 'done', result: { outcome: 'stopped' } });
    const rest = { phase: 'reading', unit: 'bytes', rate: null, secondsLeft: null, reason: null } as const;
    say({ type: 'progress', progress: { ...rest, done: 1, total: 2 } });
    if (job.inputs.some((input) => input.endsWith('slow'))) return;
    model(job.target, 'merge');
    end({ type: 'done', result: { outcome: 'finished', path: job.target } });
  } else if (job.kind === 'window') {
    if (job.target !== null) model(job.target, 'window');
    const measured = { loss: 1, perplexity: null, bitsPerByte: null, difference: 0, standardError: 0 } as const;
    const evaluations = [...job.beside, 'window'].map(
      (of) => ({ of, step: Math.max(...job.steps), ...measured, verdict: 'no difference' }) as const,
    );
    end({
      type: 'done',
      result: { outcome: 'finished', ...(job.target === null ? { evaluations } : { path: job.target }) },
    });
  } else if (job.kind === 'evaluate') {
    const measured = { loss: 1, perplexity: null, bitsPerByte: null, difference: -0.5, standardError: 0.1 } as const;
    const evaluations = job.weights.map(({ of }) => ({ of, step: 0, ...measured, verdict: 'better' }) as const);
    end({ type: 'done', result: { outcome: 'finished', evaluations } });
  } else if (job.kind === 'export') {
    model(job.target, job.weights.of);
    end({ type: 'done', result: { outcome: 'finished', path: job.target } });
  } else end({ type: 'failed', error: { code: 'not-faked', message: job.kind, next: '' } });
}

/** A model folder with nothing in it but where it comes from. */
function model(target: string, policy: string): void {
  mkdirSync(target, { recursive: true });
  const header = Buffer.from(JSON.stringify({ __metadata__: { source: 'meander', policy, step: '20' } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(join(target, 'model.safetensors'), Buffer.concat([length, header]));
  writeFileSync(join(target, 'config.json'), '{"torch_dtype":"float32"}');
}

/** A step every 5 ms, a checkpoint every 10 steps. */
function train(folder: string, steps: number): void {
  const checkpoints = join(folder, 'checkpoints');
  const newest = join(folder, 'newest');
  let step = existsSync(newest) ? Number(readFileSync(newest, 'utf8')) : 0;
  let paused = false;
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: null, host: hostname() }));
  const line = (line: Extract<Report, { type: 'metrics' }>['line']): void => {
    appendFileSync(join(folder, 'metrics.jsonl'), `${JSON.stringify(line)}\n`);
    say({ type: 'metrics', line });
  };
  const save = (): void => {
    const path = join(checkpoints, `step-${String(step).padStart(8, '0')}`);
    mkdirSync(path, { recursive: true });
    const trainer = '{"policies":{}}';
    writeFileSync(join(path, 'trainer.json'), trainer);
    writeFileSync(join(path, 'DONE'), JSON.stringify({ files: { 'trainer.json': { bytes: trainer.length } } }));
    writeFileSync(newest, String(step));
    line({ type: 'checkpoint', step, bytes: 0 });
  };
  const leave = (outcome: 'finished' | 'stopped'): void => {
    clearInterval(timer);
    save();
    rmSync(join(folder, 'lock'));
    end({ type: 'done', result: { outcome, step } });
  };
  const progress = (): void => {
    const phase = paused ? 'paused' : 'training';
    const rest = { unit: 'steps', rate: null, secondsLeft: null, reason: null } as const;
    say({ type: 'progress', progress: { phase, done: step, total: steps, ...rest } });
  };
  stop = () => {
    if (!stopping) leave('stopped');
    stopping = true;
  };
  onCommand = (command) => {
    if (command.type === 'pause' || command.type === 'resume') {
      paused = command.type === 'pause';
      progress();
    } else if (command.type === 'sample') {
      // A prompt called so is continued until it is told to stop.
      const pieces = command.options.prompt === 'endless' ? ['live '] : ['live ', command.options.prompt];
      for (const piece of pieces) say({ type: 'text', of: command.of, piece, done: piece !== 'live ' });
    } else if (command.type === 'stop-sample') say({ type: 'text', of: command.of ?? 'raw', piece: '', done: true });
  };
  if (step > 0) line({ type: 'resume', from: step, exact: true });
  const timer = setInterval(() => {
    if (paused || stopping) return;
    const numbers = { seconds: step, loss: 1 / (step + 1), gradientNorm: 1, learningRate: 1, tokensPerSecond: 1 };
    line({ type: 'train', step, ...numbers });
    step++;
    progress();
    if (step === steps) leave('finished');
    else if (step % 10 === 0) save();
  }, 5);
}

function prepare(folder: string, config: Extract<JobSpec, { kind: 'prepare' }>['config']): void {
  const journal = join(folder, 'preparing.json');
  // What an engine that would fail the same way again leaves: nothing.
  if (config.sources.some((source) => source.endsWith('short.txt'))) {
    end({ type: 'failed', error: { code: 'dataset-too-short', message: 'It is too short.', next: 'Add text.' } });
    return;
  }
  writeFileSync(journal, JSON.stringify({ config }));
  const finish = (): void => {
    const counts = { tokens: 4, documents: 1, bytes: 4 };
    const dataset: DatasetMeta = {
      schema: 1,
      name: config.name,
      tokenizer: { kind: 'bytes', vocabSize: 256, endOfText: null },
      dtype: 'uint16',
      fingerprint: 'f',
      sourceFingerprint: 's',
      split: null,
      train: { ...counts, files: [{ name: 'train.bin', tokens: 4 }] },
      val: { ...counts, files: [{ name: 'val.bin', tokens: 4 }] },
      report: null,
      createdAt: '2026-01-01T00:00:00.000Z',
    };
    for (const name of ['train.bin', 'val.bin']) writeFileSync(join(folder, name), Buffer.alloc(8));
    writeFileSync(join(folder, 'dataset.json'), JSON.stringify(dataset));
    rmSync(journal);
    end({ type: 'done', result: { outcome: 'finished', dataset } });
  };
  // Sources called so wait until they are told to stop.
  if (!config.sources.some((source) => source.endsWith('slow.txt'))) {
    finish();
    return;
  }
  stop = () => end({ type: 'done', result: { outcome: 'stopped' } });
  say({
    type: 'progress',
    progress: { phase: 'reading', done: 1, total: 2, unit: 'bytes', rate: 1, secondsLeft: 1, reason: null },
  });
}
