/** Metrics of a run that never was: a loss that falls with noise and spikes, and averages below it. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { RunConfig } from '../../src/shared/config.ts';
import type { AverageEvaluation, MetricsLine } from '../../src/shared/metrics.ts';
import { presetConfig } from '../../src/shared/presets.ts';

const secondsPerStep = 0.0278;
const losses = (step: number, steps: number): number => 1.5 + 3 * Math.exp((-8 * step) / steps);
/** Noise in [0, 1) that is the same every time. */
const noise = (step: number): number => ((Math.imul(step + 1, 2654435761) >>> 8) & 0xffff) / 0x10000;

export function trainAt(step: number, steps: number): MetricsLine {
  const spike = step % 49_999 === 0 ? 2 : 0;
  return {
    type: 'train',
    step,
    seconds: step * secondsPerStep + noise(step) / 1000,
    loss: Math.fround(losses(step, steps) + 0.3 * noise(step) + spike),
    gradientNorm: Math.fround(0.5 + 0.4 * noise(3 * step)),
    learningRate: 3e-3 * (1 + Math.cos((Math.PI * step) / steps)),
    tokensPerSecond: 27_000 + 900 * noise(7 * step),
  };
}

export function evaluationAt(step: number, steps: number): MetricsLine {
  const raw = losses(step, steps) + 0.15;
  const average = (gain: number): AverageEvaluation => ({
    loss: raw - gain,
    difference: -gain,
    standardError: 0.002,
    count: 5,
    full: step > steps / 50,
  });
  return {
    type: 'evaluation',
    step,
    seconds: step * secondsPerStep,
    raw,
    rawStandardError: 0.01,
    blocks: 512,
    averages: step === 0 ? {} : { lawa: average(0.09), ema: average(0.08), swa: average(0.05) },
    took: 1,
  };
}

function configOf(home: string, name: string, steps: number): RunConfig {
  const dataset = { folder: join(home, 'datasets/text'), tokenizer: { vocabSize: 96 } };
  return { ...presetConfig('quickstart', { name, dataset }), steps };
}

/** Writes a run's folder; with `logged`, the metrics of a run that made all its steps and an evaluation every 5,000. */
export function writeRun(home: string, name: string, steps: number, logged: boolean): void {
  const folder = join(home, 'runs', name);
  mkdirSync(folder, { recursive: true });
  const config = configOf(home, name, steps);
  const file = { schema: 1, config, datasetFingerprint: null, appVersion: '', createdAt: new Date().toISOString() };
  writeFileSync(join(folder, 'run.json'), JSON.stringify(file));
  if (!logged) return;
  const metrics = openSync(join(folder, 'metrics.jsonl'), 'w');
  let text = '';
  const add = (line: MetricsLine): void => {
    text += `${JSON.stringify(line)}\n`;
    if (text.length < 1 << 20) return;
    writeSync(metrics, text);
    text = '';
  };
  for (let step = 0; step <= steps; step++) {
    if (step % 5000 === 0) add(evaluationAt(step, steps));
    if (step > 0 && step % 50_000 === 0) add({ type: 'checkpoint', step, bytes: 9e6 });
    if (step % 500 === 0) {
      const load = { load: 0.9, workerLoad: 0.8, memory: 3e8 + 1e6 * noise(step), freeDisk: 5e10, temperature: null };
      add({ type: 'system', step, seconds: step * secondsPerStep, ...load });
    }
    if (step < steps) add(trainAt(step, steps));
  }
  writeSync(metrics, text);
  closeSync(metrics);
}

/** A dataset as a preparation leaves it, as far as the application looks. */
export function writeDataset(home: string): void {
  const folder = join(home, 'datasets/text');
  mkdirSync(folder, { recursive: true });
  const counts = { tokens: 4, documents: 1, bytes: 4 };
  for (const name of ['train.bin', 'val.bin']) writeFileSync(join(folder, name), new Uint8Array(8));
  writeFileSync(
    join(folder, 'dataset.json'),
    JSON.stringify({
      schema: 1,
      name: 'text',
      tokenizer: { kind: 'bytes', vocabSize: 256, endOfText: null },
      dtype: 'uint16',
      fingerprint: 'f',
      sourceFingerprint: 's',
      split: null,
      train: { ...counts, files: [{ name: 'train.bin', tokens: 4 }] },
      val: { ...counts, files: [{ name: 'val.bin', tokens: 4 }] },
      report: null,
      createdAt: '2026-01-01T00:00:00.000Z',
    }),
  );
}
