/** .txt and .md: a file is one document. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { UserError } from '../../errors.ts';
import { lastBoundary } from '../utf8.ts';
import type { Chunk, Cut, FoundFile, Reader, SourceDocument } from './reader.ts';

export interface TextWindow {
  /** Bytes read at a time. */
  readonly size: number;
  /** A stretch without a place to cut is cut here in the end, between characters. */
  readonly limit: number;
}
/**
 * GPT-2's pattern is cut at white space or where the class of characters changes, so the limit is met
 * only by a run of more than 4 MiB of letters (or digits, or marks) alone; its ids may then differ from
 * those of the whole run at that one place.
 */
export const textWindow: TextWindow = { size: 1 << 20, limit: 1 << 22 };

export function textReader(window: TextWindow = textWindow): Reader {
  return {
    async *documents(file) {
      yield textDocument(file, window);
    },
  };
}

function textDocument(file: FoundFile, window: TextWindow): SourceDocument {
  return { file, chunks: (cut, from = 0) => chunks(file, window, cut, from) };
}

async function* chunks(file: FoundFile, window: TextWindow, cut: Cut, from: number): AsyncGenerator<Chunk> {
  const handle = await open(file.path, 'r').catch((error: Error) => {
    throw changed(file, `it cannot be opened any more (${error.message})`, error);
  });
  try {
    const { size, mtimeMs } = await handle.stat();
    if (size !== file.bytes || mtimeMs !== file.modifiedMs) throw changed(file, 'it was written to');
    let buffer = Buffer.allocUnsafe(Math.min(window.size, Math.max(size - from, 0)));
    for (let position = from; position < size; ) {
      let length = Math.min(window.size, size - position);
      let end = 0;
      for (;;) {
        if (buffer.length < length) buffer = Buffer.allocUnsafe(length);
        await fill(handle, buffer.subarray(0, length), position, file);
        end = position + length === size ? length : cut(buffer.subarray(0, length));
        if (end > 0) break;
        if (length >= window.limit) {
          end = lastBoundary(buffer.subarray(0, length)) || length;
          break;
        }
        length = Math.min(length * 2, window.limit, size - position);
      }
      const mark = position === 0 && buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf && end >= 3 ? 3 : 0;
      position += end;
      yield { bytes: buffer.subarray(mark, end), end: position };
    }
  } finally {
    await handle.close();
  }
}

async function fill(handle: FileHandle, target: Buffer, position: number, file: FoundFile): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw changed(file, 'it became shorter');
    done += bytesRead;
  }
}

const changed = (file: FoundFile, reason: string, cause?: Error) =>
  new UserError(
    'source-changed',
    `${file.path} changed while it was read: ${reason}.`,
    'Prepare again when nothing writes to the sources.',
    { cause },
  );
