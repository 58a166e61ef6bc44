/** What this machine can do. */
import type { Backend } from '../../engine/backends/backend.ts';
import { nativeStatus } from '../../engine/backends/native/index.ts';
import { openBackend } from '../../engine/backends/select.ts';
import { probe } from '../../engine/train/index.ts';
import { type RunConfig, runConfig } from '../../shared/config.ts';
import type { DoctorResult, JobResult, JobSpec } from '../../shared/jobs.ts';

export async function runDoctorJob(job: Extract<JobSpec, { kind: 'doctor' }>): Promise<JobResult> {
  const backends: DoctorResult['backends'] = [];
  for (const name of ['native', 'reference'] as const) {
    const missing = name === 'native' && !nativeStatus().available ? nativeStatus().reason : null;
    if (missing !== null) {
      const absent = { device: null, family: null, threads: null, gflops: null };
      backends.push({ name, works: false, text: missing, ...absent });
      continue;
    }
    const { backend } = await openBackend(name, {});
    try {
      const { device, family, threads } = backend.info;
      const gflops = await measure(backend, job.seconds);
      const text = name === 'native' ? 'compiled for this machine' : 'portable, for tests and as a last resort';
      backends.push({ name, works: true, text, device, family, threads, gflops });
    } finally {
      await backend.close();
    }
  }
  const { backend, why } = await openBackend('auto', {});
  const auto = backend.info.name;
  await backend.close();
  return { outcome: 'finished', doctor: { backends, auto, why } };
}

/** Floating-point operations of a training step, 6 × matrix weights × tokens, per second / 10⁹ (docs/conventions.md). */
async function measure(backend: Backend, seconds: number): Promise<number> {
  // The reference engine is hundreds of times slower: a step of its shape takes as long as one of native's.
  const config = backend.info.name === 'reference' ? shape(1, 1, 32) : shape(4, 4, 128);
  const { secondsPerStep } = await probe(backend, config, seconds);
  const { layers, width, vocabSize, blockSize } = config.model;
  const matrix = 12 * layers * width ** 2 + vocabSize * width;
  return (6 * matrix * config.batch.microBatch * blockSize) / secondsPerStep / 1e9;
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
