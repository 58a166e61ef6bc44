// biome-ignore-all lint/style/noRestrictedImports: for the application and the engine, which both run under Node; the window never imports it.
/**
 * A lock file names its holder by process id and start time, so that a lock whose process is gone, or whose id now
 * belongs to another process, is known to be stale. The engine takes locks, the application reads them.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import { z } from 'zod';

const lockContent = z.object({
  pid: z.number().int().positive(),
  /** When the process started, in the system's own words; null where that cannot be known. */
  started: z.string().nullable(),
  host: z.string(),
});
export type LockContent = z.infer<typeof lockContent>;

/** Name of the lock file in a folder. */
export const lockFile = 'lock';

export function parseLock(text: string): LockContent | null {
  try {
    return lockContent.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** What a lock file of this process says. */
export async function ownLock(): Promise<string> {
  return JSON.stringify({ pid: process.pid, started: await processStart(process.pid), host: hostname() });
}

/** The lock at a path; `alive` false: left by a process that is gone. Null when there is none. */
export async function readLock(path: string): Promise<{ content: LockContent | null; alive: boolean } | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  const content = parseLock(text);
  return { content, alive: content !== null && (await isAlive(content)) };
}

export async function isAlive({ pid, started, host }: LockContent): Promise<boolean> {
  // Another machine's process cannot be asked: its lock counts.
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = await processStart(pid);
  return started === null || now === null || started === now;
}

const run = promisify(execFile);

/** When a process started, comparable for equality; null when unknown. */
export async function processStart(pid: number): Promise<string | null> {
  try {
    if (process.platform === 'linux') {
      const text = await readFile(`/proc/${pid}/stat`, 'utf8');
      // Field 22, counted behind the command, which may itself hold spaces and brackets.
      const ticks = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
      const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
      return `${boot} ${ticks}`;
    }
    if (process.platform === 'win32') {
      const command = `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().Ticks`;
      return (await run('powershell.exe', ['-NoProfile', '-Command', command])).stdout.trim() || null;
    }
    return (await run('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { LC_ALL: 'C' } })).stdout.trim() || null;
  } catch {
    return null;
  }
}
