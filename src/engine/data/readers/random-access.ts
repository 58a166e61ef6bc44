/** A file that is read here and there: as it lies on the disk, or spooled out of what it is packed in. */
import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import type { Bytes } from './bytes.ts';
import { broken, fill, openFound } from './bytes.ts';
import type { FoundFile } from './reader.ts';

export interface RandomAccess {
  readonly size: number;
  /** @throws UserError 'source-broken' outside of the file, and for more than `mostAtOnce` */
  read(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** What is spooled stays in memory up to here. */
const inMemory = 16 << 20;
/** A format's lengths that ask for more than this are taken for lies, or for what is too large to be held. */
export const mostAtOnce = 256 << 20;

/** @throws UserError 'source-changed' */
export async function fileAccess(file: FoundFile): Promise<RandomAccess> {
  const handle = await openFound(file);
  return {
    size: file.bytes,
    read: checked(file.bytes, (target, position) => fill(handle, target, position, file)),
    close: () => handle.close(),
  };
}

/**
 * Everything that a stream holds; the budget of what it is unpacked from bounds it. A temporary file, if it takes
 * one, is gone when this is closed.
 * @throws UserError 'source-broken' where the disk has no room for it
 */
export async function spooled(bytes: Bytes): Promise<RandomAccess> {
  const held: Uint8Array[] = [];
  let size = 0;
  let file: Awaited<ReturnType<typeof temporaryFile>> | null = null;
  try {
    for (let part = await bytes.next(); part !== null; part = await bytes.next()) {
      size += part.length;
      if (file !== null) await file.append(part);
      else {
        held.push(part);
        if (size <= inMemory) continue;
        file = await temporaryFile();
        for (const earlier of held.splice(0)) await file.append(earlier);
      }
    }
  } catch (error) {
    await file?.close();
    if (error instanceof UserError) throw error;
    throw broken(`it must be unpacked to ${tmpdir()} to be read, which failed: ${(error as Error).message}`, error);
  }
  if (file !== null) {
    const { handle, close } = file;
    return { size, read: checked(size, (target, position) => fillAll(handle, target, position)), close };
  }
  const whole = Buffer.concat(held);
  const read = checked(size, async (target, position) =>
    target.set(whole.subarray(position, position + target.length)),
  );
  return { size, read, close: async () => {} };
}

function checked(
  size: number,
  fillFrom: (target: Uint8Array, position: number) => Promise<void>,
): RandomAccess['read'] {
  return async (position, length) => {
    if (!Number.isSafeInteger(position) || !Number.isSafeInteger(length) || position < 0 || length < 0)
      throw broken('it names a place in it that cannot be');
    if (position + length > size) throw broken('it ends early: it names a place past its end');
    if (length > mostAtOnce) throw broken(`a part of it has ${length} bytes; ${mostAtOnce >> 20} MiB at most are read`);
    const target = new Uint8Array(length);
    await fillFrom(target, position);
    return target;
  };
}

async function fillAll(handle: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw broken('the temporary file that it was unpacked to became shorter');
    done += bytesRead;
  }
}

async function temporaryFile() {
  const folder = await mkdtemp(join(tmpdir(), 'meander-unpacked-'));
  const handle = await open(join(folder, 'file'), 'wx+', 0o600);
  // Where an open file may be removed, it is gone even after a crash.
  const gone = await rm(folder, { recursive: true }).then(
    () => true,
    () => false,
  );
  return {
    handle,
    append: (part: Uint8Array) => handle.appendFile(part),
    close: async () => {
      await handle.close();
      if (!gone) await rm(folder, { recursive: true, force: true });
    },
  };
}
