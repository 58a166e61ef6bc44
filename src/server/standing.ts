/**
 * One host for each data folder: it writes down its address where a later start finds it, which then opens its window
 * there, so that a run that trains without a window is met again. The address holds the token: the file is the user's.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** A host on this machine answers at once. */
const patience = 3000;
const standing = z.object({
  url: z.string().regex(/^http:\/\/127\.0\.0\.1:\d{1,5}\/\?token=[\w-]{43}$/),
});

/** What a desktop hands over: arguments, and the folder that relative paths start from. */
export interface Handed {
  readonly args: readonly string[];
  readonly from: string;
}

export function standingPath(folder: string, home: string): string {
  return join(folder, `host-${createHash('sha256').update(home).digest('hex').slice(0, 12)}.json`);
}

export async function writeStanding(path: string, url: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await writeFile(path, JSON.stringify({ url }), { mode: 0o600 });
}

/** Another host may have written itself down since. */
export async function removeStanding(path: string, url: string): Promise<void> {
  if ((await read(path)) === url) await rm(path, { force: true });
}

/** Hands over to the host that stands there. @returns its address, or null when none answers. */
export async function handOver(path: string, handed: Handed): Promise<string | null> {
  const url = await read(path);
  if (url === null) return null;
  const { origin, searchParams } = new URL(url);
  try {
    const answer = await fetch(`${origin}/open`, {
      method: 'POST',
      headers: { authorization: `Bearer ${searchParams.get('token')}` },
      body: JSON.stringify(handed),
      signal: AbortSignal.timeout(patience),
    });
    return answer.status === 204 ? url : null;
  } catch {
    // It ended without a word, and what answers now, if anything, is another program.
    return null;
  }
}

async function read(path: string): Promise<string | null> {
  try {
    return standing.parse(JSON.parse(await readFile(path, 'utf8'))).url;
  } catch {
    return null;
  }
}
