/** Formats that are one stream of bytes: written through a temporary name, and compared again with what was meant. */
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../../errors.ts';
import { ensureSpace, withFileErrors, writeThrough } from '../../files.ts';

export interface FileContent {
  /** Size of the whole file. */
  readonly bytes: number;
  /** The file from its first byte on, made anew at every call. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** @throws UserError 'disk-full', 'not-writable', and what the chunks throw; nothing is left then */
export async function writeStream(path: string, content: FileContent): Promise<{ bytes: number }> {
  await withFileErrors(path, () => mkdir(dirname(path), { recursive: true }));
  await ensureSpace(dirname(path), content.bytes);
  return writeThrough(
    path,
    async (handle) => {
      let bytes = 0;
      for await (const chunk of content.chunks()) {
        for (let at = 0; at < chunk.length; )
          at += (await handle.write(chunk, at, chunk.length - at, bytes + at)).bytesWritten;
        bytes += chunk.length;
      }
      if (bytes !== content.bytes)
        throw new Error(`${bytes} bytes were written of ${content.bytes} that were promised`);
      return { bytes };
    },
    content.bytes,
  );
}

/** Reads a file again. @throws UserError 'export-damaged' where it is not what `writeStream` was given */
export async function verifyStream(path: string, content: FileContent): Promise<void> {
  const damaged = (where: string) =>
    new UserError(
      'export-damaged',
      `The export in ${path} was read again, and ${where} is not what was written.`,
      'Export again, to another disk if it happens twice.',
    );
  if ((await stat(path)).size !== content.bytes) throw damaged('its size');
  const handle = await open(path);
  try {
    let position = 0;
    let found = Buffer.alloc(0);
    for await (const chunk of content.chunks()) {
      if (found.length < chunk.length) found = Buffer.allocUnsafe(chunk.length);
      for (let at = 0; at < chunk.length; ) {
        const { bytesRead } = await handle.read(found, at, chunk.length - at, position + at);
        if (bytesRead === 0) throw damaged('its end');
        at += bytesRead;
      }
      const here = found.subarray(0, chunk.length);
      if (here.compare(chunk) !== 0) {
        const first = here.findIndex((byte, i) => byte !== chunk[i]);
        throw damaged(`byte ${position + first}`);
      }
      position += chunk.length;
    }
  } finally {
    await handle.close();
  }
}
