/** What this machine can do. */
import type { Backend, BackendName } from '../../engine/backends/backend.ts';

import { NativeBackend, nativeStatus } from '../../engine/backends/native/index.ts';

import { openBackend } from '../../engine/backends/select.ts';
import { tensorflowStatus } from '../../engine/backends/tensorflow/index.ts';
import { type AdapterReport, listAdapters } from '../../engine/backends/webgpu/index.ts';
import { UserError } from '../../engine/errors.ts';
import { probe } from '../../engine/train/index.ts';
import { type Precision, type RunConfig, runConfig } from '../../shared/config.ts';
import type { DoctorResult, JobResult, JobSpec } from '../../shared/jobs.ts';

/** Reading memory takes half a gigabyte for a moment, so short looks at the machine leave it out. */
const secondsForMemory = 0.5;
/** Share of an engine's time that goes to its peak. */
const peakShare = 0.3;

export async function runDoctorJob(job: Extract<JobSpec, { kind: 'doctor' }>): Promise<JobResult> {
  const backends: DoctorResult['backends'] = [];
  let bandwidth: number | null = null;
  /** Seconds per step in float32. */
  const steps = new Map<BackendName, number>();
  const { adapters, reason: noAdapter } = await listAdapters();
  for (const [name, precision] of engines()) {
    const { reason, problem } = name === 'webgpu' ? { reason: noAdapter, problem: undefined } : stateOf(name);
    if (reason !== null) {
      const absent = { device: null, family: null, threads: null, gflops: null, peak: null };
      backends.push({ name, works: false, text: reason, problem, ...absent });
      continue;
    }
    // What stands in for a card works, but measuring it would take minutes.
    if (name === 'webgpu' && adapters[0].software) {
      const unmeasured = { device: adapters[0].name, family: softwareText, threads: null, gflops: null, peak: null };
      backends.push({ name, works: true, text: softwareText, ...unmeasured });
      continue;
    }
    const opened = await openBackend(name, { precision }).catch((error: unknown) => {
      if (name === 'webgpu' && error instanceof UserError) return error;
      throw error;
    });
    if (opened instanceof UserError) {
      const absent = { device: adapters[0].name, family: null, threads: null, gflops: null, peak: null };
      backends.push({ name, works: false, text: opened.message, problem: opened.message, ...absent });
      continue;
    }
    const { backend } = opened;
    try {
      const { device, family, threads } = backend.info;
      const native = backend instanceof NativeBackend ? backend : null;
      const peak = native && (await native.peak((peakShare * job.seconds) / 3)) / 1e9;
      const { gflops, secondsPerStep } = await measure(backend, (1 - peakShare) * job.seconds);
      if (precision === 'float32') steps.set(name, secondsPerStep);
      if (native && bandwidth === null && job.seconds >= secondsForMemory) bandwidth = (await native.bandwidth()) / 1e9;
      backends.push({ name, works: true, text: texts[name], problem, device, family, threads, gflops, peak });
    } finally {
      await backend.close();
    }
  }
  const { backend, why } = await openBackend(
    'auto',
    {},
    { of: 'a step of a small model', seconds: async ({ info }) => steps.get(info.name) ?? Number.POSITIVE_INFINITY },
  );
  const auto = backend.info.name;
  await backend.close();
  return { outcome: 'finished', doctor: { backends, adapters: adapters.map(listed), bandwidth, auto, why } };
}

function listed({ name, driver, software, features, bufferBytes, bindingBytes, lacks }: AdapterReport) {
  return { name, driver, software, features: [...features], bufferBytes, bindingBytes, lacks: [...lacks] };
}

/** Native in each precision that this processor has, a graphics card, TensorFlow, and reference. */
function engines(): [BackendName, Precision][] {
  const mixed: [BackendName, Precision][] =
    nativeStatus('mixed').mixed && !nativeStatus('float32').mixed ? [['native', 'mixed']] : [];
  return [['native', 'float32'], ...mixed, ['webgpu', 'float32'], ['tensorflow', 'float32'], ['reference', 'float32']];
}

const softwareText = 'computes on the processor: for trying this engine out, far slower than native';

const texts: Readonly<Record<BackendName, string>> = {
  native: 'compiled for this machine',
  webgpu: 'on the graphics card, through its driver alone',
  tensorflow: 'optional, on a TensorFlow library of yours',
  reference: 'portable, for tests and as a last resort',
};

/** Why an engine does not work, null where it does; and what could be mended about it. */
function stateOf(name: BackendName): { reason: string | null; problem?: string } {
  if (name === 'reference') return { reason: null };
  if (name === 'native') {
    const { reason } = nativeStatus();
    return { reason, problem: reason ?? undefined };
  }
  const { installed, reason, note } = tensorflowStatus();
  return { reason, problem: (installed ? reason : null) ?? note ?? undefined };
}

/** gflops: floating-point operations of a step, 6 × matrix weights × tokens, per second / 10⁹ (docs/conventions.md). */
async function measure(backend: Backend, seconds: number): Promise<{ gflops: number; secondsPerStep: number }> {
  // The reference engine is hundreds of times slower: a step of its shape takes as long as one of native's.
  const config = backend.info.name === 'reference' ? shape(1, 1, 32) : shape(4, 4, 128);
  const { secondsPerStep } = await probe(backend, config, seconds);
  const { layers, width, vocabSize, blockSize } = config.model;
  const matrix = 12 * layers * width ** 2 + vocabSize * width;
  return { gflops: (6 * matrix * config.batch.microBatch * blockSize) / secondsPerStep / 1e9, secondsPerStep };
}

function shape(layers: number, microBatch: number, blockSize: number): RunConfig {
  return runConfig.parse({
    name: 'probe',
    dataset: 'none',
    steps: 1,
    model: { layers, heads: 4, width: 256, blockSize, vocabSize: 256 },
    batch: { microBatch },
    schedule: { kind: 'constant', peak: 0 },
    evaluation: { every: 1, blocks: microBatch },
    checkpoints: { every: 0 },
  });
}
