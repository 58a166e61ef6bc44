/** Files that a browser dropped, on their way to a dataset: <home>/staging/<session>/<relative path>. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../shared/errors.ts';
import { availableBytes, diskFull, explainFileError } from '../shared/files.ts';
import { relativeSegments } from './names.ts';

const sessionPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Sessions that no preparation took up are swept after this many days. */
const keptDays = 7;
/** Left free on the disk after an upload. */
const reserve = 64 * 1024 * 1024;

export interface Staging {
  /**
   * Streams one file of a session to disk. `size`: bytes announced, or null.
   * @returns the absolute path of the session's top item that holds the file: what a preparation takes as source.
   */
  receive(session: string, path: string, size: number | null, body: Readable): Promise<string>;
  /** Removes the sessions that these sources lie in. */
  discard(sources: readonly string[]): Promise<void>;
  /** Removes old sessions that none of `inUse` lies in. */
  sweep(inUse: readonly string[]): Promise<void>;
}

export function staging(folder: () => string): Staging {
  /** Session that a path lies in, or null when it is not in staging. */
  const sessionOf = (path: string): string | null => {
    const inside = relative(folder(), path);
    const [session] = inside.split(sep);
    return sessionPattern.test(session ?? '') ? session! : null;
  };
  return {
    async receive(session, path, size, body) {
      const segments = relativeSegments(path);
      if (!sessionPattern.test(session) || segments === null)
        throw new UserError('bad-name', `"${path}" is not a relative path that is safe to write.`, 'Rename the file.');
      const top = join(folder(), session);
      const target = join(top, ...segments);
      await mkdir(dirname(target), { recursive: true });
      if (size !== null) {
        const free = await availableBytes(top);
        if (free < size + reserve) throw diskFull(path, size + reserve, free);
      }
      try {
        await pipeline(body, createWriteStream(target, { flags: 'wx' }));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EEXIST')
          throw new UserError('upload-twice', `"${path}" was sent twice.`, 'Drop the files again.');
        await rm(target, { force: true });
        throw await explainFileError(error, target, size);
      }
      return join(top, segments[0]!);
    },
    async discard(sources) {
      const sessions = new Set(sources.map(sessionOf).filter((session) => session !== null));
      for (const session of sessions) await rm(join(folder(), session), { recursive: true, force: true });
    },
    async sweep(inUse) {
      const used = new Set(inUse.map(sessionOf));
      const oldest = Date.now() - keptDays * 24 * 3600 * 1000;
      for (const session of await readdir(folder()).catch(() => [] as string[])) {
        if (!sessionPattern.test(session) || used.has(session)) continue;
        const { mtimeMs } = await stat(join(folder(), session));
        if (mtimeMs < oldest) await rm(join(folder(), session), { recursive: true, force: true });
      }
    },
  };
}
