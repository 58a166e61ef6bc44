/** What this machine has and can do, for the pages that say what fits. */
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { arch, cpus, homedir, hostname, platform, release, totalmem, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { JobResult, JobSpec } from '../shared/jobs.ts';
import type { Private } from './diagnostics.ts';
import type { Parts } from './locate.ts';

/** Whether an optional engine works; what it is, or why not. */
interface State {
  works: boolean;
  text: string;
}

/** Version of the workers' Node, the native engine's kernel family where it works, and whether the optional ones do. */
export async function describeMachine(
  parts: Parts,
  errand: (spec: JobSpec) => Promise<JobResult>,
): Promise<{ node: string; native: string | null; tensorflow: State; webgpu: State }> {
  const { doctor } = await errand({ kind: 'doctor', seconds: 0.05 }).catch(() => ({ doctor: undefined }));
  const native = doctor?.backends.find((backend) => backend.name === 'native' && backend.works);
  const stateOf = (name: string): State => {
    const found = doctor?.backends.find((backend) => backend.name === name);
    const words = name === 'webgpu' ? [found?.device, found?.text].filter(Boolean).join(', ') : found?.family;
    return { works: found?.works ?? false, text: (found?.works ? words : found?.text) ?? 'it could not be examined' };
  };
  return {
    node: await nodeVersion(parts),
    native: native?.family ?? null,
    tensorflow: stateOf('tensorflow'),
    webgpu: stateOf('webgpu'),
  };
}

/** Of the workers' Node. */
export async function nodeVersion(parts: Parts): Promise<string> {
  const { stdout } = await promisify(execFile)(parts.node, ['--version']);
  return stdout.trim().replace(/^v/, '');
}

/** Bytes of memory in all; in a container, what it may use. */
export function totalMemory(): number {
  const all = totalmem();
  // 0 where nothing confines the process; some kernels say "no limit" with a number beyond what there is.
  const confined = process.constrainedMemory();
  return confined > 0 ? Math.min(all, confined) : all;
}

/** Bytes free to this user on the disk of a folder, which need not be there yet; null where the system does not say. */
export async function freeDisk(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    const parent = dirname(folder);
    return parent === folder ? null : freeDisk(parent);
  }
}

/** Operating system and processor in words. */
export function describeSystem(): { system: string; processor: string } {
  const all = cpus();
  return {
    system: `${platform()} ${release()} ${arch()}`,
    processor: `${all.length} × ${all[0]?.model.trim() || 'unknown processor'}`,
  };
}

/** What of this machine must not stand in a report: `data` is the data folder, `program` where Meander lies. */
export function privateNames(data: string, program: string): Private {
  let user = '';
  try {
    user = userInfo().username;
  } catch {
    // The system knows no name for this user, so there is none to hide.
  }
  return {
    folders: [
      { path: data, as: '<data>' },
      { path: program, as: '<program>' },
      { path: homedir(), as: '~' },
    ],
    user,
    host: hostname(),
  };
}
