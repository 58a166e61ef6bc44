/** Examines this machine and this installation: one report for the page and for `meander doctor`. */
import { arch, availableParallelism, cpus, freemem, release } from 'node:os';
import type { DoctorReport } from '../shared/doctor.ts';
import { UserError } from '../shared/errors.ts';
import { formatBytes } from '../shared/files.ts';
import type { JobResult, JobSpec } from '../shared/jobs.ts';
import { checkHome } from './home/check.ts';
import type { Parts } from './locate.ts';
import { nodeVersion, totalMemory } from './machine.ts';
import { sampleCorpus } from './sample-corpus.ts';

/** Bytes below which the first checkpoints may fail. */
const littleDisk = 2e9;
/** Bytes below which even small models swap. */
const littleMemory = 2e9;

export interface DoctorOptions {
  readonly parts: Parts;
  readonly home: string;
  /** Seconds of measuring per engine. */
  readonly seconds: number;
  readonly errand: (spec: JobSpec) => Promise<JobResult>;
}

/** @throws UserError when no worker can be started */
export async function diagnose({ parts, home, seconds, errand }: DoctorOptions): Promise<DoctorReport> {
  const [node, { doctor }, folder] = await Promise.all([
    nodeVersion(parts),
    errand({ kind: 'doctor', seconds }),
    checkHome(home, false),
  ]);
  if (!doctor) throw new UserError('no-result', 'The examination ended without a result.', 'Run it again.');
  const memory = totalMemory();
  const problems: DoctorReport['problems'] = [];
  const native = doctor.backends.find(({ name }) => name === 'native');
  if (native && !native.works)
    problems.push({
      what: `The native engine does not work, so training is slow: ${native.text}`,
      next:
        parts.case === 'packaged'
          ? 'Install Meander again; the package for this processor brings it along.'
          : 'Install a C++ compiler (g++, clang or Visual Studio), then run npm run install in the folder of Meander.',
    });
  const card = doctor.backends.find(({ name }) => name === 'webgpu');
  if (card?.problem !== undefined)
    problems.push({
      what: `The graphics card cannot be used: ${card.problem}`,
      next: "Update the card's driver, or let runs use another engine. docs/gpu.md says what is needed per system.",
    });
  const tensorflow = doctor.backends.find(({ name }) => name === 'tensorflow');
  if (tensorflow?.problem !== undefined)
    problems.push({
      what: tensorflow.works ? tensorflow.problem : `TensorFlow does not load: ${tensorflow.problem}`,
      next: tensorflow.works
        ? 'Put these libraries where the system finds them (LD_LIBRARY_PATH), or build the binding against a TensorFlow that fits your CUDA: scripts/build-tfjs-binding.mjs. docs/tensorflow.md says how.'
        : 'Mend it as docs/tensorflow.md says, or take the folder out of Settings: the other engines need none of it.',
    });
  if (folder.problem) problems.push({ what: folder.problem.message, next: folder.problem.next });
  if (folder.free !== null && folder.free < littleDisk)
    problems.push({
      what: `Only ${formatBytes(folder.free)} are free where the data lies.`,
      next: 'Make space there, or move the data folder in Settings.',
    });
  if (memory < littleMemory)
    problems.push({
      what: `This machine has ${formatBytes(memory)} of memory.`,
      next: 'Train small models only; New run says what fits.',
    });
  try {
    sampleCorpus(parts);
  } catch (error) {
    if (error instanceof UserError) problems.push({ what: error.message, next: error.next });
    else throw error;
  }
  const [first] = cpus();
  return {
    ...doctor,
    version: parts.version,
    kind: parts.case,
    node,
    platform: process.platform,
    arch: arch(),
    release: release(),
    processor: first?.model.trim() || 'unknown',
    processors: availableParallelism(),
    memory,
    freeMemory: freemem(),
    home,
    freeDisk: folder.free,
    addon: parts.addon,
    problems,
  };
}
