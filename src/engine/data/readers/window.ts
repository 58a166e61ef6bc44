/** Text in chunks: a window over it, cut where the text may be cut. */
import { lastBoundary } from '../utf8.ts';
import type { Bytes } from './bytes.ts';
import type { Chunk, Cut } from './reader.ts';

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

interface Stretch {
  readonly bytes: Uint8Array;
  /** The text ends with these bytes. */
  readonly last: boolean;
}

/**
 * The chunks of a text from `from` on.
 * @param stretch the (at most) `length` bytes from `position` on; `position` only goes up
 */
export async function* windowChunks(
  stretch: (position: number, length: number) => Stretch | Promise<Stretch>,
  window: TextWindow,
  cut: Cut,
  from: number,
): AsyncGenerator<Chunk> {
  for (let position = from; ; ) {
    let length = window.size;
    let seen = await stretch(position, length);
    let end = 0;
    for (;;) {
      end = seen.last ? seen.bytes.length : cut(seen.bytes);
      if (end > 0 || seen.last) break;
      if (length >= window.limit) {
        end = lastBoundary(seen.bytes) || seen.bytes.length;
        break;
      }
      length = Math.min(length * 2, window.limit);
      seen = await stretch(position, length);
    }
    if (end === 0) return;
    const mark = position === 0 && end >= 3 ? markLength(seen.bytes) : 0;
    position += end;
    yield { bytes: seen.bytes.subarray(mark, end), end: position };
    if (seen.last) return;
  }
}

/** Bytes of the byte-order mark that a text begins with. */
export const markLength = (bytes: Uint8Array) =>
  bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;

export function memoryChunks(text: Uint8Array, window: TextWindow, cut: Cut, from: number): AsyncIterable<Chunk> {
  const stretch = (position: number, length: number) => ({
    bytes: text.subarray(position, position + length),
    last: position + length >= text.length,
  });
  return windowChunks(stretch, window, cut, from);
}

/** Chunks of a stream, of which little more is held than a window. */
export async function* streamChunks(bytes: Bytes, window: TextWindow, cut: Cut, from: number): AsyncGenerator<Chunk> {
  let buffer = Buffer.allocUnsafe(0);
  let start = await bytes.skip(from);
  let held = 0;
  if (start < from) return;
  const stretch = async (position: number, length: number): Promise<Stretch> => {
    buffer.copyWithin(0, position - start, held);
    held -= position - start;
    start = position;
    // One byte more than asked for tells whether the text goes on.
    while (held <= length) {
      const part = await bytes.next();
      if (part === null) break;
      if (buffer.length < held + part.length) {
        const larger = Buffer.allocUnsafe(Math.max(held + part.length, Math.min(2 * buffer.length, window.limit)));
        buffer.copy(larger, 0, 0, held);
        buffer = larger;
      }
      buffer.set(part, held);
      held += part.length;
    }
    return { bytes: buffer.subarray(0, Math.min(length, held)), last: held <= length };
  };
  yield* windowChunks(stretch, window, cut, from);
}
