/** For tests: what a reader makes of a file, and archives to be read. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Header } from 'tar/header';
import { Pax } from 'tar/pax';
import { lastBoundary } from '../utf8.ts';
import { formatOfName } from './inspect.ts';
import type { FoundFile, TextField } from './reader.ts';
import { sourceReader } from './source-reader.ts';
import type { TextWindow } from './window.ts';

export async function foundFile(path: string): Promise<FoundFile> {
  const { size, mtimeMs } = await stat(path);
  const named = formatOfName(path, true);
  if ('reason' in named) throw new Error(named.reason);
  return { path, name: basename(path), bytes: size, modifiedMs: mtimeMs, format: named.format };
}

/** All texts of a file, what was said of it, and what it failed with. */
export async function readAll(path: string, textField: string | null = null, window?: TextWindow, ratio?: number) {
  const texts: string[] = [];
  const places: string[] = [];
  const leftOut: string[] = [];
  const fields: TextField[] = [];
  const formats: string[] = [];
  let bytes = 0;
  let repaired = 0;
  let failure: string | null = null;
  let code: string | null = null;
  const notes = {
    onBytes: (count: number) => {
      bytes += count;
    },
    found: (format: string, field: TextField) => {
      formats.push(format);
      fields.push(field);
    },
    leaveOut: (_: string, place: string, reason: string) => void leftOut.push(`${place}: ${reason}`),
  };
  try {
    for await (const document of sourceReader(textField, window, ratio).documents(await foundFile(path), notes)) {
      const parts: Buffer[] = [];
      places.push(document.place);
      for await (const chunk of document.chunks(lastBoundary)) parts.push(Buffer.from(chunk.bytes));
      texts.push(Buffer.concat(parts).toString());
      repaired += document.repaired;
    }
  } catch (error) {
    failure = (error as Error).message;
    code = (error as { code?: string }).code ?? 'no code';
  }
  return { texts, places, leftOut, fields, formats, bytes, repaired, failure, code };
}

/** Path, content and kind of a tar's entry. */
export type Entry = [path: string, content: string | Uint8Array, type?: 'File' | 'SymbolicLink' | 'Directory'];
function entry([path, content, type = 'File']: Entry): Buffer {
  const bytes = Buffer.from(content);
  const data = { path, size: bytes.length, mode: 0o644, mtime: new Date(0), type } as const;
  const header = new Header(data);
  header.encode();
  const long = header.needPax ? new Pax(data).encode() : Buffer.alloc(0);
  return Buffer.concat([long, header.block!, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}
/** A tar archive of these. */
export const tar = (...entries: Entry[]) => Buffer.concat([...entries.map(entry), Buffer.alloc(1024)]);

export const fixtures = join(import.meta.dirname, '../../../../bench/goldens/fixtures');
/** What other libraries wrote (`bench/goldens/archives.py` and `tables.py`), and the texts that are in them. */
export const archive = (name: string) => join(fixtures, 'archives', name);
export const table = (name: string) => join(fixtures, 'tables', name);
export const pages = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `Page ${from + i}: déjà vu 🙂\n`.repeat(1 + 2 * (from + i)));
