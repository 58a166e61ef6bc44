/** .txt and .md: a file is one document, read by range, so going on in its middle costs nothing. */
import { fill, openFound } from './bytes.ts';
import type { Chunk, Cut, FoundFile, ReadNotes, SourceDocument } from './reader.ts';
import type { TextWindow } from './window.ts';
import { windowChunks } from './window.ts';

export function textDocument(file: FoundFile, window: TextWindow, notes: ReadNotes): SourceDocument {
  const chunks = (cut: Cut, from = 0) => fileChunks(file, window, cut, from, notes);
  return { file, unit: 'file', place: '', repaired: 0, chunks };
}

async function* fileChunks(
  file: FoundFile,
  window: TextWindow,
  cut: Cut,
  from: number,
  notes: ReadNotes,
): AsyncGenerator<Chunk> {
  const handle = await openFound(file);
  try {
    const size = file.bytes;
    if (from > 0) notes.onBytes(from);
    let buffer = Buffer.allocUnsafe(Math.min(window.size, Math.max(size - from, 0)));
    const stretch = async (position: number, wanted: number) => {
      const length = Math.min(wanted, Math.max(size - position, 0));
      if (buffer.length < length) buffer = Buffer.allocUnsafe(length);
      const bytes = buffer.subarray(0, length);
      await fill(handle, bytes, position, file);
      return { bytes, last: position + length >= size };
    };
    let position = from;
    for await (const chunk of windowChunks(stretch, window, cut, from)) {
      notes.onBytes(chunk.end - position);
      position = chunk.end;
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}
